#!/bin/sh
# The task with curl, jq and psql: each window is fetched, flattened, staged and upserted, one after the other.
# Needs URL (with the path), KEY, FROM and UNTIL (days, the last not included), DATABASE, WORK (a folder) and UPSERT (a file).
set -eu

day=$FROM
while [ "$day" != "$UNTIL" ]; do
    next=$(date -u -d "$day + 1 day" +%F)
    curl -fsS -H "Authorization: Basic $KEY" "$URL?from=${day}T00:00:00Z&to=${next}T00:00:00Z" >"$WORK/answer.json"

    jq -r '.sessions[] | [.email, .start_date, .end_date, .duration, .session_ended,
        .viewer_info.max_viewer_count, .viewer_info.viewer_count,
        (.viewer_info.locations // [] | map(select(. != "*")) | join("|")),
        .rtc_seconds, .webcam_s, .links.recording] | @csv' "$WORK/answer.json" >"$WORK/sessions.csv"

    jq -r '.sessions[] | . as $s | .logs | sort_by(.date) | to_entries[]
        | [$s.email, $s.start_date, .key + 1, .value.date, .value.type, .value.email, .value.content]
        | @csv' "$WORK/answer.json" >"$WORK/events.csv"

    psql -Xq -v ON_ERROR_STOP=1 --single-transaction -d "$DATABASE" <<SQL
CREATE TEMP TABLE staged_sessions (email text, start_date text, end_date text, duration integer, session_ended boolean,
    max_viewers integer, viewers integer, locations text, rtc_seconds integer, webcam_seconds integer, recording text);
CREATE TEMP TABLE staged_events (email text, start_date text, seq integer, date text, type text, log_email text, content text);
\\copy staged_sessions FROM '$WORK/sessions.csv' (FORMAT csv)
\\copy staged_events FROM '$WORK/events.csv' (FORMAT csv)
\\i $UPSERT
SQL
    day=$next
done
