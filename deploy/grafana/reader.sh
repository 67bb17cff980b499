#!/bin/sh
# Makes or refreshes the user that Grafana reads with. psql finds the server by the usual PG* variables. Passwords
# come from files and stay in the environment: the arguments of a process are everybody's to read.
set -eu
PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
GRAFANA_READER_PASSWORD=$(cat "$GRAFANA_READER_PASSWORD_FILE")
export PGPASSWORD GRAFANA_READER_PASSWORD
[ -n "$GRAFANA_READER_PASSWORD" ] || { echo "the file of grafana_reader's password is empty" >&2; exit 1; }
exec psql --no-psqlrc --quiet --file="$(dirname "$0")/reader.sql"
