package pipeline

import (
	"context"
	"errors"

	"wheelhouse/extract"
	"wheelhouse/load"
	"wheelhouse/transform"
)

// trip is a stream's way from the bytes of an answer into the warehouse, with the query that reads its rows back in the order of
// the row type's fields.
type trip struct {
	stream   load.Stream
	frame    string // of the answer, around its records
	record   string // with every member; each value may be replaced
	fixed    string // the member that makes the record's key, with a number in it
	key      int    // the column of this member
	sql      string // selects the rows
	children string // selects their children
	fetch    func(context.Context, *extract.Client, *load.Batch, *arrivals) error
}

// arrivals are the rows and rejects of an answer on their way into a batch.
type arrivals struct {
	rows    []any
	rejects []transform.Reject
}

func noting[Wire, Row any](a *arrivals, b *load.Batch, normalise func(extract.Record[Wire]) (Row, bool, []transform.Reject), add func(Row) error) func(extract.Record[Wire]) error {
	return into(b, func(rec extract.Record[Wire]) (Row, bool, []transform.Reject) {
		row, ok, rejects := normalise(rec)
		if ok {
			a.rows = append(a.rows, row)
		}
		a.rejects = append(a.rejects, rejects...)
		return row, ok, rejects
	}, add)
}

// whole makes an error of an answer without some of its parts, whose records are not loaded.
func whole(rep extract.Report, err error) error {
	if err == nil && rep.Missing != "" {
		err = errors.New(rep.Missing)
	}
	return err
}

var tripWindow = extract.Window{From: someDay, To: someDay.AddDate(0, 0, 1)}

