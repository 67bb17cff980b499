package load

import (
	_ "embed"

	"wheelhouse/transform"
)

//go:embed demo_usage.sql
var demoUsageSQL string

// DemoUsage loads crankwheel.demo_requests, demo_answers and demo_cancellations_daily.
var DemoUsage = Stream{
	Name:  "demo_usage",
	Daily: true,
	stages: []stageTable{
		{"stage_demo_requests_1", []string{"n", "demo_id", "started_at", "last_event_at", "availability_bucket", "answered",
			"seconds_to_respond", "handled_by", "call_confirmed", "screenshared", "accepted_from", "prospect_name",
			"prospect_email", "prospect_phone", "prospect_company", "prospect_job_title", "prospect_website",
			"prospect_location", "request_origin", "origin_channel", "utm_source", "utm_medium", "utm_campaign", "utm_term",
			"utm_content", "extra"}},
		{"stage_demo_answers_1", []string{"n", "question", "answer"}},
	},
	summed: true,
	sql:    parseSQL(demoUsageSQL),
}

// DemoRequest adds a demo request with its answers.
func (b *Batch) DemoRequest(d transform.DemoRequest) error {
	return b.record(func() error {
		t, place := b.begin(rowsStage, false)
		t.int8(d.DemoID)
		t.timestamptz(d.StartedAt)
		t.nullTimestamptz(d.LastEventAt)
		t.nullText(d.AvailabilityBucket)
		t.boolean(d.Answered)
		t.nullInt4(d.SecondsToRespond)
		t.nullText(d.HandledBy)
		t.nullBool(d.CallConfirmed)
		t.nullBool(d.ScreenShared)
		t.nullText(d.AcceptedFrom)
		for _, v := range []transform.Null[string]{
			d.Prospect.Name, d.Prospect.Email, d.Prospect.Phone, d.Prospect.Company, d.Prospect.JobTitle, d.Prospect.Website,
			d.Prospect.Location, d.RequestOrigin, d.OriginChannel,
			d.UTM.Source, d.UTM.Medium, d.UTM.Campaign, d.UTM.Term, d.UTM.Content,
		} {
			t.nullText(v)
		}
		t.jsonb(d.Extra)
		if err := b.put(rowsStage, place); err != nil {
			return err
		}
		for _, a := range d.Answers {
			t, place := b.begin(childStage, false)
			t.text(a.Question)
			t.nullText(a.Answer)
			if err := b.put(childStage, place); err != nil {
				return err
			}
		}
		return nil
	})
}
