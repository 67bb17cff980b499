package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pgserver"
	"wheelhouse/internal/sample"
	"wheelhouse/migrations"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "warehousedoc:", err)
		os.Exit(1)
	}
}

// run writes the documents into docs of the working directory, which must be the top of the sources.
func run(ctx context.Context) error {
	if _, err := os.Stat("docs"); err != nil {
		return errors.New("no folder docs here: run it at the top of the sources")
	}
	server, err := pgserver.Start(ctx, pgserver.Options{Notice: func(s string) { fmt.Fprintln(os.Stderr, s) }})
	if err != nil {
		return err
	}
	defer server.Close()
	dsn := server.URL("postgres")
	if _, _, err := migrations.Up(ctx, dsn); err != nil {
		return err
	}
	if _, err := sample.Load(ctx, dsn); err != nil {
		return err
	}
	made, err := documents(ctx, dsn)
	if err != nil {
		return err
	}
	for name, text := range made {
		if err := os.WriteFile(filepath.Join("docs", name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// documents makes the documents of the loaded warehouse at dsn, by file name.
func documents(ctx context.Context, dsn string) (map[string][]byte, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	c, err := readCatalogue(ctx, conn)
	if err != nil {
		return nil, err
	}
	questions, err := ask(ctx, conn)
	if err != nil {
		return nil, err
	}
	picture, err := draw(c)
	if err != nil {
		return nil, err
	}
	text, err := write(c, questions)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"warehouse.md": text, "warehouse.svg": picture}, nil
}
