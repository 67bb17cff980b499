package load

import (
	"database/sql"
	"time"

	"wheelhouse/transform"
)

// CompanyContent loads crankwheel.contents and content_events.
var CompanyContent = newStream("company_content", contents.Table)

type (
	content      = transform.Content
	contentEvent = transform.ContentEvent
)

var contents = withChildren(newRows(
	Table{Name: "contents", LoadID: "load_id", Scope: Scope{All: true}},
	[]field[content]{
		requiredBigint("content_id", func(c *content) int64 { return c.ContentID }),
	},
	[]field[content]{
		text("name", func(c *content) sql.Null[string] { return c.Name }),
		documented(text("type", func(c *content) sql.Null[string] { return c.Type }), "upload", "recording", "redirect", "cta", "video"),
		documented(text("state", func(c *content) sql.Null[string] { return c.State }), "created", "processing", "ready"),
		text("created_by", func(c *content) sql.Null[string] { return c.CreatedBy }),
		timestamp("recorded_at", func(c *content) sql.Null[time.Time] { return c.RecordedAt }),
		bigint("runtime_ms", func(c *content) sql.Null[int64] { return c.RuntimeMS }),
		text("tag", func(c *content) sql.Null[string] { return c.Tag }),
		personal(text("url", func(c *content) sql.Null[string] { return c.URL })),
		requiredText("view", func(c *content) string { return c.View }),
		extra(func(c *content) []byte { return c.Extra }),
	}),
	contentEvents, 1, func(c *content) []contentEvent { return c.Events })

var contentEvents = newRows(Table{Name: "content_events"},
	[]field[contentEvent]{
		requiredInteger("seq", func(e *contentEvent) int32 { return e.Seq }),
	},
	[]field[contentEvent]{
		documented(text("name", func(e *contentEvent) sql.Null[string] { return e.Name }), "started", "paused", "resumed", "ended"),
		bigint("at_ms", func(e *contentEvent) sql.Null[int64] { return e.AtMS }),
		extra(func(e *contentEvent) []byte { return e.Extra }),
	})

// Content adds a content with its events.
func (b *Batch) Content(c transform.Content) error {
	b.totals.records++
	return add(b, 0, contents, &c)
}
