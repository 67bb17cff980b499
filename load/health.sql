-- What the ledger says of every stream that is kept, in one statement that reads the whole ledger twice and not several
-- times a stream: a watcher asks it again and again. It judges as status.sql does. Read only.

-- name: quick
-- Compiling the statement takes longer than running it. A server that is busy is not to be kept so.
SELECT set_config('jit', 'off', true), set_config('statement_timeout', @timeout, true);

-- name: health
-- Grain: one row for each stream asked about, in the order of the arguments. Windows that end before an account's first day
-- are left out.
WITH kept AS MATERIALIZED (
    SELECT n, account_id, stream, daily, snapshot
    FROM unnest(@accounts::text[], @streams::text[], @dailies::boolean[], @snapshots::boolean[])
         WITH ORDINALITY AS k (account_id, stream, daily, snapshot, n)
), days AS MATERIALIZED (
    SELECT account_id, tstzrange(start, stop) AS whole, stop > @now::timestamptz AS partial
    FROM unnest(@day_accounts::text[], @starts::timestamptz[], @stops::timestamptz[]) AS d (account_id, start, stop)
), histories AS MATERIALIZED (
    -- From the first day to the end of yesterday, which today's beginning is: what is to be covered.
    SELECT account_id, min(lower(whole)) AS first, coalesce(range_agg(whole) FILTER (WHERE NOT partial), '{}') AS spans
    FROM days
    GROUP BY account_id
), covered AS MATERIALIZED (
    -- A stream whose counts are the window's has a day only by a load of exactly that day, or for today of its beginning.
    SELECT l.account_id, l.stream, range_agg(l.span) AS spans, max(upper(l.span)) AS until,
           max(l.requested_at) AS asked_at, max(l.finished_at) AS loaded_at
    FROM wheelhouse.loads l
    JOIN kept k ON k.account_id = l.account_id AND k.stream = l.stream
    LEFT JOIN days d ON k.daily AND d.account_id = l.account_id AND lower(d.whole) = lower(l.span)
    WHERE l.status = 'loaded' AND (NOT k.daily OR d.partial OR upper(d.whole) = upper(l.span))
    GROUP BY l.account_id, l.stream
), wrong AS MATERIALIZED (
    -- Entries that say something is wrong, unless a newer one that begins with it, or newer ones over all of it, say otherwise.
    SELECT l.account_id, l.stream, l.span, l.status
    FROM wheelhouse.loads l
    JOIN kept k ON k.account_id = l.account_id AND k.stream = l.stream
    JOIN histories h ON h.account_id = l.account_id AND h.first < upper(l.span)
    WHERE (l.status = 'failed' OR l.status = 'loaded' AND NOT l.reconciled)
      AND NOT k.snapshot
      AND CASE WHEN l.id < (SELECT max(newer.id) FROM wheelhouse.loads newer
                            WHERE newer.account_id = l.account_id AND newer.stream = l.stream AND lower(newer.span) = lower(l.span)
                              AND newer.status IN ('loaded', l.status)) THEN false
               ELSE NOT l.span <@ (
                   SELECT coalesce(range_agg(newer.span), '{}'::tstzmultirange)
                   FROM wheelhouse.loads newer
                   WHERE newer.account_id = l.account_id AND newer.stream = l.stream AND lower(newer.span) < upper(l.span)
                     -- No window is longer than the longest: so far back the index need be read.
                     AND lower(newer.span) > lower(l.span) - (SELECT max(upper(span) - lower(span)) FROM wheelhouse.loads)
                     AND newer.id > l.id AND newer.status IN ('loaded', l.status)) END
    UNION ALL
    -- A snapshot has one window: its newest entry counts, and of its answers the newest.
    SELECT l.account_id, l.stream, l.span, l.status
    FROM kept k
    JOIN wheelhouse.loads l
      ON l.id = (SELECT max(id) FROM wheelhouse.loads WHERE account_id = k.account_id AND stream = k.stream AND status <> 'running') AND l.status = 'failed'
      OR l.id = (SELECT max(id) FROM wheelhouse.loads WHERE account_id = k.account_id AND stream = k.stream AND status = 'loaded') AND NOT l.reconciled
    WHERE k.snapshot
), windows AS (
    SELECT w.account_id, w.stream,
           count(*) FILTER (WHERE w.status = 'failed' AND NOT coalesce(w.span <@ c.spans, false)) AS failed,
           count(*) FILTER (WHERE w.status = 'failed' AND w.span <@ c.spans)                      AS stale,
           count(*) FILTER (WHERE w.status = 'loaded')                                            AS unreconciled
    FROM wrong w
    LEFT JOIN covered c USING (account_id, stream)
    GROUP BY w.account_id, w.stream
), lacking AS MATERIALIZED (
    SELECT k.account_id, k.stream, h.spans - coalesce(c.spans, '{}') AS missing
    FROM kept k
    JOIN histories h ON h.account_id = k.account_id
    LEFT JOIN covered c ON c.account_id = k.account_id AND c.stream = k.stream
    WHERE NOT k.snapshot AND NOT coalesce(h.spans <@ c.spans, false)
), failures AS MATERIALIZED (
    SELECT account_id, stream, range_agg(span) AS spans FROM wheelhouse.loads WHERE status = 'failed' GROUP BY account_id, stream
), gaps AS (
    SELECT m.account_id, m.stream, count(*) AS days, count(*) FILTER (WHERE tstzmultirange(d.whole) * m.missing && f.spans) AS failed
    FROM lacking m
    JOIN days d ON d.account_id = m.account_id AND NOT d.partial AND d.whole && m.missing
    LEFT JOIN failures f ON f.account_id = m.account_id AND f.stream = m.stream
    GROUP BY m.account_id, m.stream
)
SELECT k.account_id, k.stream, CASE WHEN k.snapshot THEN coalesce(c.asked_at, c.loaded_at) ELSE c.until END, c.loaded_at,
       coalesce(g.days, 0), coalesce(g.failed, 0), coalesce(w.failed, 0), coalesce(w.stale, 0), coalesce(w.unreconciled, 0),
       (SELECT count(*) FROM wheelhouse.leases s WHERE s.account_id = k.account_id AND s.stream = k.stream AND s.expires_at > now()),
       (SELECT count(*) FROM wheelhouse.rejects r WHERE r.account_id = k.account_id AND r.stream = k.stream AND r.resolved_at IS NULL)
FROM kept k
LEFT JOIN covered c USING (account_id, stream)
LEFT JOIN windows w USING (account_id, stream)
LEFT JOIN gaps g USING (account_id, stream)
ORDER BY k.n;
