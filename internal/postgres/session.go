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

// ours are the settings that statements depend on, or that could stop them (invariant 7). Role, database, address and PGOPTIONS may
// have others. Each transaction makes all of them, because PgBouncer in transaction mode keeps few of a client's settings.
// What is not here is the owner's choice, such as synchronous_commit, work_mem and default_tablespace.
var ours = []Setting{
	// What statements mean. Objects of other schemas always have their schema's name.
	{"search_path", "pg_catalog, pg_temp"}, {"standard_conforming_strings", "on"}, {"backslash_quote", "safe_encoding"},
	{"transform_null_equals", "off"}, {"array_nulls", "on"}, {"quote_all_identifiers", "off"},
	// How values are read and shown as texts.
	{"client_encoding", "UTF8"}, {"DateStyle", "ISO, MDY"}, {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"},
	{"bytea_output", "hex"}, {"extra_float_digits", "1"},
	// How long a statement runs, waits for a lock, and may be interrupted by a process that was stopped.
	{"statement_timeout", "1h"}, {"lock_timeout", "10min"}, {"idle_in_transaction_session_timeout", "60s"},
	// Compiling a statement takes longer than running it.
	{"jit", "off"},
}

// newer are settings that some versions of Postgres do not know: a limit for a whole transaction (17), and a refusal to read views (minor
// versions of August 2024).
var newer = []Setting{{"transaction_timeout", "0"}, {"restrict_nonsystem_relation_kind", ""}}

// rare are settings that hardly anybody changes. To make them costs more (a file is read), or needs a superuser: with another value of
// session_replication_role, triggers and foreign keys do nothing.
var rare = []Setting{{"timezone_abbreviations", "Default"}, {"session_replication_role", "origin"}}

// atConnect are the settings that PgBouncer keeps for each client. Others cannot be part of a connection's request.
var atConnect = []Setting{{"client_encoding", "UTF8"}, {"DateStyle", "ISO, MDY"}, {"TimeZone", "UTC"}, {"standard_conforming_strings", "on"}}

// Config reads a libpq-style DSN or URL; empty means the PG* variables. Every connection of Wheelhouse is made with it. The address's
// own values of settings that Begin makes are left out, because PgBouncer refuses them.
func Config(dsn, application string) (*pgxpool.Config, error) {
	if err := CheckAddress(dsn); err != nil { // pgx's own message quotes the address
		return nil, fmt.Errorf("database address: %w", err)
	}
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("database address: it cannot be understood")
	}
	c := cfg.ConnConfig
	// One round trip for each statement, and nothing prepared: PgBouncer may give each transaction another connection
	// (invariant 7).
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

// isOurs tells whether a transaction of Begin makes the setting.
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
			"make a database with `createdb -E UTF8 -T template0 NAME`, and name that one"}
	}
	version, _, _ := strings.Cut(conn.ParameterStatus("server_version"), ".")
	if major, err := strconv.Atoi(version); err == nil && major < 14 {
		return UnusableError{"the server is PostgreSQL " + version, "Wheelhouse needs 14 or newer"}
	}
	return nil
}

// Begin returns the options of a transaction with all of Wheelhouse's settings, and more that hold for this transaction. The settings are
// part of the statement that begins the transaction, so they take no round trip of their own.
func Begin(level pgx.TxIsoLevel, access pgx.TxAccessMode, more ...Setting) pgx.TxOptions {
	// Names have their schema, because search_path is not set yet.
	var made []string
	for _, s := range slices.Concat(ours, more) {
		made = append(made, set(s))
	}
	for _, s := range newer {
		made = append(made, fmt.Sprintf("CASE WHEN pg_catalog.current_setting('%s', true) IS NOT NULL THEN %s END", s.Name, set(s)))
	}
	for _, s := range rare {
		if s.Name == "session_replication_role" && access == pgx.ReadOnly { // reading does not depend on it
			continue
		}
		made = append(made, fmt.Sprintf("CASE WHEN pg_catalog.current_setting('%s') OPERATOR(pg_catalog.<>) '%s' THEN %s END", s.Name, s.Value, set(s)))
	}
	begin := "begin isolation level " + string(level)
	if access != "" { // else default_transaction_read_only decides: a server with too little disk, or a standby, may set it
		begin += " " + string(access)
	}
	return pgx.TxOptions{BeginQuery: begin + " not deferrable; SELECT " + strings.Join(made, ", ")}
}

func set(s Setting) string {
	return fmt.Sprintf("pg_catalog.set_config('%s', '%s', true)", s.Name, s.Value)
}
