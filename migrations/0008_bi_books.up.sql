-- The pipeline's books for readers: what was loaded when, by which run, and what was set aside. No raw data.
-- Predicates reach the ledger's indexes: account_id, stream, window_start are columns or expressions of loads_window.

CREATE VIEW bi.accounts AS
SELECT account_id,
       server,
       timezone,
       history_from,
       (now() AT TIME ZONE timezone)::date AS today
FROM wheelhouse.accounts;
COMMENT ON VIEW bi.accounts IS
    'The CrankWheel accounts that this warehouse holds. Grain: one row an account. Key: account_id.';
COMMENT ON COLUMN bi.accounts.account_id   IS 'The account''s name in the settings, and in every other view.';
COMMENT ON COLUMN bi.accounts.server       IS 'Base URL of the account''s CrankWheel server, without path.';
COMMENT ON COLUMN bi.accounts.timezone     IS 'IANA name of the reporting time zone: every "day" in bi begins and ends at its midnight.';
COMMENT ON COLUMN bi.accounts.history_from IS 'First day, in the reporting zone, that the pipeline is to hold.';
COMMENT ON COLUMN bi.accounts.today        IS 'The day that it is now in the reporting zone.';

CREATE VIEW bi.runs AS
SELECT id AS run_id,
       kind,
       started_at,
       finished_at,
       outcome,
       version,
       host
FROM wheelhouse.runs;
COMMENT ON VIEW bi.runs IS
    'Invocations of the pipeline. Grain: one row for each run, backfill, scheduled pass or verification. Key: run_id. What each did is in bi.loads.';
COMMENT ON COLUMN bi.runs.run_id      IS 'Number of the invocation; later ones have higher numbers.';
COMMENT ON COLUMN bi.runs.kind        IS 'run (by hand or by an outside scheduler), backfill, schedule (serve) or verify.';
COMMENT ON COLUMN bi.runs.started_at  IS 'When it began.';
COMMENT ON COLUMN bi.runs.finished_at IS 'When it ended. NULL: still going, or the process died.';
COMMENT ON COLUMN bi.runs.outcome     IS 'How it ended, in the pipeline''s words. NULL until it ends.';
COMMENT ON COLUMN bi.runs.version     IS 'Version of the wheelhouse program.';
COMMENT ON COLUMN bi.runs.host        IS 'Name of the machine it ran on.';

CREATE VIEW bi.loads AS
SELECT id AS load_id,
       run_id,
       account_id,
       stream,
       lower(span) AS window_start,
       upper(span) AS window_end,
       status,
       rows_read,
       rows_inserted,
       rows_updated,
       rows_unchanged,
       rows_deleted,
       rows_rejected,
       rows_merged,
       source_count,
       source_seconds,
       reconciled,
       request_ids,
       attempts,
       requested_at,
       started_at,
       finished_at,
       extract(epoch FROM finished_at - started_at)::double precision AS duration_seconds,
       error
FROM wheelhouse.loads;
COMMENT ON VIEW bi.loads IS
    'The ledger. Grain: one row for each window (account, stream, stretch of time) loaded or tried. Key: load_id. A row with status loaded was committed in one transaction with the data it describes.';
