-- What the warehouse has of a stream, and what it lacks. Read only; each statement is for one account.

-- name: accounts
-- As the books know them; the settings may know better.
SELECT account_id, timezone, history_from FROM wheelhouse.accounts ORDER BY account_id;

-- name: tried
-- Streams with an entry in the ledger, whether or not they are switched on today.
SELECT s.stream
FROM unnest(@streams::text[]) AS s(stream)
WHERE EXISTS (SELECT FROM wheelhouse.loads l WHERE l.account_id = @account AND l.stream = s.stream);

-- name: quick
-- Compiling these statements takes longer than running them.
SET LOCAL jit = off;

-- name: calendar
-- The days of the account's zone up to today, from history_from or the first one loaded, with where each begins.
-- The other statements take them as arrays: working them out again for each stream takes longest of all.
WITH bounds AS MATERIALIZED (
    SELECT least(@history_from::text::date, (min(lower(span)) AT TIME ZONE @timezone)::date) AS first,
           (@now::timestamptz AT TIME ZONE @timezone)::date                                  AS today
    FROM wheelhouse.loads
    WHERE account_id = @account AND status = 'loaded'
), starts AS MATERIALIZED (
    SELECT first + n AS day, bi.day_start(first + n, @timezone) AS start
    FROM bounds
    CROSS JOIN LATERAL generate_series(0, today - first + 1) AS n
), days AS (
    SELECT day, start, lead(start) OVER (ORDER BY day) AS stop FROM starts
)
SELECT day::text, start, stop
FROM days
WHERE start < stop  -- nor does it have the day after today; a zone may leave a date out
ORDER BY day;

-- name: days
-- Stretches of days that are loaded, and of those that are not; what today lacks is not due yet and no gap.
-- A stream whose counts are the window's has a day only by a load of exactly that day, or for today of its
-- beginning: as the planner judges. A snapshot lacks nothing: it tells of all the days before.
WITH days AS MATERIALIZED (
    SELECT day, n, tstzrange(start, stop) AS whole, start <= @now::timestamptz AND @now::timestamptz < stop AS partial
    FROM unnest(@days::text[]::date[], @starts::timestamptz[], @stops::timestamptz[]) WITH ORDINALITY AS d(day, start, stop, n)
), covered AS MATERIALIZED (
    SELECT coalesce(range_agg(l.span), '{}'::tstzmultirange) AS spans
    FROM wheelhouse.loads l
    WHERE l.account_id = @account AND l.stream = @stream AND l.status = 'loaded'
      AND (NOT @daily
           OR l.span IN (SELECT whole FROM days)
           OR EXISTS (SELECT FROM days d WHERE d.partial AND lower(l.span) = lower(d.whole) AND upper(l.span) <= upper(d.whole)))
), judged AS (
    SELECT day, n, CASE WHEN @snapshot THEN whole && spans ELSE whole <@ spans END AS loaded
    FROM days, covered
    WHERE NOT partial OR CASE WHEN @snapshot THEN whole && spans ELSE whole <@ spans END
), stretches AS (
    SELECT loaded, day, n - row_number() OVER (PARTITION BY loaded ORDER BY day) AS stretch
    FROM judged
    WHERE loaded OR NOT @snapshot AND day >= @history_from::text::date  -- another stream's first day may be earlier
)
SELECT loaded, min(day), max(day), count(*)
FROM stretches
GROUP BY loaded, stretch
ORDER BY min(day);

