package extract

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// WatchedShare is one share's detail without the visits.
type WatchedShare struct {
	Share             // as listed
	Deleted   bool    // the detail answered 404
	RuntimeMS Integer // content_runtime_ms, milliseconds
	Unasked   bool    // the slug cannot stand in an address: the detail was not asked for
}

// ShareVisit is one entry of a share detail's `sessions`: somebody who opened the share.
type ShareVisit struct {
	Slug           string // of the share it was asked for
	ID             Text
	VisitedAt      Instant
	Played         BoolOrNA
	PercentWatched Number
	WatchTime      Number // seconds
	CTAClicked     BoolOrNA
	Extra          Extra
}

// ShareVisits asks for the visits of a window. It asks for the list of shares, and then for the detail of each share that was
// visited in the window. It calls visit for each visit, and share after the visits of a share. A share whose detail fails
// alone is left out and counted in Report.Missing. If all details fail, ShareVisits fails.
func (c *Client) ShareVisits(ctx context.Context, w Window, out Answers,
	visit func(Record[ShareVisit]) error, share func(WatchedShare) error) (Report, error) {
	var rep Report
	active, err := c.activeShares(ctx, &rep, w)
	if err != nil {
		return rep, err
	}
	// These totals are of the list of shares, not of the visits.
	rep.SourceCount, rep.Reconciled = sql.Null[int64]{}, sql.Null[bool]{}
	var l losses
	lost := 0
	for _, listed := range active {
		watched := WatchedShare{Share: listed, Unasked: !usableSlug(listed.Slug.V)}
		if watched.Unasked {
			out.Begin()
		} else {
			tries := 0
			if l.inARow > 0 { // the API may be down
				tries = fewTries
			}
			if err := c.trying(tries).shareVisits(ctx, &rep, &watched, w, out, visit); err != nil {
				if err := l.failed(ctx, err); err != nil {
					return rep, err
				}
				out.Begin() // rows of a broken answer are void
				lost++
				continue
			}
			l.succeeded()
		}
		if err := share(watched); err != nil {
			return rep, err
		}
		out.Commit()
	}
	if lost == 0 {
		return rep, nil
	}
	err = l.missing(&rep, fmt.Sprintf("the visits of %d of %d shares", lost, lost+l.answered))
	return rep, err
}

// noAnswers is an Answers for rows that are read and not loaded.
type noAnswers struct{ begin func() }

func (n noAnswers) Begin() { n.begin() }
func (noAnswers) Commit()  {}

// activeShares lists the shares that were visited in the window.
func (c *Client) activeShares(ctx context.Context, rep *Report, w Window) ([]Share, error) {
	var active []Share
	forget := noAnswers{func() { active = nil }}
	err := c.sharesPaged(ctx, rep, w.events(), forget, func(rec Record[Share]) error {
		if s := rec.Value; s.Slug.Valid && s.Slug.V != "" && len(s.Slug.V) <= 512 && s.Visits.V+s.Plays.V+s.CTAClicks.V > 0 {
			active = append(active, s)
		}
		return nil
	})
	return active, err
}

// usableSlug tells whether a slug can stand in an address. Escaping slashes and dots does not help, because proxies unescape
// them: the request would reach another endpoint.
func usableSlug(slug string) bool {
	return slug != "." && slug != ".." && !strings.ContainsAny(slug, "/\\")
}

func (c *Client) shareVisits(ctx context.Context, rep *Report, s *WatchedShare, w Window, out Answers,
	visit func(Record[ShareVisit]) error) error {
	slug := s.Slug.V
	err := c.get(ctx, rep, "/ss/api/company_content/shares/"+url.PathEscape(slug), w.events(), func(a *answer) error {
		s.RuntimeMS = Integer{}
		out.Begin()
		return a.rowsUnder("sessions", func() error {
			return records(a, "$.sessions", (*decoder).shareVisit, func(rec Record[ShareVisit]) error {
				rec.Value.Slug = slug
				return visit(rec)
			})
		}, func(d *decoder, name string) (known bool, err error) {
			switch name {
			case "content_runtime_ms":
				return true, d.integer(&s.RuntimeMS)
			case "slug", "segment", "has_cta", "summary":
				return true, nil
			}
			return false, nil
		})
	})
	var api *APIError
	if errors.As(err, &api) && api.Status == http.StatusNotFound {
		out.Begin()
		s.Deleted = true
		return nil
	}
	return err
}

func (d *decoder) shareVisit(v *ShareVisit) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "visit_id":
			return d.key(&v.ID)
		case "visited_at":
			return d.instant(&v.VisitedAt)
		case "played":
			return d.boolean(&v.Played)
		case "percent_watched":
			return d.number(&v.PercentWatched)
		case "watch_time_sec":
			return d.number(&v.WatchTime)
		case "cta_clicked":
			return d.boolean(&v.CTAClicked)
		}
		return d.extra(&v.Extra)
	})
}
