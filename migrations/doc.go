// Package migrations holds the warehouse's schema, as numbered SQL files in both directions, and applies them
// with golang-migrate.
//
// Promised: a file and the version number it leads to commit in one transaction, so that a failure, a crash or a
// cancelled context leaves the warehouse at a whole version, and the same call later goes on from there.
// golang-migrate alone would leave such a file rolled back yet marked "dirty". The mark is therefore never
// set from here; where another tool has set it, nothing here guesses what that tool did: every function
// refuses, and says which statement repairs it.
//
// Any number of processes may migrate at once: one works, the others wait for an advisory lock by polling, as long as
// their context allows, and then find nothing left to do. The lock belongs to a session, so migrations need a direct
// connection to Postgres or a pool in session mode. Behind PgBouncer in transaction mode they fail with that message
// before a file is run. Check needs no session.
//
// Roles belong to the whole cluster. A user who may not create them migrates all the same; Status.RolesSQL then says
// what somebody else must run. Every Up gives existing roles their rights again.
//
// A file must not contain BEGIN, COMMIT, or what cannot run in a transaction (CREATE INDEX CONCURRENTLY). It names
// every object with its schema: search_path is pg_catalog. No down file uses CASCADE, so that a view which
// somebody built upon the warehouse stops it instead of vanishing.
//
// Errors never hold the database URL or the password.
package migrations
