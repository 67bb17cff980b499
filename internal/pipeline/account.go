package pipeline

import (
	"fmt"
	"slices"
	"sync/atomic"

	"wheelhouse/extract"
	"wheelhouse/internal/ledger"
	"wheelhouse/internal/settings"
	"wheelhouse/load"
)

// Account is an account with its API client, which the whole process shares. The client limits the requests per second, and
// remembers how long a window the server can answer.
type Account struct {
	settings.Account
	client  *extract.Client
	streams []Stream // switched on

	accept atomic.Bool // --accept-server: the next run stores the account's new server
}

// Open makes an account's client; version names the program to the API.
func Open(a settings.Account, version string) (*Account, error) {
	return OpenWith(a, extract.Config{UserAgent: "wheelhouse/" + version})
}

// OpenWith is Open with other attempts and timeouts of the client.
func OpenWith(a settings.Account, api extract.Config) (*Account, error) {
	api.Server, api.Key, api.Rate = a.Server, a.APIKey.Reveal(), a.RequestsPerSecond
	client, err := extract.New(api)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.ID, err)
	}
	return newAccount(a, client), nil
}

func newAccount(a settings.Account, client *extract.Client) *Account {
	account := &Account{Account: a, client: client}
	for _, s := range a.Streams {
		for _, known := range all {
			if s.Enabled && known.load.Name == s.Name {
				account.streams = append(account.streams, Stream{s, known.load, known.fetch, client.Limited(s.RequestsPerSecond)})
			}
		}
	}
	return account
}

// AcceptServer lets the next run store the server in the settings, even if the account's data came from another one.
func (a *Account) AcceptServer() { a.accept.Store(true) }

// Close closes the account's connections.
func (a *Account) Close() { a.client.Close() }

// recorded returns the account as the ledger stores it.
func (a *Account) recorded() ledger.Account {
	return ledger.Account{ID: a.ID, Server: a.Server, Zone: a.Zone, HistoryFrom: dayOf(a.HistoryFrom, a.Zone)}
}

// Stream is a stream with an account's settings of it.
type Stream struct {
	settings.Stream
	load   load.Stream
	fetch  fetch
	client *extract.Client // the account's, within the stream's own rate
}

// Streams lists the account's streams that are switched on, or only those with the names given.
func (a *Account) Streams(names []string) (chosen []Stream) {
	for _, s := range a.streams {
		if len(names) == 0 || slices.Contains(names, s.Name) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// Configured returns the account and the names of its streams that are switched on, for Status and Health.
func (a *Account) Configured() ledger.Configured {
	c := ledger.Configured{Account: a.recorded()}
	for _, s := range a.Streams(nil) {
		c.Streams = append(c.Streams, s.Name)
	}
	return c
}
