package extract

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Share is one entry of company_content/shares: a shared video with its engagement over the window.
type Share struct {
	Slug              Text
	ContentID         Integer
	ContentName       Text
	CreatedAt         Instant
	CreatedByEmail    Text
	CreatedByName     Text
	Segment           Text
	HasCTA            BoolOrNA
	Visits            Integer
	Plays             Integer
	CTAClicks         Integer
	AvgPercentWatched Number // 0 to 1
	EngagementScore   Number // engagement_score_v1
	Extra             Extra
}

// pageSize is what is asked for; the server may send less.
const pageSize = 100

// passes is how often a list may be paged through before it counts as never standing still.
const passes = 5

// Shares asks for every share with its engagement over the window, inactive shares included.
func (c *Client) Shares(ctx context.Context, w Window, out Answers, row func(Record[Share]) error) (Report, error) {
	var rep Report
	err := c.sharesPaged(ctx, &rep, w.counted(), out, row)
	if err == nil {
		out.Commit()
	}
	return rep, err
}

// pass is one paging through a list.
type pass struct {
	slugs map[string]int // how often each came
	pages int            // with rows on them
	rows  int64          // that came, of total that the pages said there are
	total Integer
	moved bool // two pages told of different totals
	twice bool // a share came twice
	stuck bool // a page brought nothing but what had come before
}

// adds tells whether what came is what the pages said there is.
func (p *pass) adds() bool { return !p.moved && (!p.total.Valid || p.total.V == p.rows) }

// steady tells whether the list stood still. A share that moves over a page's border while the pages
// are read comes twice, or not at all: then, and always where there are several pages, another pass
// must say the same.
func (p *pass) steady(before *pass) bool {
	if !p.adds() || p.stuck {
		return false
	}
	return p.pages <= 1 && !p.twice || before != nil && maps.Equal(p.slugs, before.slugs)
}

// sharesPaged reads all pages, again and again until two passes agree. One page needs no second
// pass. It leaves the last Begin without its Commit.
func (c *Client) sharesPaged(ctx context.Context, rep *Report, q url.Values, out Answers, row func(Record[Share]) error) error {
	q.Set("inactive", "true")
	var before *pass
	for range passes {
		out.Begin()
		p, err := c.sharesPass(ctx, rep, q, row)
		if err != nil {
			return err
		}
		if p.steady(before) {
			if p.total.Valid {
				rep.stated(p.total.V)
				// A share that always comes twice may stand in another's place.
				rep.reconcile(true, !p.twice)
			}
			return nil
		}
		before = p
	}
	if before.stuck {
		return errSamePage
	}
	return errUnstable
}

// sharesPass reads the pages once. It goes on by what came: a server that caps page_size is asked
// from then on for pages of the size that it sends, so that both ways of counting pages agree.
func (c *Client) sharesPass(ctx context.Context, rep *Report, q url.Values, row func(Record[Share]) error) (*pass, error) {
	p := &pass{slugs: map[string]int{}}
	size := pageSize
	for page := 1; page <= maxPages; page++ {
		q.Set("page", strconv.Itoa(page))
		q.Set("page_size", strconv.Itoa(size))
		recs, total, err := c.sharesPage(ctx, rep, q)
		if err != nil {
			return nil, err
		}
		p.add(recs, total)
		for _, rec := range recs {
			if err := handOn(row, rec); err != nil {
				return nil, err
			}
		}
		switch {
		// Without a total only a page without rows tells that there are no more.
		case len(recs) == 0, p.stuck, total.Valid && p.rows >= total.V:
			return p, nil
		case page == 1 && len(recs) < size:
			size = len(recs)
		}
	}
	return nil, errEndless
}

// add takes a page in.
func (p *pass) add(recs []Record[Share], total Integer) {
	if p.pages > 0 && total != p.total {
		p.moved = true
	}
	p.total = total
	if len(recs) == 0 {
		return
	}
	p.pages++
	news := false
	for _, rec := range recs {
		slug := rec.Value.Slug.V
		again := p.slugs[slug] > 0 && slug != "" // without a slug there is nothing to know it by
		p.slugs[strings.Clone(slug)]++           // the pass outlives the page
		p.twice = p.twice || again
		news = news || !again
		p.rows++
	}
	p.stuck = !news
}

// sharesPage reads one page; a page is small, and its rows outlive its text.
func (c *Client) sharesPage(ctx context.Context, rep *Report, q url.Values) (recs []Record[Share], total Integer, err error) {
	err = c.get(ctx, rep, "/ss/api/company_content/shares", q, func(a *answer) error {
		recs, total = nil, Integer{}
		return a.rowsUnder("data", func() error {
			return records(a, "$.data", (*decoder).share, func(rec Record[Share]) error {
				rec.Raw = bytes.Clone(rec.Raw)
				if recs = append(recs, rec); len(recs) > maxPage {
					return errPageTooLong
				}
				return nil
			})
		}, func(d *decoder, name string) error {
			if name != "pagination" {
				return nil
			}
			var problem string
			return d.objectOrNull(&problem, "pagination", func(name []byte) error {
				if string(name) == "total" {
					return d.integer(&total)
				}
				return d.skip()
			})
		})
	})
	return slices.Clip(recs), total, err
}

// maxPage bounds the rows of one page, which are held until it is complete; maxPages the pages.
const (
	maxPage  = 10_000
	maxPages = 10_000
)

var errPageTooLong = errors.New("a page of shares is longer than 10000")

func (d *decoder) share(s *Share) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "slug":
			return d.text(&s.Slug)
		case "company_content_id":
			return d.integer(&s.ContentID)
		case "content_name":
			return d.text(&s.ContentName)
		case "created_at":
			return d.instant(&s.CreatedAt)
		case "created_by_email":
			return d.text(&s.CreatedByEmail)
		case "created_by_name":
			return d.text(&s.CreatedByName)
		case "segment":
			return d.text(&s.Segment)
		case "has_cta":
			return d.boolean(&s.HasCTA)
		case "visits":
			return d.integer(&s.Visits)
		case "plays":
			return d.integer(&s.Plays)
		case "cta_clicks":
			return d.integer(&s.CTAClicks)
		case "avg_percent_watched":
			return d.number(&s.AvgPercentWatched)
		case "engagement_score_v1":
			return d.number(&s.EngagementScore)
		}
		return d.extra(&s.Extra, name)
	})
}
