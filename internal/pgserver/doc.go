// Package pgserver runs a private PostgreSQL server for the demo, for tests and
// for benchmarks.
//
// It promises:
//
//   - The server listens on 127.0.0.1 only, on a free port, and requires a random
//     password (SCRAM; no Unix socket).
//   - The server runs as an unprivileged user even when the program runs as root.
//     It has a session of its own: Ctrl-C ends the program but not the server, so
//     the program can still commit before it calls Close.
//   - Nothing remains after Close, or after the program ends without calling it, by
//     any signal: no process, no temporary folder, no shared memory. Each server
//     program is run by a small shell. A pipe between program and shell closes when
//     the program ends, and the shell then stops the server.
//   - The same sort order on every machine: UTF-8, by code point. The time zone is
//     UTC, messages are in English.
//
// It does not promise:
//
//   - Durability, unless Options.Durable is set. Otherwise a crash of the machine
//     loses the cluster, and Crash may lose the last commits (set
//     synchronous_commit to on to keep them).
//   - A clean-up when the shells themselves are killed or the machine stops. A
//     folder wheelhouse-pg-* then remains among the temporary files or in Options.Parent.
//   - Windows. Start fails there and asks for a DATABASE_URL.
//
// The server programs are those of Options.Bin, else of WHEELHOUSE_PG_BIN, else of
// PATH, else of the folders of Debian, Homebrew and Fedora. Versions before 14 are
// ignored. If there are none, x86-64 Linux with npm downloads a pinned version once
// into a cache folder, and verifies its checksum.
//
// If Start fails, it leaves neither a process nor a temporary folder, and its error
// has the end of the server's log. If there are no server programs, the error is one
// line that says what to install. A server that ends by itself is not restarted: its
// clients get errors, and Restart starts it again.
package pgserver
