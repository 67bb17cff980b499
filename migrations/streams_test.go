package migrations

import (
	"fmt"
	"testing"

	"wheelhouse/internal/stream"
)

// SQL and Go read the same list of streams.
func TestStreamsTableEqualsTheGoList(t *testing.T) {
	t.Parallel()
	_, conn := migrated(t)
	var all []string
	for i, s := range stream.All {
		all = append(all, fmt.Sprintf("%s|%d|%s|%s|%.1s", s.Name, i+1, s.Grain, s.MainTable, fmt.Sprint(s.OneDay != "")))
	}
	want(t, conn, `SELECT stream, position, grain, main_table, one_day FROM wheelhouse.streams ORDER BY position`, all...)
}
