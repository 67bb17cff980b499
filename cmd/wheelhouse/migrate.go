package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"wheelhouse/internal/report"
	"wheelhouse/migrations"
)

func (a *app) migrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate the warehouse's schema up or down, or print its version",
		Long: `The warehouse's schema is made by numbered migrations that are built into the program. Each migration commits
as a whole or not at all. Two processes may migrate at once. The connection must go to Postgres itself, not
through PgBouncer in transaction mode.`,
		Example: `  wheelhouse migrate up
  wheelhouse migrate status
  wheelhouse migrate down --steps 1 --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.migrateUp(), a.migrateDown(), a.migrateStatus())
	return cmd
}

// database is the warehouse's address from the settings.
func (a *app) database() (string, error) {
	s, err := a.settings(true)
	if err != nil {
		return "", err
	}
	return s.Database.Reveal(), nil
}

func (a *app) migrateUp() *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Apply all migrations that are missing", Args: cobra.NoArgs,
		Example: "  wheelhouse migrate up",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.migrated(cmd.Context(), func(ctx context.Context, url string) (uint, uint, error) {
				if s, err := migrations.ReadStatus(ctx, url); err == nil {
					a.printRewrites(s)
				}
				return migrations.Up(ctx, url)
			})
		},
	}
}

func (a *app) migrateDown() *cobra.Command {
	var steps int
	var yes bool
	cmd := &cobra.Command{
		Use: "down --steps N --yes", Short: "Undo the newest migrations, and delete the data in their tables", Args: cobra.NoArgs,
		Long: `Undoes the newest migrations. The tables that they made are dropped, with their data. Undoing all migrations leaves
the schema wheelhouse with the list of migrations, and the roles, which other databases of the server may use.`,
		Example: "  wheelhouse migrate down --steps 1 --yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if steps < 1 {
				return usageError{fmt.Errorf("--steps is the number of migrations to undo, at least 1")}
			}
			if !yes {
				return usageError{errors.New("the tables of these migrations are dropped, with their data: confirm with --yes")}
			}
			return a.migrated(cmd.Context(), func(ctx context.Context, url string) (uint, uint, error) {
				return migrations.Down(ctx, url, steps)
			})
		},
	}
	cmd.Flags().IntVar(&steps, "steps", 0, "how many migrations to undo")
	cmd.Flags().BoolVar(&yes, "yes", false, "drop the tables of these migrations, with their data")
	return cmd
}

// printRewrites says how long rewrites of tables by the pending migrations take and how much free disk space they need.
func (a *app) printRewrites(s migrations.Status) {
	if len(s.Rewrites) == 0 {
		return
	}
	var bytes, seconds int64
	for _, r := range s.Rewrites {
		if r.Indexes {
			fmt.Fprintf(a.out, "%s builds indexes of %s anew (%s).\n", r.Migration, r.Table, megabytes(r.Bytes))
		} else {
			fmt.Fprintf(a.out, "%s rewrites %s (%s with its indexes).\n", r.Migration, r.Table, megabytes(r.Bytes))
		}
		bytes, seconds = bytes+r.Bytes, seconds+r.Seconds()
	}
	fmt.Fprintf(a.out, "This takes about %s. It needs %s of free disk space, and as much again for WAL. Meanwhile nobody can read the views of schema bi. An interrupted rewrite changes nothing.\n",
		time.Duration(seconds)*time.Second, megabytes(bytes))
}

func megabytes(bytes int64) string { return fmt.Sprintf("%d MB", (bytes+999_999)/1_000_000) }

// migrated runs a migration and prints the old and the new version.
func (a *app) migrated(ctx context.Context, migrate func(context.Context, string) (uint, uint, error)) error {
	url, err := a.database()
	if err != nil {
		return err
	}
	from, to, err := migrate(ctx, url)
	if err != nil {
		return unreachable(url, err)
	}
	if from == to {
		fmt.Fprintf(a.out, "The warehouse is at version %d: nothing to do.\n", to)
	} else {
		fmt.Fprintf(a.out, "The warehouse went from version %d to %d.\n", from, to)
	}
	if s, err := migrations.ReadStatus(ctx, url); err == nil && s.RolesSQL != "" {
		fmt.Fprintln(a.out, "Some roles or some of their rights are missing: `wheelhouse migrate status` prints the SQL for a user who may create them.")
	}
	return nil
}

func (a *app) migrateStatus() *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use: "status", Short: "Print the schema's version, and the SQL that must still be run", Args: cobra.NoArgs,
		Example: "  wheelhouse migrate status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := a.database()
			if err != nil {
				return err
			}
			s, err := migrations.ReadStatus(cmd.Context(), url)
			if err != nil {
				return unreachable(url, err)
			}
			if json {
				return report.JSON(a.out, s)
			}
			fmt.Fprintf(a.out, "The warehouse is at version %d of %d.\n", s.Version, s.Latest)
			for _, name := range s.Pending {
				fmt.Fprintf(a.out, "  to apply: %s\n", name)
			}
			a.printRewrites(s)
			switch {
			case s.Dirty:
				fmt.Fprintln(a.out, "A migration by another tool failed half-way: `wheelhouse migrate up` says what to do.")
			case s.Version > s.Latest:
				fmt.Fprintln(a.out, "The warehouse is newer than this program, which refuses to load into it: use the newer wheelhouse, or undo the newest migrations with it.")
			case len(s.Pending) > 0:
				fmt.Fprintln(a.out, "`wheelhouse migrate up` applies them.")
			}
			if s.RolesSQL != "" {
				fmt.Fprintf(a.out, "\nA user who may create roles and grant these rights must run:\n\n%s\n", s.RolesSQL)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	return cmd
}
