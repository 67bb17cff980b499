package ledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ServerError: an account's data came from another server than the one in the settings. The server in the settings may have
// another company's data under the same id. A load would then delete the rows of one company and insert the other's.
type ServerError struct{ Account, Warehouse, Settings string }

func (e *ServerError) Error() string {
	return fmt.Sprintf("account %s: %s: %s", e.Account, e.Cause(), e.Remedy())
}

// Cause names both servers.
func (e *ServerError) Cause() string {
	return fmt.Sprintf("its data came from %s, and the settings name %s", e.Warehouse, e.Settings)
}

// Remedy says what to do.
func (e *ServerError) Remedy() string {
	return "if this is the same account on another server, give --accept-server once (to run, serve or backfill); if it is another account, give it another id"
}

// OtherServer returns a ServerError if the data of an account came from another server. warehouse is the server that is stored in the
// warehouse. If that is "", no server is stored, and the account may have any server.
func OtherServer(account, warehouse, settings string) *ServerError {
	if warehouse == "" || plainServer(warehouse) == plainServer(settings) {
		return nil
	}
	return &ServerError{account, warehouse, settings}
}

// checkServer returns the server that an account's data came from, or "" if none is stored. It fails with a ServerError if the settings name
// another one.
func checkServer(ctx context.Context, tx pgx.Tx, a Account) (stored string, err error) {
	err = tx.QueryRow(ctx, ledger["server"], pgx.NamedArgs{"account": a.ID}).Scan(&stored)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if other := OtherServer(a.ID, stored, a.Server); err == nil && other != nil {
		err = other
	}
	return stored, err
}

// plainServer returns a server's address in the form in which addresses are compared: capital letters, the scheme's default port, a dot
// after the host and a slash at the end make no difference.
func plainServer(server string) string {
	u, err := url.Parse(strings.ToLower(server))
	if err != nil || u.Host == "" {
		return server
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.TrimSuffix(u.Hostname(), "."), port)
}
