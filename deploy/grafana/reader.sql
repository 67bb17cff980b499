-- The user with which Grafana logs in. It is a member of wheelhouse_reader alone, and only reads. reader.sh runs this file with
-- psql, as a superuser or a user who may create roles. Since PostgreSQL 16, a user who is not a superuser must also have created
-- wheelhouse_reader. Running the file again sets the password from the environment.
\set ON_ERROR_STOP on
\getenv password GRAFANA_READER_PASSWORD
SET client_min_messages = warning;

-- Keep the password out of the server's log, even if the statement fails.
SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user \gset
\if :superuser
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
\endif

-- The migrations create wheelhouse_reader if it is missing, and grant its rights. This file may run before them.
SELECT 'CREATE ROLE wheelhouse_reader NOLOGIN' WHERE to_regrole('wheelhouse_reader') IS NULL \gexec
SELECT 'CREATE ROLE grafana_reader' WHERE to_regrole('grafana_reader') IS NULL \gexec

ALTER ROLE grafana_reader LOGIN INHERIT CONNECTION LIMIT 10 PASSWORD :'password';
GRANT wheelhouse_reader TO grafana_reader;
-- Loading has priority over slow panels.
ALTER ROLE grafana_reader SET statement_timeout = '30s';
ALTER ROLE grafana_reader SET default_transaction_read_only = on;
-- Before the first ANALYZE Postgres overestimates the rows, and would spend seconds on JIT compilation.
ALTER ROLE grafana_reader SET jit = off;
