//go:build linux

package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// peerFiles are programs that others might write for the same task, in good faith.
//
//go:embed peers
var peerFiles embed.FS

// fewer is the smaller workload of the peers, which are slow, and of their baseline.
func (b *bench) fewer(ctx context.Context) (_ *hosted, err error) {
	if b.few == nil {
		if b.few, err = b.host(ctx, "days for the peers", today.AddDate(0, 0, -60), today, b.peerSessions, 1); err != nil {
			return nil, err
		}
		err = os.CopyFS(b.dir, peerFiles)
	}
	return b.few, err
}

func copyFew(b *bench, ctx context.Context, _ string, record func(string, sample)) error {
	w, err := b.fewer(ctx)
	if err != nil {
		return err
	}
	s, err := b.copy(ctx, w)
	if err == nil {
		record("copy-few", s)
	}
	return err
}

// peer is a scene that runs a peer.
func peer(name, title, script string, interpreter func() (path, missing string)) scene {
	return scene{
		measures: []measure{{name, title, "copy-few"}},
		missing:  func() string { _, missing := interpreter(); return missing },
		play: func(b *bench, ctx context.Context, _ string, record func(string, sample)) error {
			w, err := b.fewer(ctx)
			if err != nil {
				return err
			}
			path, _ := interpreter()
			s, err := b.peer(ctx, w, path, script)
			if err == nil {
				record(name, s)
			}
			return err
		},
	}
}

func (b *bench) peer(ctx context.Context, w *hosted, interpreter, script string) (s sample, err error) {
	if err := b.pg.fresh(ctx, scratch); err != nil {
		return s, err
	}
	schema, err := peerFiles.ReadFile("peers/schema.sql")
	if err != nil {
		return s, err
	}
	if err := b.pg.exec(ctx, scratch, string(schema)); err != nil {
		return s, err
	}
	cmd := command(ctx, interpreter, filepath.Join(b.dir, "peers", script))
	cmd.Dir = b.dir
	cmd.Env = append(neutral(), "URL="+w.api+"/ss/api/usage_new", "KEY="+apiKey,
		"FROM="+w.from.Format(time.DateOnly), "UNTIL="+w.to.Format(time.DateOnly),
		"DATABASE=postgresql"+b.pg.URL(scratch)[len("postgres"):], "WORK="+b.dir,
		"UPSERT="+filepath.Join(b.dir, "peers", "upsert.sql"),
		"PATH="+filepath.Dir(b.pg.psql)+":"+os.Getenv("PATH"))
	if s, err = b.measure(ctx, scratch, w.facts.rows(), cmd); err != nil {
		return s, err
	}
	s.tuples, s.memory = -1, 0 // unknown: other tables, and more than one process
	return s, b.checkPeer(ctx, w.facts)
}

// checkPeer requires all rows, except those of same-second sessions, which a peer cannot tell apart.
func (b *bench) checkPeer(ctx context.Context, want facts) error {
	conn, err := b.pg.connect(ctx, scratch)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	var sessions, events int
	err = conn.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM peer.screen_sessions), (SELECT count(*) FROM peer.screen_session_events)`).Scan(&sessions, &events)
	if err != nil {
		return err
	}
	const longestLog = 6
	if sessions != want.sessions-want.sameSecond || events > want.events || events < want.events-want.sameSecond*longestLog {
		return fmt.Errorf("wrong result: %d sessions and %d events, want %d and %d except for %d same-second sessions",
			sessions, events, want.sessions, want.events, want.sameSecond)
	}
	return nil
}

// shell is the path of sh, and the missing tools.
func shell() (path, missing string) {
	for _, tool := range []string{"curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", tool
		}
	}
	return "/bin/sh", ""
}

// python is the first Python that has the modules, and the missing ones.
func python() (path, missing string) {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import pandas, sqlalchemy, psycopg2").Run() == nil {
			return path, ""
		}
	}
	return "", "python3 with pandas, sqlalchemy and psycopg2"
}
