package extract

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Share is one entry of company_content/shares: a shared video, and how often it was visited in the window.
type Share struct {
	Slug              Text // identifies the share
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

// pageSize is the page_size that is asked for. If the server refuses such a page or does not answer, smallPageSize is asked for. The
// server may send smaller pages than asked for. Its maximum is unknown; its default is 25.
const pageSize, smallPageSize = 1000, 100

// passes is how often a list is read before the call fails because the list keeps changing.
const passes = 5

// Shares asks for every share of the account with its engagement over the window, and calls row for each. Inactive shares
// are included. A list that keeps changing while it is read is an error.
func (c *Client) Shares(ctx context.Context, w Window, out Answers, row func(Record[Share]) error) (Report, error) {
	var rep Report
	err := c.sharesPaged(ctx, &rep, w.counted(), out, row)
	if err == nil {
		out.Commit()
	}
	return rep, err
}

// pass is one reading of all pages of a list.
type pass struct {
	slugs map[string]int // number of rows of each slug
	pages int            // pages with rows
	rows  int64
	total Integer // number of rows that the last page states
	moved bool    // two pages state different totals
	twice bool    // a slug came twice
	stuck bool    // the last page has rows, and all of them came before
	more  string  // members with which the last page says that there is more; "" where it does not
}

// complete tells whether the pass has the number of rows that its pages state.
func (p *pass) complete() bool { return !p.moved && (!p.total.Valid || p.total.V == p.rows) }

// steady tells whether the list did not change while it was read. A share that moves to another page in the meantime
// comes twice, or not at all. So a list of several pages, or one with a slug that came twice, needs two passes with the same
// slugs.
func (p *pass) steady(before *pass) bool {
	if !p.complete() || p.stuck {
		return false
	}
	return p.pages <= 1 && !p.twice || before != nil && maps.Equal(p.slugs, before.slugs)
}

// sharesPaged reads all pages until a pass is steady, at most passes times. It calls out.Begin before each pass, and leaves
// Commit to its caller.
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
			rep.noteMore(p.more)
			if p.total.Valid {
				rep.addSourceCount(p.total.V)
				// A slug that comes twice in every pass may hide a share that never comes.
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

// sharesPass reads all pages once. If the first page is shorter than the page_size asked for, the next requests ask for that
// shorter size: then it does not matter whether the server counts pages by its own size or by the one asked for.
func (c *Client) sharesPass(ctx context.Context, rep *Report, q url.Values, row func(Record[Share]) error) (*pass, error) {
	p := &pass{slugs: map[string]int{}}
	read, size, err := c.firstPage(ctx, rep, q)
	for page := 1; page <= maxPages; page++ {
		if err != nil {
			return nil, err
		}
		p.add(read)
		p.more = read.says.notAll(p.rows)
		for _, rec := range read.recs {
			if err := deliver(row, rec); err != nil {
				return nil, err
			}
		}
		switch {
		// Where no total is stated, only a page without rows is the end.
		case len(read.recs) == 0, p.stuck, read.total.Valid && p.rows >= read.total.V:
			return p, nil
		case page == 1 && len(read.recs) < size:
			size = len(read.recs)
		}
		q.Set("page", strconv.Itoa(page+1))
		q.Set("page_size", strconv.Itoa(size))
		read, err = c.sharesPage(ctx, rep, q)
	}
	return nil, errEndless
}

// firstPage reads the first page, and returns the page_size that was asked for.
func (c *Client) firstPage(ctx context.Context, rep *Report, q url.Values) (read sharePage, size int, err error) {
	q.Set("page", "1")
	if !c.smallPages.Load() {
		q.Set("page_size", strconv.Itoa(pageSize))
		read, err = c.trying(fewTries).sharesPage(ctx, rep, q)
		refused := refusesPage(err)
		if !refused && !failsForSize(err) {
			return read, pageSize, err
		}
		c.smallPages.Store(refused)
	}
	q.Set("page_size", strconv.Itoa(smallPageSize))
	read, err = c.sharesPage(ctx, rep, q)
	if err == nil { // the size was the reason; a server that times out would keep each pass of each window waiting
		c.smallPages.Store(true)
	}
	return read, smallPageSize, err
}

// refusesPage tells whether the server refuses a request as it is, which may be because of its page_size.
func refusesPage(err error) bool {
	var api *APIError
	return errors.As(err, &api) && slices.Contains([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, api.Status)
}

// add adds a page to the pass.
func (p *pass) add(read sharePage) {
	if p.pages > 0 && read.total != p.total {
		p.moved = true
	}
	p.total = read.total
	if len(read.recs) == 0 {
		return
	}
	p.pages++
	p.stuck = true
	for _, rec := range read.recs {
		slug := rec.Value.Slug.V
		again := p.slugs[slug] > 0 && slug != "" // two rows without a slug may be two shares
		p.slugs[strings.Clone(slug)]++           // the clone does not keep the page's other texts in memory (see texts)
		p.twice = p.twice || again
		p.stuck = p.stuck && again
		p.rows++
	}
}

// sharePage is one page of the list. Its rows stay valid: a page is small.
type sharePage struct {
	recs  []Record[Share]
	total Integer // number of rows of all pages
	says  beside
}

func (c *Client) sharesPage(ctx context.Context, rep *Report, q url.Values) (read sharePage, err error) {
	err = c.get(ctx, rep, "/ss/api/company_content/shares", q, func(a *answer) error {
		read = sharePage{}
		a.paged = true
		err := a.rowsUnder("data", func() error {
			return records(a, "$.data", (*decoder).share, func(rec Record[Share]) error {
				rec.Raw = bytes.Clone(rec.Raw)
				if read.recs = append(read.recs, rec); len(read.recs) > maxPage {
					return errPageTooLong
				}
				return nil
			})
		}, func(d *decoder, name string) (known bool, err error) {
			if name != "pagination" {
				return name == "from" || name == "to", nil
			}
			var problem string // stays unread: where pagination is not an object, the page states no total
			return true, d.objectOrNull(&problem, "pagination", func(name []byte) error {
				if string(name) == "total" {
					return d.integer(&read.total)
				}
				return d.skip()
			})
		})
		read.says = a.beside
		return err
	})
	return read, err
}

const (
	maxPage  = 10_000 // rows of one page, which are in memory until the page is complete
	maxPages = 10_000
)

var errPageTooLong = errors.New("a page has more than 10000 shares")

func (d *decoder) share(s *Share) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "slug":
			return d.key(&s.Slug)
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
		return d.extra(&s.Extra)
	})
}
