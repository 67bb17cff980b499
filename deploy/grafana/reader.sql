-- The user that Grafana logs in as: a member of wheelhouse_reader and of nothing else, who reads. Can be run again at any time;
-- the password is then the file's. Run by reader.sh with psql, as a superuser or as one who may create roles.
\set ON_ERROR_STOP on
\getenv password GRAFANA_READER_PASSWORD
SET client_min_messages = warning;

-- Neither the statement nor an error of it shall put the password into the server's log.
SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user \gset
\if :superuser
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
\endif

-- The migrations make wheelhouse_reader where it is missing, and give it its rights: whoever comes first makes it.
SELECT 'CREATE ROLE wheelhouse_reader NOLOGIN' WHERE to_regrole('wheelhouse_reader') IS NULL \gexec
SELECT 'CREATE ROLE grafana_reader' WHERE to_regrole('grafana_reader') IS NULL \gexec

ALTER ROLE grafana_reader LOGIN INHERIT CONNECTION LIMIT 10 PASSWORD :'password';
GRANT wheelhouse_reader TO grafana_reader;
-- A panel that takes longer asks too much; the load goes first.
ALTER ROLE grafana_reader SET statement_timeout = '30s';
ALTER ROLE grafana_reader SET default_transaction_read_only = on;
-- Before the first ANALYZE a warehouse's rows are guessed at; compiling for the millions guessed takes seconds, reading what is there none.
ALTER ROLE grafana_reader SET jit = off;
