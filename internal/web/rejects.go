package web

import (
	"context"
	"slices"
	"strconv"
	"time"

	"wheelhouse/internal/stream"
)

// rejectsPage lists the records that could not be understood.
var rejectsPage = &page{Name: "rejects", Path: "/pipeline/rejects", Title: "Rejects", Section: "pipeline", Sub: "Rejects", Keeps: []string{"stream", "all"},
	NoRange: true, Read: readRejects}

const mostRejects = 500

type rejectRow struct {
	ID          int64
	Stream      string
	Path        string
	Reason      string
	FirstSeenAt time.Time
	LastSeenAt  time.Time
	ResolvedAt  *time.Time
	Load        int64
}

type rejectsData struct {
	Streams []link
	States  []link
	Reasons *table
	Rejects *table
}

func readRejects(ctx context.Context, q *request) (any, error) {
	chosen, resolved := q.Values.Get("stream"), q.Values.Get("all") == "yes"
	if chosen != "" && !slices.Contains(stream.Names(), chosen) {
		return nil, unknown("There is no such stream.")
	}
	args := map[string]any{"stream": chosen, "all": resolved, "most": mostRejects}
	reasons, err := rows[struct {
		Stream, Reason string
		Count          int64
		Last           time.Time
	}](ctx, q, "reasons", args)
	if err != nil {
		return nil, err
	}
	all, err := rows[rejectRow](ctx, q, "rejects", args)
	if err != nil {
		return nil, err
	}
	t := q.table("reasons", "Reasons", col("Stream"), col("Reason"), num("Records"), col("Last seen"))
	t.Empty = "No rejects."
	for _, r := range reasons {
		t.add(text(r.Stream), text(r.Reason), count(r.Count), q.moment(&r.Last))
	}
	data := rejectsData{Reasons: t, Rejects: q.rejectsTable("rejects", "Rejects, newest first", all)}
	if len(all) == mostRejects {
		data.Rejects.More = "The newest " + showCount(mostRejects) + "; `wheelhouse rejects list` lists all."
	}
	both := map[bool]string{true: "yes"}
	data.Streams = []link{{"all streams", q.Link("/pipeline/rejects", "all", both[resolved]), chosen == ""}}
	for _, name := range stream.Names() {
		data.Streams = append(data.Streams, link{name, q.Link("/pipeline/rejects", "stream", name, "all", both[resolved]), chosen == name})
	}
	data.States = []link{{"only open rejects", q.Link("/pipeline/rejects", "stream", chosen), !resolved},
		{"resolved rejects, too", q.Link("/pipeline/rejects", "stream", chosen, "all", "yes"), resolved}}
	return data, nil
}

func (q *request) rejectsTable(name, caption string, all []rejectRow) *table {
	t := q.table(name, caption, num("Reject"), col("Stream"), col("Reason"), col("Path in the answer"), col("First seen"), col("Last seen"), col("State"), num("Load"))
	t.Empty = "No rejects."
	for _, r := range all {
		is := cell{Text: "open", Value: "open"}.as("state-warn")
		if r.ResolvedAt != nil {
			is = cell{Text: "resolved " + showTime(*r.ResolvedAt, q.Zone), Value: "resolved " + r.ResolvedAt.In(q.Zone).Format(time.RFC3339)}.as("state-loaded")
		}
		t.add(id(r.ID), text(r.Stream), text(r.Reason), text(r.Path), q.moment(&r.FirstSeenAt), q.moment(&r.LastSeenAt), is,
			id(r.Load).to(q.Link("/pipeline/window", "load", strconv.FormatInt(r.Load, 10))))
	}
	return t
}
