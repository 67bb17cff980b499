package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"wheelhouse/internal/report"
	"wheelhouse/migrations"
)

func (a *app) migrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the warehouse's schema up or down, or say where it stands",
		Long: `The warehouse's schema is made of numbered migrations that are built into the program. Each commits whole
or not at all. Two processes migrating at once do no harm. The connection must go to Postgres itself, not
through PgBouncer in transaction mode.`,
		Example: `  wheelhouse migrate up
  wheelhouse migrate status
  wheelhouse migrate down --steps 1`,
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
		Use: "up", Short: "Apply every migration the warehouse lacks", Args: cobra.NoArgs,
		Example: "  wheelhouse migrate up",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.migrated(cmd.Context(), migrations.Up)
		},
	}
}

func (a *app) migrateDown() *cobra.Command {
	var steps int
	cmd := &cobra.Command{
		Use: "down --steps N", Short: "Take back the newest migrations, with the data in what they made", Args: cobra.NoArgs,
		Long: `Takes back the newest migrations. Tables that they made go, and the data in them. Taking all back leaves the
schema wheelhouse with the list of migrations, and the roles, which other databases of the server may use.`,
		Example: "  wheelhouse migrate down --steps 1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if steps < 1 {
				return usageError{fmt.Errorf("--steps says how many migrations to take back, at least 1")}
			}
			return a.migrated(cmd.Context(), func(ctx context.Context, url string) (uint, uint, error) {
				return migrations.Down(ctx, url, steps)
			})
		},
	}
	cmd.Flags().IntVar(&steps, "steps", 0, "how many migrations to take back")
	return cmd
}

// migrated runs a migration and says from where to where it went.
func (a *app) migrated(ctx context.Context, migrate func(context.Context, string) (uint, uint, error)) error {
	url, err := a.database()
	if err != nil {
		return err
	}
	from, to, err := migrate(ctx, url)
	if err != nil {
		return err
	}
	if from == to {
		fmt.Fprintf(a.out, "The warehouse is at version %d: nothing to do.\n", to)
	} else {
		fmt.Fprintf(a.out, "The warehouse went from version %d to %d.\n", from, to)
	}
	if s, err := migrations.ReadStatus(ctx, url); err == nil && s.RolesSQL != "" {
		fmt.Fprintln(a.out, "Some roles could not be made: `wheelhouse migrate status` prints the SQL for somebody who may.")
	}
	return nil
}

func (a *app) migrateStatus() *cobra.Command {
	var json bool
	cmd := &cobra.Command{
		Use: "status", Short: "Say where the schema stands, and what else must be run", Args: cobra.NoArgs,
		Example: "  wheelhouse migrate status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := a.database()
			if err != nil {
				return err
			}
			s, err := migrations.ReadStatus(cmd.Context(), url)
			if err != nil {
				return err
			}
			if json {
				return report.JSON(a.out, s)
			}
			fmt.Fprintf(a.out, "The warehouse is at version %d of %d.\n", s.Version, s.Latest)
			for _, name := range s.Pending {
				fmt.Fprintf(a.out, "  to apply: %s\n", name)
			}
			switch {
			case s.Dirty:
				fmt.Fprintln(a.out, "A migration of another tool stopped half-way; `wheelhouse migrate up` says what to do.")
			case s.Version > s.Latest:
				fmt.Fprintln(a.out, "It is newer than this program, which refuses to load into it: use the newer wheelhouse, or take the newest migrations back with it.")
			case len(s.Pending) > 0:
				fmt.Fprintln(a.out, "`wheelhouse migrate up` applies them.")
			}
			if s.RolesSQL != "" {
				fmt.Fprintf(a.out, "\nWhoever may make roles must run:\n\n%s\n", s.RolesSQL)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print as JSON")
	return cmd
}
