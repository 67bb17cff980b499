-- Whether a day is covered is decided in one place, by bi.covered. Views read the list of streams from wheelhouse.streams.

CREATE VIEW bi.streams AS
SELECT stream, position, grain, one_day
FROM wheelhouse.streams;
COMMENT ON VIEW bi.streams IS
    'What Wheelhouse loads. Grain: one row for each stream, that is, for each API endpoint and the tables that it fills. Key: stream.';
COMMENT ON COLUMN bi.streams.stream   IS 'Name of the stream, as in every other view.';
COMMENT ON COLUMN bi.streams.position IS '1, 2, 3, … in the order in which a run loads the streams.';
COMMENT ON COLUMN bi.streams.grain    IS 'What one answer is about: events (things that happened in the window), daily (counts over the window, which is a day) or snapshot (everything at the moment of asking).';
COMMENT ON COLUMN bi.streams.one_day  IS 'Whether only a load of exactly one day covers that day, because the answer has counts over its window.';

CREATE FUNCTION bi.calendar(zone text, first date, last date) RETURNS TABLE (day date, whole tstzrange)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT first + n, w.whole
    FROM generate_series(0, last - first) AS n
    -- OFFSET 0: worked out once a day, not wherever it is named.
    CROSS JOIN LATERAL (SELECT tstzrange(bi.day_start(first + n, zone), bi.day_start(first + n + 1, zone)) AS whole OFFSET 0) AS w
    WHERE NOT isempty(w.whole);
END;
COMMENT ON FUNCTION bi.calendar(text, date, date) IS
    'The days from first to last, both included, with the interval of each in a time zone. A date that the zone left out has no row.';

