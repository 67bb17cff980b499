-- A zone that the database server does not know must not make a view fail for other accounts. A server that knows a zone may lose it: an
-- upgrade of its operating system may remove old names.

CREATE FUNCTION bi.known_zone(zone text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM now() AT TIME ZONE zone;
    RETURN zone;
EXCEPTION
    WHEN invalid_parameter_value THEN RETURN NULL;
END
$$;
COMMENT ON FUNCTION bi.known_zone(text) IS
    'The name of a time zone, or NULL if this database server does not know the zone. A query with this function does not run in parallel.';

-- Roles with grants of their own on the views need the function, too.
DO $$
DECLARE
    grantee oid;
BEGIN
    FOR grantee IN
        SELECT DISTINCT a.grantee FROM pg_catalog.pg_proc p CROSS JOIN pg_catalog.aclexplode(p.proacl) a
        WHERE p.oid = 'bi.day_start(date, text)'::regprocedure AND a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner AND a.grantee <> 0
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION bi.known_zone(text) TO %s', grantee::regrole);
    END LOOP;
END $$;

-- The view of sessions reads this column instead of bi.known_zone, so that its queries can run in parallel.
ALTER TABLE wheelhouse.accounts ADD COLUMN timezone_known boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN wheelhouse.accounts.timezone_known IS 'Whether this database server knows the time zone. A trigger sets the value when the zone is set, and each run sets it again.';

CREATE FUNCTION wheelhouse.note_known_zone() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.timezone_known := bi.known_zone(NEW.timezone) IS NOT NULL;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION wheelhouse.note_known_zone() IS 'Trigger: sets timezone_known, when the time zone of an account is set.';
CREATE TRIGGER accounts_known_zone BEFORE INSERT OR UPDATE OF timezone ON wheelhouse.accounts
    FOR EACH ROW EXECUTE FUNCTION wheelhouse.note_known_zone();
UPDATE wheelhouse.accounts SET timezone_known = false WHERE bi.known_zone(timezone) IS NULL;

CREATE OR REPLACE VIEW bi.accounts AS
SELECT account_id,
       server,
       timezone,
       history_from,
       (now() AT TIME ZONE bi.known_zone(timezone))::date AS today
FROM wheelhouse.accounts;
COMMENT ON COLUMN bi.accounts.timezone IS 'IANA name of the reporting time zone: every "day" in bi begins and ends at its midnight. If this database server does not know the zone, the account has no rows in bi.coverage and bi.days; its other rows are right.';
COMMENT ON COLUMN bi.accounts.today    IS 'The day that it is now in the reporting zone. NULL: this database server does not know the zone.';

CREATE OR REPLACE VIEW bi.days AS
SELECT a.account_id, d.day::date AS day
FROM wheelhouse.accounts a
CROSS JOIN LATERAL generate_series(a.history_from::timestamp, (now() AT TIME ZONE bi.known_zone(a.timezone))::date::timestamp, interval '1 day') AS d (day)
WHERE isfinite(a.history_from);

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
CROSS JOIN LATERAL (SELECT bi.known_zone(a.timezone) AS timezone OFFSET 0) z
CROSS JOIN wheelhouse.streams s
CROSS JOIN LATERAL (  -- OFFSET 0: worked out once a stream of an account, and of no other account than is asked about
    SELECT z.timezone, (now() AT TIME ZONE z.timezone)::date AS today, s.grain = 'snapshot' AS snapshot,
           (SELECT max(coalesce(l.finished_at, l.started_at))
            FROM wheelhouse.loads l
            WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status = 'loaded') AS stream_loaded_at,
           coalesce((SELECT extract(epoch FROM max(upper(l.span) - lower(l.span))) * interval '1 second'
                     FROM wheelhouse.loads l
                     WHERE l.account_id = a.account_id AND l.stream = s.stream), '0') AS longest,
           CASE WHEN s.grain = 'snapshot' THEN greatest(a.history_from, coalesce(  -- the day of the first try
               (SELECT (lower(l.span) AT TIME ZONE z.timezone)::date
                FROM wheelhouse.loads l
                WHERE l.account_id = a.account_id AND l.stream = s.stream AND l.status IN ('loaded', 'failed')
                  AND upper(l.span) > bi.day_start(a.history_from, z.timezone)
                ORDER BY lower(l.span), l.id
                LIMIT 1),
               (now() AT TIME ZONE z.timezone)::date))
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

CREATE OR REPLACE VIEW bi.screen_sessions AS
SELECT s.account_id,
       s.session_id,
       s.local_day                              AS day,
       s.agent_email,
       s.started_at,
       extract(isodow FROM s.local_day)::integer AS weekday,
       extract(hour FROM s.started_at AT TIME ZONE CASE WHEN a.timezone IS NULL THEN 'UTC'
                                                        WHEN a.timezone_known THEN a.timezone END)::integer AS hour,
       s.occurrence,
       s.ended_at,
       s.duration_seconds,
       s.ended,
       s.max_viewers,
       s.viewers,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN s.viewer_locations ELSE bi.mask_locations(s.viewer_locations) END AS viewer_locations,
       s.rtc_seconds,
       s.webcam_seconds,
       s.recording_content_id,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN s.recording_url ELSE bi.mask(s.recording_url) END AS recording_url,
       n.agent_name
FROM crankwheel.screen_sessions s
LEFT JOIN wheelhouse.accounts a ON a.account_id = s.account_id
LEFT JOIN wheelhouse.agent_names n ON n.account_id = s.account_id AND n.agent_email = s.agent_email
WHERE s.deleted_at IS NULL;
COMMENT ON COLUMN bi.screen_sessions.hour IS 'Hour of the day in the reporting zone: 0 to 23. NULL: this database server does not know the zone.';

-- The sessions of a day are those with this local_day. The range of ids only bounds the search in the index, so it needs no zone.
CREATE OR REPLACE VIEW wheelhouse.agent_daily_dirty AS
SELECT d.account_id, d.day, f.*
FROM (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days) d
CROSS JOIN LATERAL (  -- the ids from the day's first moment in any zone to its last moment in any zone
    SELECT (lpad(to_hex(greatest(floor(extract(epoch FROM t.start) * 1000), 0)::bigint), 12, '0') || '00000000000000000000')::uuid AS low,
           (lpad(to_hex(greatest(floor(extract(epoch FROM t.stop) * 1000), 0)::bigint), 12, '0') || '00000000000000000000')::uuid  AS high
    FROM (SELECT (d.day - interval '14 hours') AT TIME ZONE 'UTC' AS start, (d.day + interval '36 hours') AT TIME ZONE 'UTC' AS stop OFFSET 0) t
    OFFSET 0
) i
CROSS JOIN LATERAL (
    SELECT agent_email,
           sum(sessions)::bigint AS sessions, sum(session_seconds)::bigint AS session_seconds, sum(viewers)::bigint AS viewers,
           max(max_viewers) AS max_viewers, sum(rtc_seconds)::bigint AS rtc_seconds, sum(webcam_seconds)::bigint AS webcam_seconds,
           sum(recordings)::bigint AS recordings, sum(demos_handled)::bigint AS demos_handled, sum(demos_answered)::bigint AS demos_answered,
           sum(demos_call_confirmed)::bigint AS demos_call_confirmed, sum(demos_screen_shared)::bigint AS demos_screen_shared,
           sum(seconds_to_respond)::bigint AS seconds_to_respond, sum(shares)::bigint AS shares, sum(plays)::bigint AS plays
    FROM (
        SELECT agent_email, count(*) AS sessions, sum(duration_seconds) AS session_seconds, sum(viewers) AS viewers, max(max_viewers) AS max_viewers,
               sum(rtc_seconds) AS rtc_seconds, sum(webcam_seconds) AS webcam_seconds, count(recording_content_id) AS recordings,
               0::bigint AS demos_handled, 0::bigint AS demos_answered, 0::bigint AS demos_call_confirmed, 0::bigint AS demos_screen_shared,
               NULL::bigint AS seconds_to_respond, 0::bigint AS shares, 0::bigint AS plays
        FROM crankwheel.screen_sessions
        WHERE account_id = d.account_id AND session_id >= i.low AND session_id < i.high AND local_day = d.day AND deleted_at IS NULL
        GROUP BY agent_email
        UNION ALL
        SELECT handled_by, 0, NULL, NULL, NULL, NULL, NULL, 0,
               count(*), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE call_confirmed), count(*) FILTER (WHERE screenshared), sum(seconds_to_respond),
               0, 0
        FROM crankwheel.demo_requests
        WHERE account_id = d.account_id AND local_day = d.day AND handled_by IS NOT NULL AND deleted_at IS NULL
        GROUP BY handled_by
        UNION ALL
        SELECT agent_email, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, NULL, coalesce(shares, 0), coalesce(plays, 0)
        FROM crankwheel.share_usage_daily
        WHERE account_id = d.account_id AND day = d.day
    ) s
    GROUP BY agent_email
) f;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wheelhouse, bi FROM PUBLIC;
