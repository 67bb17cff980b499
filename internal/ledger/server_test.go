package ledger_test

import (
	"errors"
	"testing"
	"time"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/testdb"
	"wheelhouse/load"
)

// An account keeps its server, in any spelling, until another one is accepted.
func TestAccountsKeepTheirServers(t *testing.T) {
	t.Parallel()
	w, err := load.Open(t.Context(), testdb.New(t), load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	record := func(server string, accept bool) error {
		return w.Ledger.RecordAccount(t.Context(), ledger.Account{ID: "a", Server: server, Zone: time.UTC, HistoryFrom: time.Unix(0, 0).UTC()}, accept)
	}
	for _, step := range []struct {
		server  string
		accept  bool
		refused bool
	}{
		{"https://meeting.is", false, false}, // the first one
		{"https://meeting.is:443", false, false},
		{"https://Meeting.IS/", false, false},
		{"HTTPS://meeting.is.", false, false},
		{"https://meeting.is:8443", false, true},
		{"http://meeting.is", false, true},
		{"https://eu.meeting.is", false, true},
		{"https://meeting.is.example.com", false, true},
		{"https://eu.meeting.is", true, false},
		{"https://meeting.is", false, true},
		{"https://eu.meeting.is:0443", false, true},
		{"https://eu.meeting.is", false, false},
	} {
		err := record(step.server, step.accept)
		var other *ledger.ServerError
		if refused := errors.As(err, &other); refused != step.refused || err != nil && !refused {
			t.Errorf("%+v: %v", step, err)
		}
	}
}