COMMENT ON COLUMN bi.loads.load_id          IS 'Number of the load, rising.';
COMMENT ON COLUMN bi.loads.run_id           IS 'The invocation that tried it: bi.runs.run_id.';
COMMENT ON COLUMN bi.loads.account_id       IS 'Which CrankWheel account: bi.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.loads.stream           IS 'demo_usage, usage_new, usage_shares, shares, share_visits, share_details, user_access or company_content.';
COMMENT ON COLUMN bi.loads.window_start     IS 'First moment of the window. NULL: endless.';
COMMENT ON COLUMN bi.loads.window_end       IS 'First moment after the window. NULL: endless.';
COMMENT ON COLUMN bi.loads.status           IS 'loaded (data and this row are committed), failed (nothing was written; see error) or running (being worked on, or its process died).';
COMMENT ON COLUMN bi.loads.rows_read        IS 'Rows that the API''s answer held.';
COMMENT ON COLUMN bi.loads.rows_inserted    IS 'Rows that were new here.';
COMMENT ON COLUMN bi.loads.rows_updated     IS 'Rows that differed from what was here.';
COMMENT ON COLUMN bi.loads.rows_unchanged   IS 'Rows that were here already with the same facts.';
COMMENT ON COLUMN bi.loads.rows_deleted     IS 'Rows of the window that the answer no longer brought.';
COMMENT ON COLUMN bi.loads.rows_rejected    IS 'Rows that could not be understood: see bi.rejects.';
COMMENT ON COLUMN bi.loads.rows_merged      IS 'Rows of the answer that were joined into another one (the same key twice in one answer).';
COMMENT ON COLUMN bi.loads.source_count     IS 'How many rows the API itself says the window has. NULL where it says none.';
COMMENT ON COLUMN bi.loads.source_seconds   IS 'How many seconds the API itself says the window''s sessions lasted. NULL where it says none.';
COMMENT ON COLUMN bi.loads.reconciled       IS 'Whether the API''s own totals equal what was read, rejects included. NULL where there is nothing to compare.';
COMMENT ON COLUMN bi.loads.request_ids      IS 'x-request-id of the API''s responses, for questions to CrankWheel. NULL when none came.';
COMMENT ON COLUMN bi.loads.attempts         IS 'How many times the API was asked, retries included.';
COMMENT ON COLUMN bi.loads.requested_at     IS 'When the answer that was loaded was asked for, by the database''s clock.';
COMMENT ON COLUMN bi.loads.started_at       IS 'When work on the window began.';
COMMENT ON COLUMN bi.loads.finished_at      IS 'When it was committed or given up. NULL while running.';
COMMENT ON COLUMN bi.loads.duration_seconds IS 'Seconds from started_at to finished_at. NULL while running.';
COMMENT ON COLUMN bi.loads.error            IS 'Why it failed, without personal data. NULL unless failed.';

CREATE VIEW bi.rejects AS
SELECT id AS reject_id,
       load_id,
       account_id,
       stream,
       path,
       reason,
       first_seen_at,
       last_seen_at,
       resolved_at
FROM wheelhouse.rejects;
COMMENT ON VIEW bi.rejects IS
    'Records of the API''s answers that could not be understood and were set aside. Grain: one row for each distinct record of an account and stream. Key: reject_id. What they held may be personal and is not here: `wheelhouse rejects show` has it.';
COMMENT ON COLUMN bi.rejects.reject_id     IS 'Number of the reject, as `wheelhouse rejects` names it.';
COMMENT ON COLUMN bi.rejects.load_id       IS 'The load that last met it: bi.loads.load_id.';
COMMENT ON COLUMN bi.rejects.account_id    IS 'Which CrankWheel account: bi.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.rejects.stream        IS 'The stream whose answer held it; see bi.loads.stream.';
COMMENT ON COLUMN bi.rejects.path          IS 'Where it stood in the answer, as a JSON path: $.sessions[3].';
COMMENT ON COLUMN bi.rejects.reason        IS 'Why it could not be understood.';
COMMENT ON COLUMN bi.rejects.first_seen_at IS 'When a load first met it.';
COMMENT ON COLUMN bi.rejects.last_seen_at  IS 'When a load last met it.';
COMMENT ON COLUMN bi.rejects.resolved_at   IS 'When a later load understood it, or no longer met it. NULL: still open.';

-- What readers ask of the ledger beyond loads_window: which windows lie over a day, and when a stream was last loaded.
CREATE INDEX loads_span ON wheelhouse.loads USING gist (span) WHERE status IN ('loaded', 'failed');
CREATE INDEX loads_fresh ON wheelhouse.loads (account_id, stream, coalesce(finished_at, started_at)) WHERE status = 'loaded';

-- The same rows as before, but worked out day by day: a query for some days reads the ledger of those days only.
-- Most days need no more than their newest window that covers them whole (base), when nothing was tried since.
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

-- Which rows a load was the last to change, found by where its window lies. Keys only, of which none is personal.
CREATE VIEW bi.load_rows AS
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
COMMENT ON VIEW bi.load_rows IS
    'Rows that a load was the last to change, by key. Grain: one row for each row of a table. Ask for few load_id at a time: each looks where its window lies, up to a day before it. Rows that begin elsewhere are not found.';
COMMENT ON COLUMN bi.load_rows.load_id    IS 'The load: bi.loads.load_id.';
COMMENT ON COLUMN bi.load_rows.account_id IS 'Which CrankWheel account: bi.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.load_rows.stream     IS 'The load''s stream; see bi.loads.stream.';
COMMENT ON COLUMN bi.load_rows.table_name IS 'The table in crankwheel.';
COMMENT ON COLUMN bi.load_rows.key        IS 'The row''s key in that table, without the account: a demo_id, session_id, slug, day and agent, …';
COMMENT ON COLUMN bi.load_rows.deleted    IS 'Whether the API no longer brings the row.';
