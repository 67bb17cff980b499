package pipeline

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// mayDay is after all recordings.
var mayDay = time.Date(2026, 5, 1, 6, 0, 0, 0, time.UTC)

// one returns the single row of a query as text, with columns joined by | and NULL as ∅.
func (b *bench) one(sql string, args ...any) string {
	b.t.Helper()
	all := b.lines(sql, args...)
	if len(all) != 1 {
		b.t.Fatalf("%s\n%d rows: %v", sql, len(all), all)
	}
	return all[0]
}

func (b *bench) lines(sql string, args ...any) (lines []string) {
	b.t.Helper()
	for _, row := range b.rows(sql, args...) {
		cells := make([]string, len(row))
		for i, v := range row {
			switch v := v.(type) {
			case nil:
				cells[i] = "∅"
			case time.Time:
				cells[i] = v.UTC().Format("2006-01-02T15:04:05.999999")
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return lines
}

func (b *bench) want(want, sql string, args ...any) {
	b.t.Helper()
	if got := strings.Join(b.lines(sql, args...), "\n"); got != want {
		b.t.Errorf("%s\n got %s\nwant %s", sql, got, want)
	}
}

// newestLoad selects the ledger's newest load.
const newestLoad = `SELECT status, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_merged, rows_rejected, rows_deleted,
	source_count, source_seconds, reconciled FROM wheelhouse.loads ORDER BY id DESC LIMIT 1`

func TestRecordedSessions(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.answer("usage_new", func(q url.Values) (int, string) {
		if strings.HasPrefix(q.Get("from"), "2020") {
			return 200, recorded(t, "usage_new.1")
		}
		return 200, recorded(t, "usage_new.2")
	})
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2020-09-25"), "usage_new")
	b.want("loaded|138|138|0|0|0|0|0|138|10333|true", newestLoad)
	b.want("138|10333|138|0|138|0|138", `SELECT count(*), sum(duration_seconds), count(*) FILTER (WHERE ended), count(viewer_locations),
		count(ended_at), count(extra), count(*) FILTER (WHERE occurrence = 1) FROM crankwheel.screen_sessions`)
	b.want("joi+admin@crankwheel.com|2020-09-25T15:25:08|2020-09-25T15:27:53|165|true|1|∅|∅|∅|∅|∅|∅", `
		SELECT agent_email, started_at, ended_at, duration_seconds, ended, max_viewers, viewers, viewer_locations::text, rtc_seconds,
		       webcam_seconds, recording_content_id, recording_url
		FROM crankwheel.screen_sessions ORDER BY started_at DESC LIMIT 1`)

	b.mustRun(b.day("2022-05-07"), "usage_new")
	b.want("loaded|4|4|0|0|0|0|0|4|122|true", newestLoad)
	b.want("4|{}", "SELECT count(*), min(viewer_locations::text) FROM crankwheel.screen_sessions WHERE started_at > '2022-01-01'")
	b.want("2022-05-07T14:59:48|2022-05-07T14:59:53|5|true|1|1|{}|4|0|37|https://joitest.crankwheel.com/ss/api/company_content/37|∅", `
		SELECT started_at, ended_at, duration_seconds, ended, max_viewers, viewers, viewer_locations::text, rtc_seconds, webcam_seconds,
		       recording_content_id, recording_url, extra
		FROM crankwheel.screen_sessions WHERE recording_content_id IS NOT NULL OR recording_url IS NOT NULL`)
	b.want("16|16|0", "SELECT count(*), count(kind), count(extra) FROM crankwheel.screen_session_events")
	b.want("0", `SELECT count(*) FROM crankwheel.screen_session_events e
		WHERE (content_id IS NULL) <> (kind = 'screen') OR (content IS NULL) <> (kind = 'screen') OR content <> content_id || '|' || content_name
		   OR seq <> (SELECT count(*) FROM crankwheel.screen_session_events f WHERE f.session_id = e.session_id AND f.occurred_at <= e.occurred_at)`)
	b.want("0", "SELECT count(*) FROM wheelhouse.rejects")
	b.want("req-usage_new", "SELECT request_ids[1] FROM wheelhouse.loads ORDER BY id DESC LIMIT 1")
}

func TestRecordedDemoRequests(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say("demo_usage", recorded(t, "demo_usage"))
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2017-09-27"), "demo_usage")
	b.want("loaded|2|2|0|0|0|0|0|∅|∅|∅", newestLoad)
	columns := `started_at, last_event_at, availability_bucket, answered, seconds_to_respond, handled_by, call_confirmed, screenshared,
		accepted_from, prospect_name, prospect_email, prospect_phone, prospect_company, prospect_job_title, prospect_website,
		prospect_location, request_origin, origin_channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, extra, deleted_at`
	b.want("2017-09-27T22:49:21.507365|2017-09-27T22:51:00.875003|half_capacity|true|53|somebody@example.com|true|true|extension|"+
		"Jói|joi@crankwheel.com|+354 54321|∅|∅|∅|Kopavogur, Iceland|crankwheel.com/|website|∅|∅|∅|∅|∅|∅|∅",
		"SELECT "+columns+" FROM crankwheel.demo_requests WHERE demo_id = 22599")
	b.want("2017-09-27T16:19:59.273625|2017-09-27T16:20:11.594782|full_capacity|false|∅|∅|∅|∅|∅|"+
		"∅|∅|+354 54321|∅|∅|∅|Iceland|crankwheel.com/|website|∅|∅|∅|∅|∅|∅|∅",
		"SELECT "+columns+" FROM crankwheel.demo_requests WHERE demo_id = 22487")
	b.want("0", "SELECT count(*) FROM crankwheel.demo_answers")
	b.want("2017-09-27|2", "SELECT day::text, canceled FROM crankwheel.demo_cancellations_daily")
}

func TestRecordedShares(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.answer("usage_shares", func(q url.Values) (int, string) {
		if q.Get("include_all_users") == "true" {
			return 200, recorded(t, "usage_shares.2")
		}
		return 200, recorded(t, "usage_shares.1")
	})
	api.say(sharesPath, recorded(t, "company_content.shares"))
	const slug = "d6a55fc8-dac1-4b2c-8d6a-652d5804f88f"
	api.say(sharesPath+"/"+slug, recorded(t, "company_content.shares.slug"))
	api.say("share_details", recorded(t, "share_details"))
	b := newBench(t, api, mayDay, nil)

	b.mustRun(b.day("2024-11-23"), "usage_shares")
	b.want("loaded|2|2|0|0|0|0|0|1538|∅|true", newestLoad) // 1226 plays and 312 shares
	b.want("2024-11-23|example1@crankwheel.com|Example Oneson|253|617|∅\n2024-11-23|example2@crankwheel.com|Example Twomund|59|609|∅",
		"SELECT day::text, agent_email, agent_name, shares, plays, extra FROM crankwheel.share_usage_daily ORDER BY 2")

	b.mustRun(b.day("2026-03-27"), "shares")
	b.want("loaded|1|1|0|0|0|0|0|1|∅|true", newestLoad)
	share := `SELECT slug, content_id, content_name, created_at, created_by_email, created_by_name, segment, has_cta, content_runtime_ms, extra, deleted_at
		FROM crankwheel.shares`
	b.want(slug+"|1038|example@crankwheel.com 2022-6-8 11-10|2022-07-17T09:47:58|example@crankwheel.com|John Doe|∅|false|∅|∅|∅", share)
	b.want("2026-03-27|"+slug+"|1|0|0|0|10", "SELECT day::text, slug, visits, plays, cta_clicks, avg_percent_watched, engagement_score FROM crankwheel.share_engagement_daily")

	b.mustRun(b.day("2026-03-27"), "share_visits")
	b.want("loaded|1|1|0|0|0|0|0|∅|∅|∅", newestLoad)
	b.want(slug+"|1038|example@crankwheel.com 2022-6-8 11-10|2022-07-17T09:47:58|example@crankwheel.com|John Doe|∅|false|1606|∅|∅", share)
	b.want(slug+"|a34301e3a7448887|2026-03-27T15:12:05|false|0|0|false|∅|∅",
		"SELECT slug, visit_id, visited_at, played, percent_watched, watch_time_seconds, cta_clicked, extra, deleted_at FROM crankwheel.share_visits")

	b.mustRun(b.day("2026-04-01"), "share_details")
	b.want("loaded|5|5|0|0|0|0|0|∅|∅|∅", newestLoad)
	b.want("b1e36cf7-e73f-4e1e-a2f0-37eb1e5bf65a|2026-04-01T13:00:06|abracadabra|example1@crankwheel.com|2026-04-01T12:45:51|4|"+
		"https://meeting.is/ss/share/b1e36cf7-e73f-4e1e-a2f0-37eb1e5bf65a|false|∅|∅", `
		SELECT slug, created_at, customer_account_id, content_created_by, content_recorded_at, content_runtime_seconds, video_url,
		       access_sharing_enabled, extra, deleted_at FROM crankwheel.share_details WHERE slug LIKE 'b1e3%'`)
	b.want("4\n444\n39\n121\n26", "SELECT content_runtime_seconds FROM crankwheel.share_details ORDER BY created_at")
	b.want("3", "SELECT count(*) FROM crankwheel.share_details WHERE customer_account_id IS NULL")
}

func TestRecordedSnapshots(t *testing.T) {
	t.Parallel()
	api := newCanned()
	api.say("user_access", recorded(t, "user_access"))
	api.answer(contentPath, func(q url.Values) (int, string) {
		if q.Get("view") == "active" {
			return 200, recorded(t, "company_content")
		}
		return 200, "[]"
	})
	b := newBench(t, api, mayDay, nil)
	b.mustRun(b.day("2026-05-01"), "user_access", "company_content")
	b.want("jane@crankwheel.com|admin|true|∅\njohn@crankwheel.com|user|false|∅\njoi@crankwheel.com|owner|false|∅",
		"SELECT email, privilege, in_demo_pool, extra FROM crankwheel.users ORDER BY email")
	b.want("10|10|0", "SELECT count(*), count(*) FILTER (WHERE view = 'active'), count(extra) FROM crankwheel.contents")
	columns := "SELECT name, type, state, created_by, recorded_at, runtime_ms, tag, url, view FROM crankwheel.contents WHERE content_id = "
	b.want("Stuff|video|∅|∅|∅|0|∅|http://media.w3.org/2010/05/sintel/trailer.mp4|active", columns+"8")
	b.want("joi+admin@crankwheel.com 2022-5-7 13-14|recording|ready|joi+admin@crankwheel.com|2022-05-07T13:14:19|1183|"+
		"f586d69f-0de2-413c-a9da-861776fb0850|∅|active", columns+"34")
	b.want("34|1|started|0\n34|2|ended|1183\n35|1|started|0\n35|2|ended|7046\n36|1|started|0\n36|2|ended|4099",
		"SELECT content_id, seq, name, at_ms FROM crankwheel.content_events ORDER BY 1, 2")
	b.want("company_content|loaded|10|10|0\nuser_access|loaded|3|3|0", "SELECT stream, status, rows_read, rows_inserted, rows_rejected FROM wheelhouse.loads ORDER BY 1")
}
