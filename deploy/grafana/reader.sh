#!/bin/sh
# Creates or updates the user with which Grafana reads. psql finds the server through the PG* variables. Passwords come from
# files and stay in the environment, because everybody can read the arguments of a process.
set -eu
PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
GRAFANA_READER_PASSWORD=$(cat "$GRAFANA_READER_PASSWORD_FILE")
export PGPASSWORD GRAFANA_READER_PASSWORD
[ -n "$GRAFANA_READER_PASSWORD" ] || { echo "the file of grafana_reader's password is empty" >&2; exit 1; }
exec psql --no-psqlrc --quiet --file="$(dirname "$0")/reader.sql"
