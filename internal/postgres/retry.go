package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
)

// How often a transaction is tried, with waits from 0.1 s that grow to 5 s. Where the server has no connection left
// it is tried for some seconds more: others give theirs back soon, and this process's own are among them. Where
// the server is gone it is tried for about 40 s: a restart or a failover takes as long.
const tries, triesToConnect, triesToOutlast = 6, 10, 16

// mostTries is how often what failed so is worth a try.
func (db *DB) mostTries(err error) int {
	var own *Error
	switch isSQL := errors.As(err, &own); {
	case isSQL && own.Code == pgerrcode.TooManyConnections:
		return triesToConnect
	case !db.connected.Load(): // whoever types a wrong address wants to know
		return tries
	case !isSQL, own.Code == pgerrcode.AdminShutdown, own.Code == pgerrcode.CrashShutdown, own.Code == pgerrcode.CannotConnectNow,
		pgerrcode.IsConnectionException(own.Code):
		return triesToOutlast
	}
	return tries
}

// Retry runs f until it succeeds, its error is final, or the tries are used up.
func (db *DB) Retry(ctx context.Context, f func() error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 100*time.Millisecond, 5*time.Second
	for tried := 1; ; tried++ {
		err := Redact(f())
		if err == nil || !Transient(err) || ctx.Err() != nil || tried >= db.mostTries(err) {
			return err
		}
		var own *Error
		if errors.As(err, &own) && own.Code == pgerrcode.ReadOnlySQLTransaction {
			db.Pool.Reset() // after a failover the old server is still connected, and read-only
		}
		if err := db.sleep(ctx, wait.NextBackOff()); err != nil {
			return err
		}
	}
}

// sleep waits for d, or returns the cause of ctx's end.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// InTx runs f in a transaction, again where that can help.
func (db *DB) InTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.Retry(ctx, func() error {
		return pgx.BeginFunc(ctx, db.Pool, f)
	})
}
