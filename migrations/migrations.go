package migrations

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/golang-migrate/migrate/v4/source"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/postgres"
)

//go:embed *.sql
var files embed.FS

// Latest is the schema version that this binary needs.
func Latest() uint { return latest(list(files)) }

// Up migrates the warehouse to the latest version and grants the roles their rights. It returns the versions before and after, also
// with an error, because earlier migrations stay. An empty url means the PG* environment variables.
func Up(ctx context.Context, url string) (from, to uint, err error) { return up(ctx, url, files) }

// Down undoes the newest steps migrations, or all if there are fewer. The objects that they made are dropped with their data.
func Down(ctx context.Context, url string, steps int) (from, to uint, err error) {
	return down(ctx, url, files, steps)
}

func up(ctx context.Context, url string, fsys fs.FS) (from, to uint, err error) {
	s, from, err := open(ctx, url, fsys, "up")
	if err != nil {
		return from, from, err
	}
	defer s.close(ctx)

	to = from
	for to < latest(s.known) {
		if to, err = s.step(ctx, to, 1); err != nil {
			return from, to, failed(ctx, s.conn, "up", err)
		}
	}
	if err := s.grantRoles(ctx, from != to); err != nil {
		return from, to, failed(ctx, s.conn, "up: grant roles", err)
	}
	return from, to, nil
}

func down(ctx context.Context, url string, fsys fs.FS, steps int) (from, to uint, err error) {
	if steps < 1 {
		return 0, 0, fmt.Errorf("migrate down: %d steps: at least 1 is needed", steps)
	}
	s, from, err := open(ctx, url, fsys, "down")
	if err != nil {
		return from, from, err
	}
	defer s.close(ctx)

	for to = from; to > 0 && steps > 0; steps-- {
		if to, err = s.step(ctx, to, -1); err != nil {
			return from, to, failed(ctx, s.conn, "down", err)
		}
	}
	return from, to, nil
}

// failed wraps an error. If the reason may be a missing right, a schema that somebody else made, or a setting of the role or the database,
// it adds what to do. conn may be nil.
func failed(ctx context.Context, conn *pgx.Conn, command string, err error) error {
	remedy := postgres.Remedy(err)
	switch code := sqlState(err); {
	case remedy != "" || conn == nil:
	case code == pgerrcode.InsufficientPrivilege:
		remedy = fmt.Sprintf("migrate as the owner of the schemas wheelhouse, crankwheel and bi; before the first migration, also run GRANT CREATE ON "+
			"DATABASE %s TO %s, even if the schemas exist", pgx.Identifier{conn.Config().Database}.Sanitize(), pgx.Identifier{conn.Config().User}.Sanitize())
		if settings := postgres.Explain(ctx, conn, err); settings != "" {
			remedy += "; or " + settings
		}
	case code == pgerrcode.DuplicateSchema:
		remedy = "drop this schema if it is empty; the migration makes it"
	default:
		remedy = postgres.Explain(ctx, conn, err)
	}
	if remedy == "" {
		return fmt.Errorf("migrate %s: %w", command, err)
	}
	return fmt.Errorf("migrate %s: %w: %s", command, err, remedy)
}

// A migration is a pair of files. Its name is the files' without the ending: 0003_bi.
type migration struct {
	version uint
	name    string
}

// list returns the migrations of a folder, oldest first, because fs.ReadDir sorts names and the numbers have leading zeros. Other
// files are ignored, as golang-migrate does.
func list(fsys fs.FS) []migration {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		panic("migrations: embedded files: " + err.Error()) // cannot happen: they are part of the binary
	}
	var known []migration
	for _, e := range entries {
		m, err := source.DefaultParse(e.Name())
		if err != nil || m.Direction != source.Up {
			continue
		}
		known = append(known, migration{m.Version, e.Name()[:len(e.Name())-len(".up.sql")]})
	}
	return known
}

func latest(known []migration) uint {
	if len(known) == 0 {
		return 0
	}
	return known[len(known)-1].version
}
