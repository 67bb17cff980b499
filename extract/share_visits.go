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

// WatchedShare is one share's detail: what is true of the share, without its visits.
type WatchedShare struct {
	Share             // as listed
	Gone      bool    // the detail answered 404: the share was deleted
	RuntimeMS Integer // content_runtime_ms, milliseconds
	Unasked   bool    // its slug cannot stand in an address: no detail was asked for
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

// ShareVisits asks for the visits of a window: for each share that the list says was visited in it,
// its detail. share is called for each of those once its visits have come. Shares whose detail the API cannot tell are left
// out, and counted in Report.Missing, unless nothing else came.
func (c *Client) ShareVisits(ctx context.Context, w Window, out Answers,
	visit func(Record[ShareVisit]) error, share func(WatchedShare) error) (Report, error) {
	var rep Report
	active, err := c.activeShares(ctx, &rep, w)
	if err != nil {
		return rep, err
	}
	// The list's totals are the list's, not the visits'.
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
				tries = partTries
			}
			if err := c.trying(tries).shareVisits(ctx, &rep, &watched, w, out, visit); err != nil {
				if err := l.bear(ctx, err); err != nil {
					return rep, err
				}
				out.Begin() // what came of a broken answer is void
				lost++
				continue
			}
			l.came()
		}
		if err := share(watched); err != nil {
			return rep, err
		}
		out.Commit()
	}
	if lost == 0 {
		return rep, nil
	}
	err = l.missing(&rep, fmt.Sprintf("the visits of %d of %d shares", lost, lost+l.had))
	return rep, err
}

// noAnswers is for rows that are looked at and not loaded.
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

// usableSlug tells whether a slug can stand in an address. Escaped slashes and dots do not help: servers on the way
// resolve them, to another endpoint.
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
		}, func(d *decoder, name string) error {
			if name == "content_runtime_ms" {
				return d.integer(&s.RuntimeMS)
			}
			return nil
		})
	})
	var api *APIError
	if errors.As(err, &api) && api.Status == http.StatusNotFound {
		out.Begin()
		s.Gone = true
		return nil
	}
	return err
}

func (d *decoder) shareVisit(v *ShareVisit) error {
	return d.object(func(name []byte) error {
		switch string(name) {
		case "visit_id":
			return d.text(&v.ID)
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
		return d.extra(&v.Extra, name)
	})
}
