-- The state of streams, in one statement that monitors run again and again. Read only.

-- name: known_zones
-- Which of these zones the database server knows.
SELECT z FROM unnest(@zones::text[]) AS z WHERE bi.known_zone(z) IS NOT NULL;

-- name: health
-- Grain: one row for each stream in the arguments, in their order. Windows that end before an account's first day are left out.
WITH asked AS MATERIALIZED (
    SELECT k.n, k.account_id, k.stream, k.zone, k.first, s.grain = 'snapshot' AS snapshot,
           -- From the first day to the end of yesterday: the time that must be covered.
           tstzrange(least(bi.day_start(k.first, k.zone), t.start), t.start) AS history,
           (SELECT make_interval(secs => extract(epoch FROM max(upper(span) - lower(span))))  -- in seconds: a day of a time zone may be longer
            FROM wheelhouse.loads WHERE account_id = k.account_id AND stream = k.stream) AS longest
    FROM unnest(@accounts::text[], @zones::text[], @firsts::text[]::date[], @streams::text[]) WITH ORDINALITY AS k (account_id, zone, first, stream, n)
    JOIN wheelhouse.streams s ON s.stream = k.stream
    CROSS JOIN LATERAL (SELECT bi.day_start((@now::timestamptz AT TIME ZONE k.zone)::date, k.zone) AS start) t
), covered AS MATERIALIZED (
    SELECT k.n, bi.covered(k.account_id, k.stream, k.zone) AS spans
    FROM asked k
), wrong AS MATERIALIZED (
    -- Failed and not reconciled loads, except those that a newer load with the same beginning and no earlier end, or newer loads
    -- together, replace.
    SELECT k.n, l.span, l.status
    FROM asked k
    JOIN wheelhouse.loads l ON l.account_id = k.account_id AND l.stream = k.stream AND lower(k.history) < upper(l.span)
    WHERE (l.status = 'failed' OR l.status = 'loaded' AND NOT l.reconciled)
      AND NOT k.snapshot
      AND CASE WHEN l.id < (SELECT max(newer.id) FROM wheelhouse.loads newer
                            WHERE newer.account_id = l.account_id AND newer.stream = l.stream AND lower(newer.span) = lower(l.span)
                              AND upper(newer.span) >= upper(l.span) AND newer.status IN ('loaded', l.status)) THEN false
               ELSE NOT l.span <@ (
                   SELECT coalesce(range_agg(newer.span), '{}'::tstzmultirange)
                   FROM wheelhouse.loads newer
                   WHERE newer.account_id = l.account_id AND newer.stream = l.stream
                     AND lower(newer.span) < upper(l.span) AND lower(newer.span) > lower(l.span) - k.longest
                     AND newer.id > l.id AND newer.status IN ('loaded', l.status)) END
    UNION ALL
    -- All loads of a snapshot are of one window: the newest load counts, and the newest answer.
    SELECT k.n, l.span, l.status
    FROM asked k
    JOIN wheelhouse.loads l
      ON l.id = (SELECT max(id) FROM wheelhouse.loads WHERE account_id = k.account_id AND stream = k.stream AND status <> 'running') AND l.status = 'failed'
      OR l.id = (SELECT max(id) FROM wheelhouse.loads WHERE account_id = k.account_id AND stream = k.stream AND status = 'loaded') AND NOT l.reconciled
    WHERE k.snapshot
), windows AS (
    SELECT w.n,
           count(*) FILTER (WHERE w.status = 'failed' AND NOT w.span <@ c.spans) AS failed,
           count(*) FILTER (WHERE w.status = 'failed' AND w.span <@ c.spans)     AS stale,
           count(*) FILTER (WHERE w.status = 'loaded')                           AS unreconciled
    FROM wrong w
    JOIN covered c USING (n)
    GROUP BY w.n
), failures AS MATERIALIZED (
    SELECT k.n, range_agg(l.span) AS spans
    FROM asked k
    JOIN wheelhouse.loads l ON l.account_id = k.account_id AND l.stream = k.stream AND l.status = 'failed'
    GROUP BY k.n
), missing AS MATERIALIZED (
    SELECT k.n, k.zone, m.span, f.spans * tstzmultirange(m.span) AS failed
    FROM asked k
    JOIN covered c USING (n)
    LEFT JOIN failures f USING (n)
    CROSS JOIN LATERAL unnest(tstzmultirange(k.history) - c.spans) AS m (span)
    WHERE NOT k.snapshot
), gaps AS (
    SELECT m.n, count(DISTINCT d.day) AS days, count(DISTINCT d.day) FILTER (WHERE m.failed && d.whole) AS failed
    FROM missing m
    CROSS JOIN LATERAL bi.calendar(m.zone, (lower(m.span) AT TIME ZONE m.zone)::date,
                                   ((upper(m.span) - interval '1 microsecond') AT TIME ZONE m.zone)::date) d
    GROUP BY m.n
)
SELECT k.account_id, k.stream, CASE WHEN k.snapshot THEN coalesce(t.asked_at, t.loaded_at) ELSE upper(c.spans) END, t.loaded_at,
       coalesce(g.days, 0), coalesce(g.failed, 0), coalesce(w.failed, 0), coalesce(w.stale, 0), coalesce(w.unreconciled, 0),
       (SELECT count(*) FROM wheelhouse.leases s WHERE s.account_id = k.account_id AND s.stream = k.stream AND s.expires_at > now()),
       (SELECT count(*) FROM wheelhouse.rejects r WHERE r.account_id = k.account_id AND r.stream = k.stream AND r.resolved_at IS NULL)
FROM asked k
JOIN covered c USING (n)
CROSS JOIN LATERAL (
    SELECT max(requested_at) AS asked_at, max(coalesce(finished_at, started_at)) AS loaded_at
    FROM wheelhouse.loads
    WHERE account_id = k.account_id AND stream = k.stream AND status = 'loaded'
) t
LEFT JOIN windows w USING (n)
LEFT JOIN gaps g USING (n)
ORDER BY k.n;
