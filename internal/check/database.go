package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/ledger"
	"wheelhouse/internal/postgres"
	"wheelhouse/internal/settings"
	"wheelhouse/migrations"
)

// Database is what the checks of the database look at.
type Database struct {
	DB       migrations.DB      // a pool or a connection of package postgres, which refuses servers and encodings that no warehouse can have
	Accounts []settings.Account // the accounts to load
	Moved    bool               // --accept-server: an account whose server has changed is the same account
	Pages    func(context.Context) error

	tx     pgx.Tx // the transaction in which checks read; nil: none has begun
	advice bool   // results that are not failures are wanted, too: a load that starts does not read them
}

// Stage says before what a check of the database is carried out.
type Stage int

// The stages, in their order.
const (
	Schema Stage = iota // before anything is read or written
	Load                // before data are loaded
	Advice              // about what loads do not need: these checks find no failure, only warnings
)

// databaseChecks are the checks of the database, in the order in which they are carried out and shown.
var databaseChecks = []struct {
	name  string
	stage Stage
	needs bool // needs this program's schema
	check func(context.Context, Database) ([]Result, error)
}{
	{"database", Schema, false, server},
	{"database_schema", Schema, false, schema},
	{"database_rights", Load, true, rights},
	{"zone", Load, false, zones},
	{"server", Load, true, servers},
	{"roles", Advice, true, roles},
	{"pages", Advice, true, pages},
}

// reading has the options of a transaction that changes nothing.
var reading = postgres.Begin(pgx.ReadCommitted, pgx.ReadOnly)

// Run carries out the checks of the database from one stage to another, both included. If the database does not have this program's
// schema, checks that need the schema are left out.
func Run(ctx context.Context, d Database, from, to Stage) (all []Result) {
	fits := true
	d.advice = to == Advice
	defer func() { d.end(ctx) }()
	for _, c := range databaseChecks {
		if c.stage < from || c.stage > to || c.needs && !fits {
			continue
		}
		var results []Result
		err := d.begin(ctx)
		if err == nil {
			results, err = c.check(ctx, d)
		}
		if err != nil {
			d.end(ctx) // after an error no statement works in this transaction
			results = failed(postgres.Redact(err))
		}
		for _, r := range results {
			if c.stage == Advice && r.Status == Fail {
				r.Status = Warn
			}
			r.Check = c.name
			all = append(all, r)
			fits = fits && (c.stage != Schema || r.Status != Fail)
		}
	}
	return all
}

// begin begins a transaction, unless there is one.
func (d *Database) begin(ctx context.Context) (err error) {
	if d.tx == nil {
		d.tx, err = d.DB.BeginTx(ctx, reading)
	}
	return err
}

// end ends the transaction, if there is one.
func (d *Database) end(ctx context.Context) {
	if d.tx != nil {
		_ = d.tx.Rollback(context.WithoutCancel(ctx)) // the transaction only read
		d.tx = nil
	}
}

// within is a transaction whose parts read in it: a role may have only one connection.
type within struct{ pgx.Tx }

func (w within) BeginTx(ctx context.Context, _ pgx.TxOptions) (pgx.Tx, error) { return w.Begin(ctx) }

// Refusal returns the first failure that is not about one account, as the error with which a program refuses to work on the database. If
// there is none, it returns the failures about accounts: each of these accounts is to be left out.
func Refusal(results []Result) (accounts []Result, err error) {
	for _, r := range results {
		switch {
		case r.Status != Fail:
		case r.Account != "":
			accounts = append(accounts, r)
		default:
			return nil, r.Err()
		}
	}
	return accounts, nil
}

func server(ctx context.Context, d Database) ([]Result, error) {
	var version string
	if err := d.tx.QueryRow(ctx, `SELECT current_setting('server_version')`).Scan(&version); err != nil {
		return nil, err
	}
	return []Result{ok("PostgreSQL %s", version)}, nil
}

func schema(ctx context.Context, d Database) ([]Result, error) {
	err := migrations.Check(ctx, within{d.tx})
	var wrong *migrations.SchemaError
	switch {
	case err == nil:
		return []Result{ok("version %d", migrations.Latest())}, nil
	case !errors.As(err, &wrong):
		return nil, err
	}
	all := []Result{fail(wrong.Cause(), wrong.Remedy())}
	if wrong.Problem != migrations.Empty {
		return all, nil
	}
	var may bool
	var database, user string
	err = d.tx.QueryRow(ctx, `SELECT has_database_privilege(current_database(), 'CREATE'), quote_ident(current_database()), quote_ident(current_user)`).Scan(&may, &database, &user)
	if err == nil && !may {
		all = append(all, fail(fmt.Sprintf("the user %s may not create schemas in the database %s", user, database),
			fmt.Sprintf("run GRANT CREATE ON DATABASE %s TO %s as its owner", database, user)))
	}
	return all, err
}