CREATE FUNCTION bi.within_day(span tstzrange, zone text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ((lower(span) - interval '1 microsecond') AT TIME ZONE zone)::date < (lower(span) AT TIME ZONE zone)::date
       AND ((upper(span) - interval '1 microsecond') AT TIME ZONE zone)::date = (lower(span) AT TIME ZONE zone)::date;
END;
COMMENT ON FUNCTION bi.within_day(tstzrange, text) IS
    'Whether a window begins at the start of a day of a time zone, and ends in that day or at its end.';

-- A window that overlaps an interval begins no earlier than the stream's longest window before the interval. The length is in
-- seconds, because the length of a day of an interval depends on the time zone of the session.
CREATE INDEX loads_length ON wheelhouse.loads (account_id, stream, (upper(span) - lower(span)));
DROP INDEX wheelhouse.loads_span;

CREATE FUNCTION wheelhouse.loads_over(of_account text, of_stream text, stretch tstzrange) RETURNS SETOF wheelhouse.loads
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT l.*
    FROM wheelhouse.loads l
    WHERE l.account_id = of_account AND l.stream = of_stream AND l.span && stretch
      AND lower(l.span) < upper(stretch)
      AND lower(l.span) >= lower(stretch) - (SELECT extract(epoch FROM max(upper(o.span) - lower(o.span))) * interval '1 second'
                                             FROM wheelhouse.loads o WHERE o.account_id = of_account AND o.stream = of_stream);
END;
COMMENT ON FUNCTION wheelhouse.loads_over(text, text, tstzrange) IS
    'The loads of a stream of an account whose windows overlap an interval, found by the index loads_window.';

CREATE FUNCTION bi.covered(of_account text, of_stream text, zone text, since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity')
RETURNS tstzmultirange
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(range_agg(tstzrange(l.window_start, l.window_end)), '{}')
    FROM bi.streams s
    JOIN bi.loads l ON l.account_id = of_account AND l.stream = s.stream
    WHERE s.stream = of_stream AND l.status = 'loaded'
      AND l.window_start < until AND l.window_end > since
      AND l.window_start >= since - (SELECT extract(epoch FROM max(window_end - window_start)) * interval '1 second'
                                      FROM bi.loads WHERE account_id = of_account AND stream = of_stream)
      AND (NOT s.one_day OR bi.within_day(tstzrange(l.window_start, l.window_end), zone));
END;
COMMENT ON FUNCTION bi.covered(text, text, text, timestamptz, timestamptz) IS
    'The time that the loads of a stream of an account cover. A day is covered if all of the day is in the result. If the stream''s answers have counts over the window, only a window of exactly one day, in the given time zone, covers that day. A snapshot covers the day on which it was taken. Loads that end before "since" or begin after "until" are left out.';

CREATE OR REPLACE VIEW bi.coverage AS
SELECT a.account_id,
       s.stream,
       d.day,
       CASE WHEN j.loaded AND j.unreconciled THEN 'unreconciled'
            WHEN j.loaded                    THEN 'loaded'
            WHEN j.failed                    THEN 'failed'
            ELSE 'gap' END                        AS status,
       d.day = k.today                            AS partial,
       lower(d.whole)                             AS day_start,
       upper(d.whole)                             AS day_end,
       upper(j.covered)                           AS loaded_until,
       j.loaded_at,
       j.tried_at,
       CASE WHEN j.loaded AND j.unreconciled THEN j.missing
            WHEN NOT j.loaded AND j.failed   THEN j.error END AS error,
       k.stream_loaded_at
FROM wheelhouse.accounts a
CROSS JOIN wheelhouse.streams s
CROSS JOIN LATERAL (  -- OFFSET 0: worked out once a stream of an account, and of no other account than is asked about
    SELECT a.timezone, (now() AT TIME ZONE a.timezone)::date AS today, s.grain = 'snapshot' AS snapshot,
           (SELECT max(coalesce(l.finished_at, l.started_at))
            FROM wheelhouse.loads l
            WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status = 'loaded') AS stream_loaded_at,
           coalesce((SELECT extract(epoch FROM max(upper(l.span) - lower(l.span))) * interval '1 second'
                     FROM wheelhouse.loads l
                     WHERE l.account_id = a.account_id AND l.stream = s.stream), '0') AS longest,
           CASE WHEN s.grain = 'snapshot' THEN greatest(a.history_from, coalesce(  -- the day of the first try
               (SELECT (lower(l.span) AT TIME ZONE a.timezone)::date
                FROM wheelhouse.loads l
                WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status IN ('loaded', 'failed')
                  AND upper(l.span) > bi.day_start(a.history_from, a.timezone)
                ORDER BY lower(l.span), l.id
                LIMIT 1),
               (now() AT TIME ZONE a.timezone)::date))
           ELSE a.history_from END AS since
    OFFSET 0
) k
CROSS JOIN LATERAL bi.calendar(k.timezone, k.since, k.today) d
CROSS JOIN LATERAL (
    SELECT x.*,
           CASE WHEN isempty(x.covered) THEN false
                WHEN k.snapshot         THEN true
                WHEN d.day = k.today    THEN x.covered @> tstzrange(lower(d.whole), upper(x.covered))
                ELSE x.covered @> d.whole END                AS loaded,
           x.missed && (tstzmultirange(d.whole) - x.covered) AS failed
    FROM (
        SELECT coalesce(range_agg(n.span * d.whole) FILTER (WHERE n.loaded), '{}')     AS covered,
               coalesce(range_agg(n.span * d.whole) FILTER (WHERE NOT n.loaded), '{}') AS missed,
               coalesce(bool_or(n.loaded AND NOT n.reconciled AND NOT coalesce(n.newer @> (n.span * d.whole), false)), false) AS unreconciled,
               max(n.at) FILTER (WHERE n.loaded)                                       AS loaded_at,
               max(n.at)                                                               AS tried_at,
               (array_agg(n.error ORDER BY n.id DESC) FILTER (WHERE NOT n.loaded))[1]  AS error,
               (array_agg(n.error ORDER BY n.id DESC) FILTER (WHERE n.loaded AND NOT n.reconciled AND NOT coalesce(n.newer @> (n.span * d.whole), false)))[1] AS missing
        FROM (
            SELECT l.id, l.span, l.reconciled, l.error,
                   l.status = 'loaded'                   AS loaded,
                   coalesce(l.finished_at, l.started_at) AS at,
                   -- The time that newer loads cover; needed only for a load that is not reconciled.
                   CASE WHEN NOT l.reconciled THEN range_agg(l.span) FILTER (WHERE l.status = 'loaded') OVER (
                       ORDER BY l.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) END AS newer
            FROM wheelhouse.loads l
            WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status IN ('loaded', 'failed')
              AND lower(l.span) < upper(d.whole) AND lower(l.span) >= lower(d.whole) - k.longest AND l.span && d.whole
              AND (l.status = 'failed' OR NOT s.one_day OR bi.within_day(l.span, k.timezone))
        ) n
    ) x
) j;

-- A window of which parts could not be had may still be loaded. It is not reconciled, and its error says which parts are missing.
COMMENT ON COLUMN wheelhouse.loads.reconciled IS 'Whether the answers are complete (see error) and the API''s own totals equal what was read, rejects included. NULL where there is nothing to compare.';
COMMENT ON COLUMN wheelhouse.loads.error      IS 'Without personal data. Of a failed row: why it failed. Of a loaded row: which parts of the window could not be had, and why; such a load deletes nothing. NULL: nothing is missing, or the load is running.';
COMMENT ON COLUMN wheelhouse.loads.answer_hash IS 'Version of the normaliser and XXH3 (128 bits) of the answer as sent, if one answer was the whole window. NULL: the window was bisected or paged, or is not reconciled.';
COMMENT ON COLUMN bi.loads.reconciled         IS 'Whether the answers are complete (see error) and the API''s own totals equal what was read, rejects included. NULL where there is nothing to compare.';
COMMENT ON COLUMN bi.loads.error              IS 'Without personal data. Of a failed row: why it failed. Of a loaded row: which parts of the window could not be had, and why; such a load deletes nothing. NULL: nothing is missing, or the load is running.';
COMMENT ON COLUMN bi.coverage.status          IS 'loaded: loads cover the whole day (a snapshot: one was taken that day; today: everything up to loaded_until). unreconciled: the same, but the newest load of some of the day is not reconciled: parts of its window could not be had (see error), or its rows differ from the API''s own totals. failed: not covered, and a load of the time that is missing failed. gap: not covered, and not tried.';
COMMENT ON COLUMN bi.coverage.error           IS 'If status is failed: why the newest failed load failed. If status is unreconciled: which parts could not be had, and why; NULL if the totals differ. Else NULL.';

-- A share has the loads of its list and of its detail. The view looks for a load's rows in all tables, and finds them only in those
-- of its stream.
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
    WHERE r.account_id = l.account_id AND r.load_id = l.id
      AND r.started_at >= lower(l.span) - interval '1 day' AND r.started_at < upper(l.span)
    UNION ALL
    SELECT 'demo_cancellations_daily', c.day::text, false
    FROM crankwheel.demo_cancellations_daily c
    WHERE c.account_id = l.account_id AND c.load_id = l.id
      AND c.day >= lower(l.span)::date - 1 AND c.day <= upper(l.span)::date + 1
    UNION ALL
    SELECT 'screen_sessions', s.session_id::text, s.deleted_at IS NOT NULL
    FROM crankwheel.screen_sessions s
    WHERE s.account_id = l.account_id AND s.load_id = l.id
      AND s.session_id >= bi.session_floor(lower(l.span) - interval '1 day') AND s.session_id < bi.session_floor(upper(l.span))
    UNION ALL
    SELECT 'share_usage_daily', u.day || ' ' || u.agent_email, false
    FROM crankwheel.share_usage_daily u
    WHERE u.account_id = l.account_id AND u.load_id = l.id
      AND u.day >= lower(l.span)::date - 1 AND u.day <= upper(l.span)::date + 1
    UNION ALL
    SELECT 'share_engagement_daily', e.day || ' ' || e.slug, false
    FROM crankwheel.share_engagement_daily e
    WHERE e.account_id = l.account_id AND e.load_id = l.id
      AND e.day >= lower(l.span)::date - 1 AND e.day <= upper(l.span)::date + 1
    UNION ALL
    SELECT 'shares', s.slug, s.deleted_at IS NOT NULL
    FROM crankwheel.shares s
    WHERE s.account_id = l.account_id AND l.id IN (s.load_id, s.detail_load_id)
    UNION ALL
    SELECT 'share_visits', v.slug || ' ' || v.visit_id, v.deleted_at IS NOT NULL
    FROM crankwheel.share_visits v
    WHERE v.account_id = l.account_id AND v.load_id = l.id
      AND v.visited_at >= lower(l.span) - interval '1 day' AND v.visited_at < upper(l.span)
    UNION ALL
    SELECT 'share_details', d.slug, d.deleted_at IS NOT NULL
    FROM crankwheel.share_details d
    WHERE d.account_id = l.account_id AND d.load_id = l.id
    UNION ALL
    SELECT 'users', u.email, u.deleted_at IS NOT NULL
    FROM crankwheel.users u
    WHERE u.account_id = l.account_id AND u.load_id = l.id
    UNION ALL
    SELECT 'contents', c.content_id::text, c.deleted_at IS NOT NULL
    FROM crankwheel.contents c
    WHERE c.account_id = l.account_id AND c.load_id = l.id
) k;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wheelhouse, bi FROM PUBLIC;
