-- What 0014 left.
CREATE OR REPLACE VIEW bi.load_rows AS
SELECT l.id AS load_id,
       l.account_id,
       l.stream,
       k.table_name,
       k.key,
       k.deleted
FROM wheelhouse.loads l
CROSS JOIN LATERAL (
    SELECT 'demo_requests' AS table_name, r.demo_id::text AS key, r.deleted_at IS NOT NULL AS deleted
    FROM crankwheel.demo_requests r
    WHERE l.stream = 'demo_usage' AND r.account_id = l.account_id AND r.load_id = l.id
      AND r.started_at >= lower(l.span) - interval '1 day' AND r.started_at < upper(l.span)
    UNION ALL
    SELECT 'demo_cancellations_daily', c.day::text, false
    FROM crankwheel.demo_cancellations_daily c
    WHERE l.stream = 'demo_usage' AND c.account_id = l.account_id AND c.load_id = l.id
      AND c.day >= lower(l.span)::date - 1 AND c.day <= upper(l.span)::date + 1
    UNION ALL
    SELECT 'screen_sessions', s.session_id::text, s.deleted_at IS NOT NULL
    FROM crankwheel.screen_sessions s
    WHERE l.stream = 'usage_new' AND s.account_id = l.account_id AND s.load_id = l.id
      AND s.session_id >= bi.session_floor(lower(l.span) - interval '1 day') AND s.session_id < bi.session_floor(upper(l.span))
    UNION ALL
    SELECT 'share_usage_daily', u.day || ' ' || u.agent_email, false
    FROM crankwheel.share_usage_daily u
    WHERE l.stream = 'usage_shares' AND u.account_id = l.account_id AND u.load_id = l.id
      AND u.day >= lower(l.span)::date - 1 AND u.day <= upper(l.span)::date + 1
    UNION ALL
    SELECT 'share_engagement_daily', e.day || ' ' || e.slug, false
    FROM crankwheel.share_engagement_daily e
    WHERE l.stream = 'shares' AND e.account_id = l.account_id AND e.load_id = l.id
      AND e.day >= lower(l.span)::date - 1 AND e.day <= upper(l.span)::date + 1
    UNION ALL
    SELECT 'shares', s.slug, s.deleted_at IS NOT NULL
    FROM crankwheel.shares s
    WHERE l.stream IN ('shares', 'share_visits') AND s.account_id = l.account_id AND s.load_id = l.id
    UNION ALL
    SELECT 'share_visits', v.slug || ' ' || v.visit_id, v.deleted_at IS NOT NULL
    FROM crankwheel.share_visits v
    WHERE l.stream = 'share_visits' AND v.account_id = l.account_id AND v.load_id = l.id
      AND v.visited_at >= lower(l.span) - interval '1 day' AND v.visited_at < upper(l.span)
    UNION ALL
    SELECT 'share_details', d.slug, d.deleted_at IS NOT NULL
    FROM crankwheel.share_details d
    WHERE l.stream = 'share_details' AND d.account_id = l.account_id AND d.load_id = l.id
    UNION ALL
    SELECT 'users', u.email, u.deleted_at IS NOT NULL
    FROM crankwheel.users u
    WHERE l.stream = 'user_access' AND u.account_id = l.account_id AND u.load_id = l.id
    UNION ALL
    SELECT 'contents', c.content_id::text, c.deleted_at IS NOT NULL
    FROM crankwheel.contents c
    WHERE l.stream = 'company_content' AND c.account_id = l.account_id AND c.load_id = l.id
) k;

