package settings

import (
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

func TestLastDueIsTheLastTimeUpToNow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	for spec, want := range map[string]string{
		"17 4 * * *":      "2026-05-04T04:17:00Z",
		"0 10 * * *":      "2026-05-04T10:00:00Z",
		"1 10 * * *":      "2026-05-03T10:01:00Z",
		"* * * * *":       "2026-05-04T10:00:00Z",
		"0 2,3,23 * * *":  "2026-05-04T03:00:00Z",
		"0 4 1 * *":       "2026-05-01T04:00:00Z",
		"0 4 31 12 *":     "2025-12-31T04:00:00Z",
		"0 0 29 2 *":      "2024-02-29T00:00:00Z",
		"@every 6h":       "2026-05-04T04:00:00Z",
		"0 0 30 2 *":      "0001-01-01T00:00:00Z",
		"30 9 4 5 mon":    "2026-05-04T09:30:00Z",
		"15 13 * * 1-5/2": "2026-05-01T13:15:00Z",
	} {
		schedule, err := cron.ParseStandard(spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := LastDue(schedule, now).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}