var trips = map[string]trip{
	"demo_usage": {load.DemoUsage, `{"sessions":[%s]}`, `{"start_ts":"2026-03-10T09:00:00","last_event_ts":"2026-03-10T09:00:00.5","availability_bucket":"half_capacity",
		"seconds_to_respond":7,"handled_by":"a@x.com","call_confirmed":true,"screenshared":"n/a","accepted_from":"email","prospect_info":{"prospect-name":"a",
		"prospect-email":"b","prospect-phone":"c","prospect-request-origin":"d","prospect-own":"e","prospect-more":5,"other":6},"mood":{"x":1}}`, `"id":%d`, 0,
		`SELECT demo_id, started_at, last_event_at, availability_bucket, answered, seconds_to_respond, handled_by, call_confirmed, screenshared, accepted_from,
			prospect_name, prospect_email, prospect_phone, prospect_company, prospect_job_title, prospect_website, prospect_location, request_origin,
			origin_channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, extra::text FROM crankwheel.demo_requests`,
		"SELECT question, answer FROM crankwheel.demo_answers",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			_, _, err := c.DemoUsage(ctx, tripWindow, b, noting(a, b, transform.DemoUsage, b.DemoRequest))
			return err
		}},
	"usage_new": {load.UsageNew, `{"sessions":[%s]}`, `{"start_date":"2026-03-10T09:00:00.000000Z","end_date":"2026-03-10T09:10:00Z","duration":600,"session_ended":true,
		"rtc_seconds":5,"webcam_s":6,"viewer_info":{"max_viewer_count":1,"viewer_count":2,"locations":["Oslo","*"],"x":1},"links":{"recording":"/c/37"},
		"logs":[{"date":"2026-03-10T09:00:01Z","email":"b@x.com","type":"projector","content":"36|a","x":1}],"mood":null}`, `"email":"agent%d"`, 0,
		`SELECT agent_email, started_at, ended_at, duration_seconds, ended, max_viewers, viewers, viewer_locations, rtc_seconds, webcam_seconds,
			recording_content_id, recording_url, extra::text FROM crankwheel.screen_sessions`,
		"SELECT seq, occurred_at, kind, agent_email, content_id, content_name, content, extra::text FROM crankwheel.screen_session_events",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			_, err := c.UsageNew(ctx, tripWindow, b.Known, b, noting(a, b, transform.UsageNew, b.Session))
			return err
		}},
	"usage_shares": {load.UsageShares, `{"stats":{"by_user":[%s]}}`, `{"name":"A","shares_count":1,"plays_count":2,"mood":1}`, `"email":"agent%d"`, 0,
		"SELECT agent_email, agent_name, shares, plays, extra::text FROM crankwheel.share_usage_daily", "",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			_, err := c.UsageShares(ctx, tripWindow, b, noting(a, b, transform.UsageShares, b.ShareUsage))
			return err
		}},
	"shares": {load.Shares, `{"data":[%s]}`, `{"company_content_id":1,"content_name":"a","created_at":"2026-03-10T09:00:00Z","created_by_email":"b@x.com",
		"created_by_name":"B","segment":"s","has_cta":true,"visits":1,"plays":2,"cta_clicks":3,"avg_percent_watched":0.5,"engagement_score_v1":10,"mood":[1]}`,
		`"slug":"slug%d"`, 0, `SELECT s.slug, content_id, content_name, created_at, created_by_email, created_by_name, segment, has_cta, extra::text, visits, plays,
			cta_clicks, avg_percent_watched, engagement_score, content_runtime_ms, deleted_at IS NOT NULL
			FROM crankwheel.shares s LEFT JOIN crankwheel.share_engagement_daily USING (account_id, slug)`, "",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			_, err := c.Shares(ctx, tripWindow, b, noting(a, b, transform.Shares, b.Share))
			return err
		}},
	"share_visits": {load.ShareVisits, `{"content_runtime_ms":5,"sessions":[%s]}`, `{"visited_at":"2026-03-10T09:00:00Z","played":true,"percent_watched":0.5,
		"watch_time_sec":1.25,"cta_clicked":false,"mood":"m"}`, `"visit_id":"visit%d"`, 1,
		"SELECT slug, visit_id, visited_at, played, percent_watched, watch_time_seconds, cta_clicked, extra::text FROM crankwheel.share_visits", "",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			return whole(c.ShareVisits(ctx, tripWindow, b, noting(a, b, transform.ShareVisits, b.ShareVisit), func(s extract.WatchedShare) error {
				row, _, _ := transform.WatchedShare(s)
				return b.WatchedShare(row)
			}))
		}},
	"share_details": {load.ShareDetails, `{"shares":[%s]}`, `{"created_at":"2026-03-10T09:00:00Z","customer_account_id":"c","content_created_by":"a@x.com",
		"content_recorded_at":"2026-03-10T08:00:00Z","content_runtime":"00:07:24","video_url":"https://x","access_sharing_enabled":true,"mood":1.5}`, `"id":"slug%d"`, 0,
		`SELECT slug, created_at, customer_account_id, content_created_by, content_recorded_at, content_runtime_seconds, video_url, access_sharing_enabled,
			extra::text FROM crankwheel.share_details`, "",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			_, err := c.ShareDetails(ctx, tripWindow, b, noting(a, b, transform.ShareDetails, b.ShareDetail))
			return err
		}},
	"user_access": {load.UserAccess, `[%s]`, `{"privilege":"user","in_demo_pool":true,"mood":1}`, `"email":"agent%d"`, 0,
		"SELECT email, privilege, in_demo_pool, extra::text FROM crankwheel.users", "",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			_, err := c.UserAccess(ctx, b, noting(a, b, transform.UserAccess, b.User))
			return err
		}},
	"company_content": {load.CompanyContent, `[%s]`, `{"name":"a","type":"recording","state":"ready","created_by":"a@x.com","recorded_at":"2026-03-10T09:00:00Z",
		"runtime_ms":5000000000,"tag":"t","url":"u","events":[{"name":"started","time":0,"x":{}}],"mood":1}`, `"id":%d`, 0,
		`SELECT content_id, name, type, state, created_by, recorded_at, runtime_ms, tag, url, view, extra::text FROM crankwheel.contents`,
		"SELECT seq, name, at_ms, extra::text FROM crankwheel.content_events",
		func(ctx context.Context, c *extract.Client, b *load.Batch, a *arrivals) error {
			return whole(c.CompanyContent(ctx, tripWindow, b, noting(a, b, transform.CompanyContent, b.Content)))
		}},
}
