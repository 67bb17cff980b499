-- The days that are covered of each stream, the gaps, and the last loads. Read only. Each statement is for one account.

-- name: accounts
-- The accounts as they were when they were last loaded.
SELECT account_id, timezone, history_from FROM wheelhouse.accounts ORDER BY account_id;

-- name: tried
-- Streams with a load, whether or not they are switched on now.
SELECT s.stream
FROM wheelhouse.streams s
WHERE EXISTS (SELECT FROM wheelhouse.loads l WHERE l.account_id = @account AND l.stream = s.stream);

-- name: days
-- Intervals of days that are loaded, and of days that are not, by stream, from history_from or the first loaded day. Today is never a
-- gap, because it is not over. A snapshot has no gaps, because it covers all days before it.
WITH bounds AS MATERIALIZED (
    SELECT least(@history_from::text::date, (min(lower(span)) AT TIME ZONE @timezone)::date) AS first,
           (@now::timestamptz AT TIME ZONE @timezone)::date                                  AS today
    FROM wheelhouse.loads
    WHERE account_id = @account AND status = 'loaded'
), days AS MATERIALIZED (
    SELECT d.day, d.whole, d.day = b.today AS partial, row_number() OVER (ORDER BY d.day) AS n
    FROM bounds b
    CROSS JOIN LATERAL bi.calendar(@timezone, b.first, b.today) d
), covered AS MATERIALIZED (
    SELECT s.stream, s.position, s.grain = 'snapshot' AS snapshot, bi.covered(@account, s.stream, @timezone) AS spans
    FROM wheelhouse.streams s
    WHERE s.stream = ANY (@streams::text[])
), judged AS MATERIALIZED (
    SELECT c.stream, c.position, c.snapshot, d.day, d.n, d.partial,
           CASE WHEN c.snapshot THEN d.whole && c.spans ELSE d.whole <@ c.spans END AS loaded
    FROM days d
    CROSS JOIN covered c
), stretches AS (
    SELECT stream, position, loaded, day, n - row_number() OVER (PARTITION BY stream, loaded ORDER BY day) AS stretch
    FROM judged
    WHERE loaded OR NOT partial AND NOT snapshot AND day >= @history_from::text::date  -- another stream's first day may be earlier
)
SELECT stream, loaded, min(day), max(day), count(*)
FROM stretches
GROUP BY stream, position, loaded, stretch
ORDER BY position, min(day);

-- name: unknown
-- The members that a stream does not know, in answers of the 24 hours before its newest load.
SELECT u.stream, array_agg(DISTINCT m ORDER BY m)
FROM wheelhouse.unknown_members u
JOIN wheelhouse.loads l ON l.id = u.load_id
CROSS JOIN unnest(u.members) m
WHERE u.account_id = @account AND u.stream = ANY (@streams::text[])
  AND l.finished_at > (SELECT max(coalesce(finished_at, started_at)) FROM wheelhouse.loads
                       WHERE account_id = u.account_id AND stream = u.stream AND status = 'loaded') - interval '1 day'
GROUP BY u.stream;

-- name: last
-- The newest load of each stream that is over.
SELECT s.stream, n.id, n.status, n.start, n.stop, n.at, n.error
FROM wheelhouse.streams s
CROSS JOIN LATERAL (
    SELECT l.id, CASE l.status WHEN 'running' THEN 'abandoned' ELSE l.status END AS status,
           lower(l.span) AS start, upper(l.span) AS stop, coalesce(l.finished_at, l.started_at) AS at, l.error
    FROM wheelhouse.loads l
    WHERE l.account_id = @account AND l.stream = s.stream
      AND NOT (l.status = 'running' AND EXISTS (SELECT FROM wheelhouse.leases e WHERE e.load_id = l.id AND e.expires_at > now()))
    ORDER BY l.id DESC
    LIMIT 1
) n
WHERE s.stream = ANY (@streams::text[]);
