package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Setting is a setting of Postgres.
type Setting struct{ Name, Value string }

// ours are the settings that statements depend on, or that could stop them (invariant 7). The role, the database, the address and
// PGOPTIONS may have other values. Each transaction sets all of them, because PgBouncer in transaction mode keeps few of a client's
// settings. All other settings are the owner's choice, such as synchronous_commit, work_mem and default_tablespace.
var ours = []Setting{
	// What statements mean. Objects of other schemas always have their schema's name.
	{"search_path", "pg_catalog, pg_temp"}, {"standard_conforming_strings", "on"}, {"backslash_quote", "safe_encoding"},
	{"transform_null_equals", "off"}, {"array_nulls", "on"}, {"quote_all_identifiers", "off"},
	// How values are read and shown as texts.
	{"client_encoding", "UTF8"}, {"DateStyle", "ISO, MDY"}, {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"},
	{"bytea_output", "hex"}, {"extra_float_digits", "1"},
	// How long a statement may run, how long it may wait for a lock, and how long a transaction may stay open without a statement, as
	// when this process was stopped.
	{"statement_timeout", "1h"}, {"lock_timeout", "10min"}, {"idle_in_transaction_session_timeout", "60s"},
	// Compiling a statement takes longer than running it.
	{"jit", "off"},
}

// newer are settings that not all versions of Postgres know: a time limit for a whole transaction (since 17), and a refusal to read views
// (since the minor versions of August 2024).
var newer = []Setting{{"transaction_timeout", "0"}, {"restrict_nonsystem_relation_kind", ""}}

// rare are settings that hardly anybody changes. They are set only if they differ: setting timezone_abbreviations reads a file, and
// setting session_replication_role needs a superuser. With another value of session_replication_role, triggers and foreign keys do
// nothing.
var rare = []Setting{{"timezone_abbreviations", "Default"}, {"session_replication_role", "origin"}}

// atConnect are the settings that PgBouncer keeps for each client. A request for a connection through PgBouncer cannot have others.
var atConnect = []Setting{{"client_encoding", "UTF8"}, {"DateStyle", "ISO, MDY"}, {"TimeZone", "UTC"}, {"standard_conforming_strings", "on"}}

// Config reads a libpq-style DSN or URL; empty means the PG* variables. Every connection of Wheelhouse is made with Config. It leaves out
// the address's values of settings that Begin sets, because PgBouncer refuses them.
func Config(dsn, application string) (*pgxpool.Config, error) {
	if err := CheckAddress(dsn); err != nil { // pgx's own message quotes the address
		return nil, fmt.Errorf("database address: %w", err)
	}
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("database address: it cannot be understood")
	}
	c := cfg.ConnConfig
	// Each statement takes one round trip, and no statement is prepared, because PgBouncer may give each transaction another
	// connection (invariant 7).
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	c.AfterConnect = func(_ context.Context, conn *pgconn.PgConn) error { return usable(conn) }
	maps.DeleteFunc(c.RuntimeParams, func(name, _ string) bool {
		return strings.EqualFold(name, "application_name") || isOurs(name)
	})
	c.RuntimeParams["application_name"] = application
	for _, s := range atConnect {
		c.RuntimeParams[s.Name] = s.Value
	}
	return cfg, nil
}

// isOurs tells whether a transaction of Begin has its own value of the setting.
func isOurs(name string) bool {
	inBegin := []Setting{{Name: "default_transaction_isolation"}, {Name: "default_transaction_deferrable"}}
	return slices.ContainsFunc(slices.Concat(ours, newer, rare, inBegin), func(s Setting) bool { return strings.EqualFold(name, s.Name) })
}

// UnusableError: the database can never be a warehouse.
type UnusableError struct{ Cause, Remedy string }

func (e UnusableError) Error() string { return e.Cause + ": " + e.Remedy }

// usable returns an UnusableError for a database that is not UTF8, and for a server that is too old. The server tells both when the
// connection is made.
func usable(conn *pgconn.PgConn) error {
	if encoding := conn.ParameterStatus("server_encoding"); encoding != "" && encoding != "UTF8" {
		return UnusableError{"the encoding of the database is " + encoding + ", which cannot hold every text",
			"make a database with `createdb -E UTF8 -T template0 NAME`, and use that one"}
	}
	version, _, _ := strings.Cut(conn.ParameterStatus("server_version"), ".")
	if major, err := strconv.Atoi(version); err == nil && major < 14 {
		return UnusableError{"the server is PostgreSQL " + version, "use PostgreSQL 14 or newer"}
	}
	return nil
}

// Begin returns the options of a transaction with all of Wheelhouse's settings, and with more settings for this transaction alone. The
// message that begins the transaction also sets them, so they take no round trip of their own.
func Begin(level pgx.TxIsoLevel, access pgx.TxAccessMode, more ...Setting) pgx.TxOptions {
	// Each name has its schema, because search_path is not set yet.
	var made []string
	for _, s := range slices.Concat(ours, more) {
		made = append(made, set(s))
	}
	for _, s := range newer {
		made = append(made, fmt.Sprintf("CASE WHEN pg_catalog.current_setting('%s', true) IS NOT NULL THEN %s END", s.Name, set(s)))
	}
	for _, s := range rare {
		if s.Name == "session_replication_role" && access == pgx.ReadOnly { // no statement that reads depends on it
			continue
		}
		made = append(made, fmt.Sprintf("CASE WHEN pg_catalog.current_setting('%s') OPERATOR(pg_catalog.<>) '%s' THEN %s END", s.Name, s.Value, set(s)))
	}
	begin := "begin isolation level " + string(level)
	if access != "" { // "": default_transaction_read_only decides. A standby, or a server with too little disk space, may set it
		begin += " " + string(access)
	}
	return pgx.TxOptions{BeginQuery: begin + " not deferrable; SELECT " + strings.Join(made, ", ")}
}

func set(s Setting) string {
	return fmt.Sprintf("pg_catalog.set_config('%s', '%s', true)", s.Name, s.Value)
}