CREATE OR REPLACE VIEW bi.coverage AS
WITH streams (stream, snapshot) AS (
    VALUES ('demo_usage', false), ('usage_new', false), ('usage_shares', false), ('shares', false),
           ('share_visits', false), ('share_details', false), ('user_access', true), ('company_content', true)
), known AS MATERIALIZED (  -- a few rows, worked out once a query
    SELECT a.account_id, s.stream, s.snapshot,
           (SELECT max(coalesce(l.finished_at, l.started_at))
            FROM wheelhouse.loads l
            WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status = 'loaded') AS stream_loaded_at,
           CASE WHEN s.snapshot THEN coalesce(  -- the day of the first try; an endless one first
               (SELECT a.history_from
                FROM wheelhouse.loads l
                WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status IN ('loaded', 'failed') AND lower(l.span) IS NULL
                  AND coalesce(upper(l.span) > bi.day_start(a.history_from, a.timezone), true)
                LIMIT 1),
               (SELECT greatest(a.history_from, (lower(l.span) AT TIME ZONE a.timezone)::date)
                FROM wheelhouse.loads l
                WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status IN ('loaded', 'failed')
                  AND coalesce(upper(l.span) > bi.day_start(a.history_from, a.timezone), true)
                ORDER BY lower(l.span), l.id
                LIMIT 1),
               (now() AT TIME ZONE a.timezone)::date) END AS since
    FROM wheelhouse.accounts a
    CROSS JOIN streams s
), days AS (
    SELECT a.account_id, d.day, d.day = t.today AS partial, w.whole
    FROM wheelhouse.accounts a
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE a.timezone)::date AS today) t
    CROSS JOIN LATERAL (SELECT a.history_from + n AS day FROM generate_series(0, t.today - a.history_from) AS n) d
    -- OFFSET 0: worked out once a day, not wherever it is named.
    CROSS JOIN LATERAL (SELECT tstzrange(bi.day_start(d.day, a.timezone), bi.day_start(d.day + 1, a.timezone)) AS whole OFFSET 0) w
    WHERE NOT isempty(w.whole)
)
SELECT d.account_id,
       k.stream,
       d.day,
       CASE WHEN f.base = f.last THEN CASE WHEN b.reconciled IS FALSE THEN 'unreconciled' ELSE 'loaded' END
            WHEN f.taken         THEN 'loaded'
            ELSE coalesce(m.status, 'gap') END                                AS status,
       d.partial,
       lower(d.whole)                                                         AS day_start,
       upper(d.whole)                                                         AS day_end,
       CASE WHEN f.base = f.last THEN upper(d.whole)
            WHEN f.taken         THEN f.until
            ELSE m.loaded_until END                                           AS loaded_until,
       CASE WHEN f.base = f.last THEN coalesce(b.finished_at, b.started_at)
            WHEN f.taken         THEN f.at
            ELSE m.loaded_at END                                              AS loaded_at,
       CASE WHEN f.base = f.last THEN coalesce(b.finished_at, b.started_at)
            WHEN f.taken         THEN f.at
            ELSE m.tried_at END                                               AS tried_at,
       m.error,
       k.stream_loaded_at
