package settings

import (
	"time"

	"github.com/robfig/cron/v3"

	"wheelhouse/internal/stream"
)

// Row is one stream of one account, as `config check` shows it. It contains no secret.
type Row struct {
	Account           string        `json:"account"`
	Server            string        `json:"server"`
	Zone              string        `json:"timezone"`
	HistoryFrom       string        `json:"history_from"` // date in Zone
	Stream            string        `json:"stream"`
	Enabled           bool          `json:"enabled"`
	Cron              string        `json:"cron"`
	CronZone          string        `json:"cron_timezone"`
	Next              []time.Time   `json:"next"` // in CronZone; none when not enabled
	Schedule          cron.Schedule `json:"-"`    // of Cron; nil when not enabled
	Window            int           `json:"window_days"`
	Lookback          int           `json:"lookback_days"`
	OpenLookback      int           `json:"open_lookback_days"`
	Parallel          int           `json:"parallel"`
	RequestsPerSecond float64       `json:"requests_per_second"` // the lower of the stream's and the account's
	WindowEnd         string        `json:"window_end,omitempty"`
}

// Describe returns a row for each account and stream. Each row has the next times of its schedule after now; fires is their
// number.
func (s Settings) Describe(now time.Time, fires int) []Row {
	rows := make([]Row, 0, len(s.Accounts)*len(stream.All))
	for _, a := range s.Accounts {
		for _, st := range a.Streams {
			row := Row{
				Account: a.ID, Server: a.Server, Zone: a.Zone.String(), HistoryFrom: a.HistoryFrom.Format(time.DateOnly),
				Stream: st.Name, Enabled: st.Enabled, Cron: st.Cron, CronZone: st.CronZone.String(),
				Window: st.Window, Lookback: st.Lookback, OpenLookback: st.OpenLookback,
				Parallel: st.Parallel, RequestsPerSecond: a.RequestsPerSecond, WindowEnd: st.WindowEnd,
			}
			if st.RequestsPerSecond > 0 {
				row.RequestsPerSecond = min(row.RequestsPerSecond, st.RequestsPerSecond)
			}
			if st.Enabled {
				row.Next, row.Schedule = st.NextFires(now, fires), st.Schedule
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// NextFires returns the next n times of the schedule after now, in CronZone.
func (s Stream) NextFires(now time.Time, n int) []time.Time {
	var next []time.Time
	for t := now.In(s.CronZone); len(next) < n; {
		if t = s.Schedule.Next(t); t.IsZero() {
			break
		}
		next = append(next, t)
	}
	return next
}
