package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
)

// How often a transaction is tried, with waits that grow from 0.1 s to 5 s. If the server has no connection left, the transaction
// is tried for some seconds more: other clients, and this process, will soon close some. If the server is down, the transaction
// is tried for about 40 s: a restart or a failover takes as long.
const tries, triesToConnect, triesToOutlast = 6, 10, 16

// mostTries returns how often a transaction with this error is tried.
func (db *DB) mostTries(err error) int {
	var own *Error
	switch isSQL := errors.As(err, &own); {
	case isSQL && own.Code == pgerrcode.TooManyConnections:
		return triesToConnect
	case !db.connected.Load(): // the address may be wrong
		return tries
	case !isSQL, own.Code == pgerrcode.AdminShutdown, own.Code == pgerrcode.CrashShutdown, own.Code == pgerrcode.CannotConnectNow,
		pgerrcode.IsConnectionException(own.Code):
		return triesToOutlast
	}
	return tries
}

// Retry runs f until f succeeds, its error is not transient, or the tries are used up.
func (db *DB) Retry(ctx context.Context, f func() error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = 100*time.Millisecond, 5*time.Second
	for tried := 1; ; tried++ {
		err := Redact(f())
		if err == nil || !Transient(err) || ctx.Err() != nil || tried >= db.mostTries(err) {
			var own *Error
			if errors.As(err, &own) && own.remedy == "" {
				own.remedy = Explain(ctx, db.Pool, err)
			}
			return err
		}
		var own *Error
		if errors.As(err, &own) && own.Code == pgerrcode.ReadOnlySQLTransaction {
			db.Pool.Reset() // after a failover the pool is still connected to the old server, which is read-only
		}
		pause := wait.NextBackOff()
		if db.retried != nil {
			db.retried(err, tried, pause)
		}
		if err := db.sleep(ctx, pause); err != nil {
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

// readCommitted is how most transactions begin.
var readCommitted = Begin(pgx.ReadCommitted, "")

// InTx runs f in a transaction, and retries it as Retry does.
func (db *DB) InTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	return db.Retry(ctx, func() error { return db.Once(ctx, f) })
}

// Once runs f in a transaction, once.
func (db *DB) Once(ctx context.Context, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, db.Pool, readCommitted, f)
}
