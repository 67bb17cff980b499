package load_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/load"
)

// Whatever the settings of the database are, the stored rows are the API's, and the same rows again change nothing (invariant 7).
func TestSettingsOfTheDatabaseChangeNothing(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"client_encoding": "LATIN1", "DateStyle": "'SQL, DMY'", "bytea_output": "escape", "standard_conforming_strings": "off",
		"search_path": "''", "TimeZone": "'Pacific/Kiritimati'", "default_transaction_isolation": "serializable",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, load.Options{})
			cfg, err := pgx.ParseConfig(s.dsn)
			if err != nil {
				t.Fatal(err)
			}
			s.exec(fmt.Sprintf("ALTER DATABASE %q SET %s = %s", cfg.Database, name, value))
			s.warehouse.Close()
			if s.warehouse, err = load.Open(t.Context(), s.dsn, load.Options{}); err != nil {
				t.Fatal(err)
			}
			x := lasting(worldBegins.Add(time.Hour+123456*time.Microsecond), time.Minute)
			x.AgentEmail = "jón@x.is"
			x.RecordingURL = sql.Null[string]{V: `þ"\'{}, €`, Valid: true}
			x.ViewerLocations = sql.Null[[]string]{V: []string{"Ísafjörður", "NULL", ""}, Valid: true}
			x.Extra = []byte(`{"a": "é"}`)
			y := x
			y.RTCSeconds = sql.Null[int32]{V: 5, Valid: true}
			for i, want := range []ledger.Counts{{Read: 1, Inserted: 1}, {Read: 1, Unchanged: 1}, {Read: 1, Updated: 1}, {Read: 1, Unchanged: 1}} {
				shown := x
				if i > 1 {
					shown = y
				}
				r := s.ready(load.UsageNew, 0, shown)
				r.Asked.Hash = load.AnswerHash(extract.Sum{3: byte(i + 1)})
				if c := s.warehouse.Commit(t.Context(), r)[0]; c.Err != nil || c.Counts != want {
					t.Errorf("load %d: %+v", i, c)
				}
			}
			var agent string
			var at time.Time
			s.exec("SET client_encoding = UTF8")
			if err := s.conn.QueryRow(t.Context(), "SELECT agent_email, started_at FROM crankwheel.screen_sessions").Scan(&agent, &at); err != nil || agent != x.AgentEmail || !at.Equal(x.StartedAt) {
				t.Errorf("%q %v %v", agent, at, err)
			}
		})
	}
}
