package pipeline

import (
	"fmt"
	"slices"
	"time"

	"wheelhouse/extract"
	"wheelhouse/internal/settings"
	"wheelhouse/load"
)

// Account is an account with the client that everything in the process shares for it.
type Account struct {
	settings.Account
	client *extract.Client
}

// Open makes an account's client; version names the program to the API.
func Open(a settings.Account, version string) (*Account, error) {
	return OpenWith(a, extract.Config{UserAgent: "wheelhouse/" + version})
}

// OpenWith is Open for whoever has a client's patience to choose: how often and how long it tries.
func OpenWith(a settings.Account, api extract.Config) (*Account, error) {
	api.Server, api.Key, api.Rate = a.Server, a.APIKey.Reveal(), a.RequestsPerSecond
	client, err := extract.New(api)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.ID, err)
	}
	return &Account{Account: a, client: client}, nil
}

// Close lets go of the account's connections.
func (a *Account) Close() { a.client.Close() }

// books is the account as the ledger keeps it.
func (a *Account) books() load.Account {
	return load.Account{ID: a.ID, Server: a.Server, Zone: a.Zone, HistoryFrom: dayOf(a.HistoryFrom, a.Zone)}
}

// Stream is one stream as an account has it set.
type Stream struct {
	settings.Stream
	load   load.Stream
	fetch  fetch
	client *extract.Client // the account's, within the stream's own rate
}

// Streams lists the account's streams that are switched on; names, if any, chooses among them.
func (a *Account) Streams(names []string) []Stream {
	var chosen []Stream
	for _, s := range a.Account.Streams {
		if !s.Enabled || len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		for _, known := range all {
			if known.load.Name == s.Name {
				chosen = append(chosen, Stream{s, known.load, known.fetch, a.client.Limited(s.RequestsPerSecond)})
			}
		}
	}
	return chosen
}

// Kept tells whoever watches the ledger which streams of the account are kept, and since when, as of now.
func (a *Account) Kept(now time.Time) load.Kept {
	k := load.Kept{Account: a.ID}
	for _, s := range a.Streams(nil) {
		k.Streams = append(k.Streams, s.Name)
	}
	for day, end := dayOf(a.HistoryFrom, a.Zone), dayOf(now, a.Zone).AddDate(0, 0, 1); !day.After(end); day = day.AddDate(0, 0, 1) {
		k.Starts = append(k.Starts, startOf(day, a.Zone))
	}
	return k
}