// rights looks for tables of the warehouse that the user may not write. Tables of others in its schemas do not count.
func rights(ctx context.Context, d Database) ([]Result, error) {
	var user, database string
	var temporary bool
	var refused []string
	err := d.tx.QueryRow(ctx, `
		SELECT quote_ident(current_user), quote_ident(current_database()), has_database_privilege(current_database(), 'TEMPORARY'),
		       ARRAY(SELECT n.nspname || '.' || c.relname
		             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		             WHERE n.nspname IN ('crankwheel', 'wheelhouse') AND c.relkind IN ('r', 'p') AND c.relname <> 'schema_migrations' AND c.relowner = n.nspowner
		               AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
		                        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
		             ORDER BY 1)`).Scan(&user, &database, &temporary, &refused)
	switch {
	case err != nil:
		return nil, err
	case len(refused) > 0:
		return []Result{fail(fmt.Sprintf("the user %s may not read and write %s", user, some(refused)),
			fmt.Sprintf("run GRANT wheelhouse_loader TO %s as a superuser (if that is not enough, run `wheelhouse migrate up` as the schema's owner first)", user))}, nil
	case !temporary:
		return []Result{fail(fmt.Sprintf("the user %s may not create temporary tables in the database %s", user, database),
			fmt.Sprintf("run GRANT TEMPORARY ON DATABASE %s TO %s as its owner", database, user))}, nil
	}
	return []Result{ok("the user %s may load data", user)}, nil
}

// servers looks for accounts whose data came from another server than the one in the settings.
func servers(ctx context.Context, d Database) (all []Result, err error) {
	rows, err := d.tx.Query(ctx, `SELECT account_id, server FROM wheelhouse.accounts`)
	if err != nil {
		return nil, err
	}
	stored := map[string]string{}
	var account, server string
	if _, err := pgx.ForEachRow(rows, []any{&account, &server}, func() error { stored[account] = server; return nil }); err != nil {
		return nil, err
	}
	for _, a := range d.Accounts {
		switch other := ledger.OtherServer(a.ID, stored[a.ID], a.Server); {
		case other == nil:
			all = append(all, ok("%s is the account's server", a.Server).of(a.ID))
		case d.Moved:
			all = append(all, warn(other.Cause(), "do nothing: --accept-server says that it is the same account").of(a.ID))
		default:
			all = append(all, fail(other.Cause(), other.Remedy()).of(a.ID))
		}
	}
	return all, nil
}

// some lists at most three names.
func some(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

func roles(ctx context.Context, d Database) ([]Result, error) {
	var sql string
	if err := d.tx.QueryRow(ctx, `SELECT wheelhouse.missing_roles_sql()`).Scan(&sql); err != nil {
		return nil, err
	}
	if sql != "" {
		return []Result{warn("not all of the roles wheelhouse_loader, wheelhouse_reader and wheelhouse_pii_reader exist and have their rights",
			"run, as a superuser, the SQL that `wheelhouse migrate status` prints")}, nil
	}
	strangers, err := names(ctx, d.tx, `
		SELECT rolname FROM pg_roles
		WHERE rolname IN ('wheelhouse_loader', 'wheelhouse_reader', 'wheelhouse_pii_reader') AND (rolcanlogin OR rolsuper) AND rolname <> current_user`)
	if err != nil {
		return nil, err
	}
	if len(strangers) > 0 {
		return []Result{warn(fmt.Sprintf("%s may log in or is a superuser, so Wheelhouse did not create this role; it has rights in this warehouse", some(strangers)),
			"if the role belongs to somebody else, let its owner rename it and run `wheelhouse migrate up` again; otherwise run ALTER ROLE … NOLOGIN NOSUPERUSER")}, nil
	}
	return []Result{ok("wheelhouse_loader, wheelhouse_reader and wheelhouse_pii_reader have their rights")}, nil
}

func pages(ctx context.Context, d Database) ([]Result, error) {
	if d.Pages == nil {
		return []Result{ok("listen is off: there are no pages")}, nil
	}
	if err := d.Pages(ctx); err != nil {
		return []Result{warn("the pages cannot read the warehouse", err.Error())}, nil
	}
	return []Result{ok("the pages can read the warehouse")}, nil
}
