package pipeline

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/testdb"
)

// contents reads every row of crankwheel, deleted ones included.
func (b *bench) contents() testdb.Contents {
	b.t.Helper()
	return testdb.Read(b.t, b.url)
}

// tuples returns a hash of all tuples of each table: their ctid, xmin and xmax, and their columns. Writing or locking a row changes
// the hash.
func (b *bench) tuples() map[string]string {
	b.t.Helper()
	all := map[string]string{}
	for _, table := range testdb.Tables(b.t, b.url) {
		all[table] = b.rows(`SELECT md5(coalesce(string_agg(ctid::text || xmin::text || xmax::text || t::text, ',' ORDER BY ctid), ''))
		                     FROM crankwheel.` + table + ` t`)[0][0].(string)
	}
	return all
}

// written returns the number of tuples that were ever written in crankwheel, from Postgres's statistics.
func (b *bench) written() int64 {
	b.t.Helper()
	if b.rows("SELECT current_setting('server_version_num')::integer < 150000")[0][0].(bool) {
		return b.writtenBefore15()
	}
	for _, conn := range b.runner.Warehouse.Pool().AcquireAllIdle(b.t.Context()) {
		_, err := conn.Exec(b.t.Context(), "SELECT pg_stat_force_next_flush()")
		conn.Release() // before Fatal: the pool's Close waits for it
		if err != nil {
			b.t.Fatal(err)
		}
	}
	var pinned []pgx.Tx // open at the same time, so that each is in another session
	for range testdb.Sessions() {
		tx, err := mustConnect(b.t, b.url).Begin(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		pinned = append(pinned, tx)
	}
	for _, tx := range pinned {
		_, err := tx.Exec(b.t.Context(), "SELECT pg_stat_force_next_flush()")
		if err := errors.Join(err, tx.Commit(b.t.Context())); err != nil {
			b.t.Fatal(err)
		}
	}
	return b.counted()
}

func (b *bench) counted() int64 {
	b.t.Helper()
	return b.rows(`SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
	               FROM pg_stat_user_tables WHERE schemaname = 'crankwheel'`)[0][0].(int64)
}

// writtenBefore15 does what written does, on servers that cannot send their statistics on request. There, a session sends statistics when
// it ends, and readers may see statistics that are up to half a second old.
func (b *bench) writtenBefore15() int64 {
	b.t.Helper()
	if testdb.Sessions() > 0 {
		b.t.Skip("PgBouncer keeps the sessions, whose statistics are not sent on request before PostgreSQL 15")
	}
	b.runner.Warehouse.Pool().Reset()
	time.Sleep(time.Second)
	return b.counted()
}

// mustWriteNothing fails if f writes or locks a tuple in crankwheel.
func (b *bench) mustWriteNothing(what string, f func()) {
	b.t.Helper()
	tuples, written := b.tuples(), b.written()
	f()
	if n := b.written() - written; n != 0 {
		b.t.Errorf("%s wrote %d tuples", what, n)
	}
	for table, is := range b.tuples() {
		if was := tuples[table]; is != was {
			b.t.Errorf("%s wrote or locked rows of %s", what, table)
		}
	}
}

// forgetHashes makes the next load of every window compare rows.
func (b *bench) forgetHashes() {
	b.t.Helper()
	b.rows("UPDATE wheelhouse.loads SET response_hash = NULL")
}

// equal fails unless both warehouses have the same rows.
func equal(t *testing.T, what string, want, got testdb.Contents) {
	t.Helper()
	if d := want.Diff(got); d != "" {
		t.Errorf("%s: the warehouses differ (- want, + got):%s", what, d)
	}
}