-- name: windows
-- One row: the stream's newest entry that is not being worked on, how far it is loaded, and the windows in trouble.
-- Of windows that begin at the same moment the newest counts, unless still newer ones lie over all of it: a window
-- may have been halved. failed: nothing loaded covers it. stale: older data does, and reading it again failed.
WITH days AS MATERIALIZED (
    SELECT tstzrange(start, stop) AS whole
    FROM unnest(@starts::timestamptz[], @stops::timestamptz[]) AS d(start, stop)
), covered AS MATERIALIZED (
    SELECT coalesce(range_agg(span), '{}'::tstzmultirange) AS spans, max(upper(span)) AS until,
           max(requested_at) AS asked_at, max(finished_at) AS loaded_at
    FROM wheelhouse.loads
    WHERE account_id = @account AND stream = @stream AND status = 'loaded'
      AND (NOT @daily
           OR span IN (SELECT whole FROM days)
           OR lower(span) IN (SELECT lower(whole) FROM days WHERE whole @> @now::timestamptz))
), longest AS MATERIALIZED (
    SELECT max(upper(span) - lower(span)) AS length
    FROM wheelhouse.loads
    WHERE account_id = @account AND stream = @stream
), answers AS (
    SELECT DISTINCT ON (start) id, span, reconciled
    FROM wheelhouse.loads, LATERAL (SELECT CASE WHEN NOT @snapshot THEN lower(span) END AS start) AS s
    WHERE account_id = @account AND stream = @stream AND status = 'loaded'
    ORDER BY start, id DESC
), tries AS (
    SELECT DISTINCT ON (start) id, span, status
    FROM wheelhouse.loads, LATERAL (SELECT CASE WHEN NOT @snapshot THEN lower(span) END AS start) AS s
    WHERE account_id = @account AND stream = @stream AND status <> 'running'
    ORDER BY start, id DESC
), unreconciled AS (
    SELECT count(*) AS n
    FROM answers a
    WHERE NOT a.reconciled
      AND NOT a.span <@ (SELECT coalesce(range_agg(l.span), '{}'::tstzmultirange)
                         FROM wheelhouse.loads l
                         WHERE l.account_id = @account AND l.stream = @stream AND l.status = 'loaded' AND l.id > a.id
                           AND lower(l.span) > lower(a.span) - (SELECT length FROM longest) AND lower(l.span) < upper(a.span))
), failed AS (
    SELECT count(*) FILTER (WHERE NOT t.span <@ c.spans) AS n,
           count(*) FILTER (WHERE t.span <@ c.spans)     AS stale
    FROM tries t, covered c
    WHERE t.status = 'failed'
      AND NOT t.span <@ (SELECT coalesce(range_agg(l.span), '{}'::tstzmultirange)
                         FROM wheelhouse.loads l
                         WHERE l.account_id = @account AND l.stream = @stream AND l.status <> 'running' AND l.id > t.id
                           AND lower(l.span) > lower(t.span) - (SELECT length FROM longest) AND lower(l.span) < upper(t.span))
), live AS MATERIALIZED (
    SELECT load_id FROM wheelhouse.leases WHERE account_id = @account AND stream = @stream AND expires_at > now()
), newest AS (
    SELECT l.id, CASE l.status WHEN 'running' THEN 'abandoned' ELSE l.status END AS status,
           lower(l.span) AS start, upper(l.span) AS stop, coalesce(l.finished_at, l.started_at) AS at, l.error
    FROM wheelhouse.loads l
    WHERE l.account_id = @account AND l.stream = @stream AND NOT (l.status = 'running' AND l.id IN (SELECT load_id FROM live))
    ORDER BY l.id DESC
    LIMIT 1
)
SELECT CASE WHEN @snapshot THEN coalesce(c.asked_at, c.loaded_at) ELSE c.until END, c.loaded_at,
       n.id, n.status, n.start, n.stop, n.at, n.error,
       u.n, f.n, f.stale, (SELECT count(*) FROM live),
       (SELECT count(*) FROM wheelhouse.rejects WHERE account_id = @account AND stream = @stream AND resolved_at IS NULL)
FROM covered c
CROSS JOIN unreconciled u
CROSS JOIN failed f
LEFT JOIN newest n ON true;

-- name: rows
-- Rows of each stream's own table, deleted ones left out.
SELECT 'demo_usage', count(*) FROM crankwheel.demo_requests WHERE account_id = @account AND deleted_at IS NULL
UNION ALL
SELECT 'usage_new', count(*) FROM crankwheel.screen_sessions WHERE account_id = @account AND deleted_at IS NULL
UNION ALL
SELECT 'usage_shares', count(*) FROM crankwheel.share_usage_daily WHERE account_id = @account
UNION ALL
SELECT 'shares', count(*) FROM crankwheel.shares WHERE account_id = @account AND deleted_at IS NULL
UNION ALL
SELECT 'share_visits', count(*) FROM crankwheel.share_visits WHERE account_id = @account AND deleted_at IS NULL
UNION ALL
SELECT 'share_details', count(*) FROM crankwheel.share_details WHERE account_id = @account AND deleted_at IS NULL
UNION ALL
SELECT 'user_access', count(*) FROM crankwheel.users WHERE account_id = @account AND deleted_at IS NULL
UNION ALL
SELECT 'company_content', count(*) FROM crankwheel.contents WHERE account_id = @account AND deleted_at IS NULL;

-- name: unknown
-- Rows with a value outside the set that the API documents: it is kept as sent, and may want a look. Of what may be millions of
-- rows an index holds just these; its condition must be the one here. (Kinds of session events are no closed set.)
SELECT 'demo_usage', count(*) FROM crankwheel.demo_requests
WHERE account_id = @account AND deleted_at IS NULL
  AND (availability_bucket NOT IN ('full_capacity', 'half_capacity', 'no_capacity') OR accepted_from NOT IN ('extension', 'email'))
UNION ALL
SELECT 'user_access', count(*) FROM crankwheel.users
WHERE account_id = @account AND deleted_at IS NULL AND privilege NOT IN ('user', 'admin', 'owner', 'reporting')
UNION ALL
SELECT 'company_content', (SELECT count(*) FROM crankwheel.contents
                           WHERE account_id = @account AND deleted_at IS NULL
                             AND (type NOT IN ('upload', 'recording', 'redirect', 'cta', 'video') OR state NOT IN ('created', 'processing', 'ready')))
                        + (SELECT count(*) FROM crankwheel.content_events
                           WHERE account_id = @account AND name NOT IN ('started', 'paused', 'resumed', 'ended'));
