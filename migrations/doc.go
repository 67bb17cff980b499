// Package migrations has the warehouse's schema, as numbered SQL files in both directions, and applies them with golang-migrate.
//
// Promised: a file and its version number commit in one transaction. So after a failure, a crash or the end of the context the
// warehouse has a whole version, and the next call continues from there. (golang-migrate alone would roll such a file back, but
// leave its version marked "dirty".) The package never sets this mark. If another tool has set the mark, every function refuses to
// work, and the error has the statement that repairs the mark: the package cannot know what that tool did.
//
// Any number of processes may migrate at the same time. One migrates. The others poll for an advisory lock until their context
// ends, and then find nothing left to do. The lock belongs to a session, so migrations need a direct connection to Postgres or a
// pool in session mode. Through PgBouncer in transaction mode they fail with a message that says so, before the first file. Check
// needs no session.
//
// Roles belong to the whole cluster. A user without the right to create them can still migrate. Status.RolesSQL then has the
// statements that somebody else must run. Every Up grants existing roles their rights again.
//
// A file must not have BEGIN, COMMIT, or a statement that cannot run in a transaction (CREATE INDEX CONCURRENTLY). It names every
// object with its schema, because search_path is pg_catalog, pg_temp. No down file uses CASCADE: a view that somebody built on the
// warehouse stops the migration, instead of being dropped.
//
// On failure, errors never have the database URL or the password.
package migrations
