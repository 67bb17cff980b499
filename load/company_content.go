package load

import (
	_ "embed"

	"wheelhouse/transform"
)

//go:embed company_content.sql
var companyContentSQL string

// CompanyContent loads crankwheel.contents and content_events.
var CompanyContent = Stream{
	Name:     "company_content",
	Snapshot: true,
	stages: []stageTable{
		{"stage_contents_1", []string{"n", "content_id", "name", "type", "state", "created_by", "recorded_at", "runtime_ms",
			"tag", "url", "view", "extra"}},
		{"stage_content_events_1", []string{"n", "seq", "name", "at_ms", "extra"}},
	},
	sql: parseSQL(companyContentSQL),
}

// Content adds a content with its events.
func (b *Batch) Content(c transform.Content) error {
	return b.record(func() error {
		t, place := b.begin(rowsStage, false)
		t.int8(c.ContentID)
		t.nullText(c.Name)
		t.nullText(c.Type)
		t.nullText(c.State)
		t.nullText(c.CreatedBy)
		t.nullTimestamptz(c.RecordedAt)
		t.nullInt8(c.RuntimeMS)
		t.nullText(c.Tag)
		t.nullText(c.URL)
		t.text(c.View)
		t.jsonb(c.Extra)
		if err := b.put(rowsStage, place); err != nil {
			return err
		}
		for _, e := range c.Events {
			t, place := b.begin(childStage, false)
			t.int4(e.Seq)
			t.nullText(e.Name)
			t.nullInt8(e.AtMS)
			t.jsonb(e.Extra)
			if err := b.put(childStage, place); err != nil {
				return err
			}
		}
		return nil
	})
}
