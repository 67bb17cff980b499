package load

import (
	"database/sql"
	"time"

	"wheelhouse/transform"
)

// DemoUsage loads crankwheel.demo_requests, demo_answers and demo_cancellations_daily.
var DemoUsage = newStream("demo_usage", demoRequests.Table, demoCancellations.Table)

type (
	request = transform.DemoRequest
	answer  = transform.DemoAnswer
)

var demoRequests = withChildren(newRows(
	Table{Name: "demo_requests", LoadID: "load_id", rolledUp: true, findByKey: true,
		Scope: Scope{Begin: "started_at", End: "last_event_at"}},
	[]field[request]{
		requiredBigint("demo_id", func(d *request) int64 { return d.DemoID }),
	},
	[]field[request]{
		requiredTimestamp("started_at", func(d *request) time.Time { return d.StartedAt }),
		timestamp("last_event_at", func(d *request) sql.Null[time.Time] { return d.LastEventAt }),
		documented(text("availability_bucket", func(d *request) sql.Null[string] { return d.AvailabilityBucket }),
			"full_capacity", "half_capacity", "no_capacity"),
		requiredBoolean("answered", func(d *request) bool { return d.Answered }),
		integer("seconds_to_respond", func(d *request) sql.Null[int32] { return d.SecondsToRespond }),
		text("handled_by", func(d *request) sql.Null[string] { return d.HandledBy }),
		boolean("call_confirmed", func(d *request) sql.Null[bool] { return d.CallConfirmed }),
		boolean("screenshared", func(d *request) sql.Null[bool] { return d.ScreenShared }),
		documented(text("accepted_from", func(d *request) sql.Null[string] { return d.AcceptedFrom }), "extension", "email"),
		personal(text("prospect_name", func(d *request) sql.Null[string] { return d.Prospect.Name })),
		personal(text("prospect_email", func(d *request) sql.Null[string] { return d.Prospect.Email })),
		personal(text("prospect_phone", func(d *request) sql.Null[string] { return d.Prospect.Phone })),
		personal(text("prospect_company", func(d *request) sql.Null[string] { return d.Prospect.Company })),
		personal(text("prospect_job_title", func(d *request) sql.Null[string] { return d.Prospect.JobTitle })),
		personal(text("prospect_website", func(d *request) sql.Null[string] { return d.Prospect.Website })),
		personal(text("prospect_location", func(d *request) sql.Null[string] { return d.Prospect.Location })),
		personal(text("request_origin", func(d *request) sql.Null[string] { return d.RequestOrigin })),
		text("origin_channel", func(d *request) sql.Null[string] { return d.OriginChannel }),
		personal(text("utm_source", func(d *request) sql.Null[string] { return d.UTM.Source })),
		personal(text("utm_medium", func(d *request) sql.Null[string] { return d.UTM.Medium })),
		personal(text("utm_campaign", func(d *request) sql.Null[string] { return d.UTM.Campaign })),
		personal(text("utm_term", func(d *request) sql.Null[string] { return d.UTM.Term })),
		personal(text("utm_content", func(d *request) sql.Null[string] { return d.UTM.Content })),
		localDay(func(d *request) time.Time { return d.StartedAt }),
		localHour(func(d *request) time.Time { return d.StartedAt }),
		extra(func(d *request) []byte { return d.Extra }),
	}),
	demoAnswers, 1, func(d *request) []answer { return d.Answers })

var demoAnswers = newRows(Table{Name: "demo_answers"},
	[]field[answer]{
		requiredText("question", func(a *answer) string { return a.Question }),
	},
	[]field[answer]{
		personal(text("answer", func(a *answer) sql.Null[string] { return a.Answer })),
	})

// canceledRequests is the count of cancelled requests of a day.
type canceledRequests struct {
	day   time.Time
	count int32
}

// demoCancellations has one row for each day. An answer without the count leaves the row of its day as it is.
var demoCancellations = newRows(
	Table{Name: "demo_cancellations_daily", LoadID: "load_id", Scope: Scope{Day: true}, Deletion: NeverDelete},
	[]field[canceledRequests]{
		date("day", func(c *canceledRequests) time.Time { return c.day }),
	},
	[]field[canceledRequests]{
		additive(requiredInteger("canceled", func(c *canceledRequests) int32 { return c.count })),
	})

// DemoRequest adds a demo request with its answers.
func (b *Batch) DemoRequest(d transform.DemoRequest) error {
	b.totals.records++
	return add(b, 0, demoRequests, &d)
}

// CancellationCount adds the window's count of cancelled requests.
func (b *Batch) CancellationCount(n int32) error {
	b.Canceled = sql.Null[int32]{V: n, Valid: true}
	return addBeside(b, 1, demoCancellations, &canceledRequests{b.window.Day, n})
}
