-- bi.coverage as 0003 made it.
CREATE OR REPLACE VIEW bi.coverage AS
WITH streams (stream, snapshot) AS (
    VALUES ('demo_usage', false), ('usage_new', false), ('usage_shares', false), ('shares', false),
           ('share_visits', false), ('share_details', false), ('user_access', true), ('company_content', true)
), calendar AS (
    SELECT account_id, timezone, history_from, (now() AT TIME ZONE timezone)::date AS today
    FROM wheelhouse.accounts
), days AS (
    SELECT c.account_id, c.today, d.day,
           tstzrange(bi.day_start(d.day, c.timezone), bi.day_start(d.day + 1, c.timezone)) AS whole
    FROM calendar c
    CROSS JOIN LATERAL (SELECT c.history_from + n AS day FROM generate_series(0, c.today - c.history_from) AS n) d
), touched AS MATERIALIZED (  -- by itself first: joined to days in one go, the planner would multiply the two
    SELECT l.account_id, l.stream, d.day, l.id, l.span, l.reconciled, l.error,
           l.status = 'loaded'                   AS loaded,
           coalesce(l.finished_at, l.started_at) AS at
    FROM wheelhouse.loads l
    JOIN calendar c ON c.account_id = l.account_id
    CROSS JOIN LATERAL (
        SELECT greatest(c.history_from, (lower(l.span) AT TIME ZONE c.timezone)::date) AS first,
               least(c.today, ((upper(l.span) - interval '1 microsecond') AT TIME ZONE c.timezone)::date) AS last
    ) t
    -- An array, since Postgres takes it for 10 rows, and generate_series for 1000: most windows touch one day.
    CROSS JOIN LATERAL unnest(ARRAY(SELECT t.first + n FROM generate_series(0, t.last - t.first) AS n)) AS d (day)
    WHERE l.status IN ('loaded', 'failed')
), tries AS (
    SELECT t.*, d.whole
    FROM touched t
    JOIN days d ON d.account_id = t.account_id AND d.day = t.day
    -- Counts that are a window's own are a day's only by a load of exactly that day, or for today of its beginning.
    WHERE NOT t.loaded OR t.stream NOT IN ('demo_usage', 'usage_shares', 'shares') OR t.span = d.whole
       OR d.day = d.today AND lower(t.span) = lower(d.whole) AND t.span <@ d.whole
), bases AS (
    SELECT *, max(id) FILTER (WHERE loaded AND span @> whole) OVER (PARTITION BY account_id, stream, day) AS base
    FROM tries
), newest AS (
    SELECT *, range_agg(span) FILTER (WHERE loaded) OVER (
                  PARTITION BY account_id, stream, day ORDER BY id DESC
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newer
    FROM bases
    WHERE base IS NULL OR id >= base
), facts AS (
    SELECT account_id, stream, day,
           coalesce(range_agg(span * whole) FILTER (WHERE loaded), '{}')     AS covered,
           coalesce(range_agg(span * whole) FILTER (WHERE NOT loaded), '{}') AS failed,
           coalesce(bool_or(loaded AND NOT reconciled AND NOT coalesce(newer @> (span * whole), false)), false) AS unreconciled,
           max(at) FILTER (WHERE loaded)                                     AS loaded_at,
           max(at)                                                           AS tried_at,
           (array_agg(error ORDER BY id DESC) FILTER (WHERE NOT loaded))[1]  AS error
    FROM newest
    GROUP BY account_id, stream, day
), fresh AS (
    SELECT account_id, stream, max(coalesce(finished_at, started_at)) AS stream_loaded_at
    FROM wheelhouse.loads
    WHERE status = 'loaded'
    GROUP BY account_id, stream
), first_tries AS (
    SELECT account_id, stream, min(day) AS day
    FROM tries
    GROUP BY account_id, stream
), judged AS (
    SELECT d.account_id, s.stream, d.day, d.day = d.today AS partial, d.whole, f.loaded_at, f.tried_at, f.error, f.unreconciled,
           upper(f.covered) AS loaded_until,
           CASE WHEN f.covered IS NULL OR isempty(f.covered) THEN false
                WHEN s.snapshot                              THEN true
                WHEN d.day = d.today                         THEN f.covered @> tstzrange(lower(d.whole), upper(f.covered))
                ELSE f.covered @> d.whole END                                   AS loaded,
           coalesce(f.failed && (tstzmultirange(d.whole) - f.covered), false)  AS failed
    FROM days d
    CROSS JOIN streams s
    LEFT JOIN facts f       ON f.account_id = d.account_id AND f.stream = s.stream AND f.day = d.day
    LEFT JOIN first_tries t ON t.account_id = d.account_id AND t.stream = s.stream
    WHERE NOT isempty(d.whole)
      AND (NOT s.snapshot OR d.day >= coalesce(t.day, d.today))
)
SELECT j.account_id,
       j.stream,
       j.day,
       CASE WHEN j.loaded AND j.unreconciled THEN 'unreconciled'
            WHEN j.loaded                    THEN 'loaded'
            WHEN j.failed                    THEN 'failed'
            ELSE 'gap' END                           AS status,
       j.partial,
       lower(j.whole)                                AS day_start,
       upper(j.whole)                                AS day_end,
       j.loaded_until,
       j.loaded_at,
       j.tried_at,
       CASE WHEN NOT j.loaded AND j.failed THEN j.error END AS error,
       f.stream_loaded_at
FROM judged j
LEFT JOIN fresh f ON f.account_id = j.account_id AND f.stream = j.stream;

DROP INDEX wheelhouse.loads_fresh;
DROP INDEX wheelhouse.loads_span;
DROP VIEW
    bi.load_rows,
    bi.rejects,
    bi.loads,
    bi.runs,
    bi.accounts;
