//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"wheelhouse/internal/pgserver"
)

// template is the migrated database that is copied for each measurement.
const template = "bench_template"

// postgres is the private server.
type postgres struct {
	*pgserver.Server
	version    string
	psql       string // of the same release, if there is one
	postmaster int    // process id
}

func startPostgres(ctx context.Context, sharedBuffers string, notice func(string)) (*postgres, error) {
	o := pgserver.Options{Durable: true, Notice: notice}
	if sharedBuffers != "" {
		o.Settings = map[string]string{"shared_buffers": sharedBuffers}
	}
	server, err := pgserver.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	p := &postgres{Server: server}
	if err := p.look(ctx); err != nil {
		server.Close()
		return nil, err
	}
	return p, nil
}

// look reads the server's settings, and refuses a server that is not durable.
func (p *postgres) look(ctx context.Context) error {
	conn, err := p.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	var backend int
	var bin, durable string
	err = conn.QueryRow(ctx, `
		SELECT pg_backend_pid(), current_setting('server_version'),
		       (SELECT setting FROM pg_config WHERE name = 'BINDIR'),
		       concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))`,
	).Scan(&backend, &p.version, &bin, &durable)
	if err != nil {
		return err
	}
	if durable != "on on on" {
		return fmt.Errorf("fsync, synchronous_commit, full_page_writes are %s", durable)
	}
	self, err := statOf(backend)
	if err != nil {
		return err
	}
	p.postmaster = self.parent
	if p.psql = filepath.Join(bin, "psql"); !isProgram(p.psql) {
		if p.psql, err = exec.LookPath("psql"); err != nil {
			return fmt.Errorf("the baseline needs psql: %w", err)
		}
	}
	return nil
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func (p *postgres) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, p.URL(database))
}

// exec runs statements in a database, each in a transaction of its own.
func (p *postgres) exec(ctx context.Context, database string, statements ...string) error {
	conn, err := p.connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(sql), err)
		}
	}
	return nil
}

// fresh makes an empty database with the program's schema; drop drops it.
func (p *postgres) fresh(ctx context.Context, name string) error {
	return p.exec(ctx, "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
}

func (p *postgres) drop(name string) error {
	return p.exec(context.Background(), "postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}