FROM days d
JOIN known k ON k.account_id = d.account_id AND (k.since IS NULL OR d.day >= k.since)
LEFT JOIN LATERAL (
    -- taken: a snapshot's day of which there is nothing to say but that it was taken, and when.
    -- IS TRUE: the windows over the day are looked up by loads_span alone. For a plain comparison the planner would read
    -- all of a stream's history from the other indexes, for each day.
    SELECT l.stream,
           max(l.id) FILTER (WHERE l.status = 'loaded' AND l.span @> d.whole) AS base,
           max(l.id)                                                          AS last,
           max(upper(l.span * d.whole))                                       AS until,
           max(coalesce(l.finished_at, l.started_at))                         AS at,
           l.stream IN ('user_access', 'company_content')
               AND bool_and(l.status = 'loaded' AND l.reconciled IS NOT FALSE AND NOT l.span @> d.whole) AS taken
    FROM wheelhouse.loads l
    -- Counts that are a window's own are a day's only by a load of exactly that day, or for today of its beginning.
    WHERE (l.account_id = d.account_id) IS TRUE AND l.status IN ('loaded', 'failed') AND l.span && d.whole
      AND (l.status = 'failed' OR l.stream NOT IN ('demo_usage', 'usage_shares', 'shares') OR l.span = d.whole
           OR d.partial AND lower(l.span) = lower(d.whole) AND l.span <@ d.whole) IS TRUE
    GROUP BY l.stream
) f ON f.stream = k.stream
LEFT JOIN wheelhouse.loads b ON b.id = f.base AND f.base = f.last
CROSS JOIN LATERAL (
    SELECT CASE WHEN j.loaded AND j.unreconciled THEN 'unreconciled'
                WHEN j.loaded                    THEN 'loaded'
                WHEN j.failed                    THEN 'failed'
                ELSE 'gap' END AS status,
           j.loaded_until, j.loaded_at, j.tried_at,
           CASE WHEN NOT j.loaded AND j.failed THEN j.error END AS error
    FROM (
        SELECT x.*, upper(x.covered) AS loaded_until,
               CASE WHEN isempty(x.covered) THEN false
                    WHEN k.snapshot         THEN true
                    WHEN d.partial          THEN x.covered @> tstzrange(lower(d.whole), upper(x.covered))
                    ELSE x.covered @> d.whole END                    AS loaded,
               x.missed && (tstzmultirange(d.whole) - x.covered)     AS failed
        FROM (
            SELECT coalesce(range_agg(n.span * d.whole) FILTER (WHERE n.loaded), '{}')     AS covered,
                   coalesce(range_agg(n.span * d.whole) FILTER (WHERE NOT n.loaded), '{}') AS missed,
                   coalesce(bool_or(n.loaded AND NOT n.reconciled AND NOT coalesce(n.newer @> (n.span * d.whole), false)), false) AS unreconciled,
                   max(n.at) FILTER (WHERE n.loaded)                                       AS loaded_at,
                   max(n.at)                                                               AS tried_at,
                   (array_agg(n.error ORDER BY n.id DESC) FILTER (WHERE NOT n.loaded))[1]  AS error
            FROM (
                SELECT l.id, l.span, l.reconciled, l.error,
                       l.status = 'loaded'                   AS loaded,
                       coalesce(l.finished_at, l.started_at) AS at,
                       range_agg(l.span) FILTER (WHERE l.status = 'loaded') OVER (
                           ORDER BY l.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newer
                FROM wheelhouse.loads l
                WHERE f.base IS DISTINCT FROM f.last AND NOT f.taken
                  AND (l.account_id = d.account_id AND l.stream = k.stream) IS TRUE AND l.status IN ('loaded', 'failed')
                  AND l.span && d.whole AND l.id + 0 >= coalesce(f.base, 0)
                  AND (l.status = 'failed' OR l.stream NOT IN ('demo_usage', 'usage_shares', 'shares') OR l.span = d.whole
                       OR d.partial AND lower(l.span) = lower(d.whole) AND l.span <@ d.whole) IS TRUE  -- as above
            ) n
        ) x
    ) j
) m;

DROP FUNCTION bi.covered(text, text, text, timestamptz, timestamptz);
DROP FUNCTION wheelhouse.loads_over(text, text, tstzrange);
CREATE INDEX loads_span ON wheelhouse.loads USING gist (span) WHERE status IN ('loaded', 'failed');
DROP INDEX wheelhouse.loads_length;
DROP FUNCTION bi.within_day(tstzrange, text);
DROP FUNCTION bi.calendar(text, date, date);
DROP VIEW bi.streams;

COMMENT ON COLUMN wheelhouse.loads.reconciled IS 'Whether the API''s own totals equal what was read, rejects included. NULL where there is nothing to compare.';
COMMENT ON COLUMN wheelhouse.loads.error      IS 'Why it failed, without personal data. NULL unless failed.';
COMMENT ON COLUMN wheelhouse.loads.answer_hash IS
    'Version of the normaliser and XXH3 (128 bits) of the answer as it came, where one answer was the whole window. NULL: asked for in parts or pages, or its totals do not add up.';
COMMENT ON COLUMN bi.loads.reconciled         IS 'Whether the API''s own totals equal what was read, rejects included. NULL where there is nothing to compare.';
COMMENT ON COLUMN bi.loads.error              IS 'Why it failed, without personal data. NULL unless failed.';
COMMENT ON COLUMN bi.coverage.status          IS 'loaded: windows loaded cover the whole day (a snapshot: one was taken that day; today: everything up to loaded_until). unreconciled: the same, but the newest answer for some of the day does not add up to the API''s own totals. failed: not covered, and a part that is missing was tried and failed. gap: not covered, and not tried.';
COMMENT ON COLUMN bi.coverage.error           IS 'Why the newest failed try failed. NULL unless status is failed.';
