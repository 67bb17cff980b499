package transform

import (
	"database/sql"
	"fmt"
	"time"

	"wheelhouse/extract"
)

// Content is a row of crankwheel.contents, with its rows of crankwheel.content_events.
type Content struct {
	ContentID  int64
	Name       sql.Null[string]
	Type       sql.Null[string]
	State      sql.Null[string]
	CreatedBy  sql.Null[string]
	RecordedAt sql.Null[time.Time]
	RuntimeMS  sql.Null[int64]
	Tag        sql.Null[string]
	URL        sql.Null[string]
	View       string // one of extract.Views
	Extra      []byte
	Events     []ContentEvent
}

// ContentEvent is a row of crankwheel.content_events. Seq counts from 1 in the order in which the API sends the events, the
// order of the recording.
type ContentEvent struct {
	Seq   int32
	Name  sql.Null[string]
	AtMS  sql.Null[int64] // milliseconds from the start of the recording
	Extra []byte
}

// CompanyContent normalises a content. See the package comment for ok and rejects.
func CompanyContent(rec extract.Record[extract.Content]) (row Content, ok bool, rejects []Reject) {
	c, r := &rec.Value, reader{}
	r.note("record", notObject(rec.Raw))
	row = Content{
		ContentID:  r.id("id", c.ID),
		Name:       r.text("name", c.Name),
		Type:       r.text("type", c.Type),
		State:      r.text("state", c.State),
		CreatedBy:  r.agent("created_by", c.CreatedBy),
		RecordedAt: r.instant("recorded_at", c.RecordedAt),
		RuntimeMS:  r.longCount("runtime_ms", c.RuntimeMS),
		Tag:        r.text("tag", c.Tag),
		URL:        r.text("url", c.URL),
		View:       c.View,
	}
	r.note("record", c.Problem)
	if r.problem != "" {
		return row, false, rejectRecord(rec.Path(), r.problem, rec.Raw, idText(c.ID))
	}
	for i, e := range c.Events {
		var er reader
		er.note("record", e.Problem)
		er.note("record", notObject(e.Raw))
		event := ContentEvent{Seq: int32(len(row.Events) + 1), Name: er.text("name", e.Name), AtMS: er.longCount("time", e.Time)}
		event.Extra = er.extra(e.Extra)
		if er.problem != "" {
			rejects = append(rejects, newReject(fmt.Sprintf("%s.events[%d]", rec.Path(), i), er.problem, e.Raw))
			continue
		}
		row.Events = append(row.Events, event)
	}
	row.Extra = r.extra(c.Extra)
	return row, true, rejects
}
