CREATE FUNCTION bi.session_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT (lpad(to_hex(least(greatest(floor(extract(epoch FROM at) * 1000), 0), 281474976710655)::bigint), 12, '0')
            || '00000000000000000000')::uuid;
END;
COMMENT ON FUNCTION bi.session_floor(timestamptz) IS
    'A uuid not above the session_id of any session that starts at the given moment or later. session_id >= bi.session_floor(from) AND session_id < bi.session_floor(to) finds a stretch of time by the primary key.';
REVOKE ALL ON FUNCTION bi.session_floor(timestamptz) FROM PUBLIC;

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

CREATE OR REPLACE VIEW wheelhouse.agent_daily_dirty AS
SELECT d.account_id, d.day, f.*
FROM (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days) d
JOIN wheelhouse.accounts a ON a.account_id = d.account_id
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
        WHERE session_id >= bi.session_floor(bi.day_start(d.day, a.timezone)) AND session_id < bi.session_floor(bi.day_start(d.day + 1, a.timezone))
          AND account_id = d.account_id AND deleted_at IS NULL
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

CREATE OR REPLACE VIEW bi.share_engagement AS
SELECT account_id,
       slug,
       s.content_id,
       coalesce(s.content_name, c.name)                AS content_name,
       c.type                                          AS content_type,
       coalesce(d.content_created_by, c.created_by)    AS content_created_by,
       coalesce(d.content_recorded_at, c.recorded_at)  AS content_recorded_at,
       coalesce(s.content_runtime_ms / 1000.0, d.content_runtime_seconds)::double precision AS content_runtime_seconds,
       coalesce(s.created_at, d.created_at)            AS created_at,
       (coalesce(s.created_at, d.created_at) AT TIME ZONE coalesce(a.timezone, 'UTC'))::date AS created_day,
       s.created_by_email,
       s.created_by_name,
       s.segment,
       s.has_cta,
       d.customer_account_id,
       d.access_sharing_enabled,
       d.video_url,
       coalesce(v.visits, 0)                           AS visits,
       coalesce(v.plays, 0)                            AS plays,
       v.plays::double precision / v.visits            AS play_rate,
       coalesce(v.cta_clicks, 0)                       AS cta_clicks,
       v.avg_percent_watched,
       coalesce(v.watch_time_seconds, 0)               AS watch_time_seconds,
       v.first_visited_at,
       v.last_visited_at
FROM crankwheel.shares s
FULL JOIN (SELECT account_id, slug, created_at, customer_account_id, content_created_by, content_recorded_at, content_runtime_seconds, video_url,
                  access_sharing_enabled, extra, load_id, loaded_at, deleted_at
           FROM crankwheel.share_details WHERE deleted_at IS NULL) d USING (account_id, slug)
LEFT JOIN (
    SELECT account_id, slug,
           count(*)                            AS visits,
           count(*) FILTER (WHERE played)      AS plays,
           count(*) FILTER (WHERE cta_clicked) AS cta_clicks,
           avg(percent_watched)                AS avg_percent_watched,
           sum(watch_time_seconds)             AS watch_time_seconds,
           min(visited_at)                     AS first_visited_at,
           max(visited_at)                     AS last_visited_at
    FROM crankwheel.share_visits
    WHERE deleted_at IS NULL
    GROUP BY account_id, slug
) v USING (account_id, slug)
LEFT JOIN wheelhouse.accounts a USING (account_id)
LEFT JOIN (SELECT * FROM crankwheel.contents WHERE deleted_at IS NULL) c USING (account_id, content_id)
WHERE s.deleted_at IS NULL;

CREATE OR REPLACE VIEW bi.share_visits AS
SELECT v.account_id, v.slug, v.visit_id,
       (v.visited_at AT TIME ZONE coalesce(a.timezone, 'UTC'))::date AS day,
       v.visited_at, v.played, v.percent_watched, v.watch_time_seconds, v.cta_clicked
FROM crankwheel.share_visits v
LEFT JOIN wheelhouse.accounts a ON a.account_id = v.account_id
WHERE v.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM crankwheel.shares s WHERE s.account_id = v.account_id AND s.slug = v.slug AND s.deleted_at IS NOT NULL);

CREATE OR REPLACE VIEW bi.screen_session_events WITH (security_barrier) AS
SELECT e.account_id, e.session_id, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name
FROM crankwheel.screen_session_events e
JOIN crankwheel.screen_sessions s ON s.session_id = e.session_id AND s.account_id = e.account_id
WHERE s.deleted_at IS NULL;
COMMENT ON VIEW bi.screen_session_events IS
    'What was shown in screen-share sessions. Grain: one row an entry. Key: account_id, session_id, seq. From the logs of usage_new. A stretch of time is found by the key: session_id >= bi.session_floor(from) AND session_id < bi.session_floor(to).';

CREATE OR REPLACE VIEW bi.screen_sessions WITH (security_barrier) AS
SELECT s.account_id,
       s.session_id,
       l.started::date                         AS day,
       s.agent_email,
       s.started_at,
       extract(isodow FROM l.started)::integer AS weekday,
       extract(hour FROM l.started)::integer   AS hour,
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
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN s.recording_url ELSE bi.mask(s.recording_url) END AS recording_url
FROM crankwheel.screen_sessions s
LEFT JOIN wheelhouse.accounts a ON a.account_id = s.account_id
CROSS JOIN LATERAL (SELECT s.started_at AT TIME ZONE coalesce(a.timezone, 'UTC') AS started) l
WHERE s.deleted_at IS NULL;

CREATE OR REPLACE VIEW bi.demo_answers WITH (security_barrier) AS
SELECT r.account_id,
       r.demo_id,
       r.local_day AS day,
       w.question,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN w.answer ELSE bi.mask(w.answer) END AS answer
FROM crankwheel.demo_answers w
JOIN crankwheel.demo_requests r ON r.account_id = w.account_id AND r.demo_id = w.demo_id
WHERE r.deleted_at IS NULL;

CREATE OR REPLACE VIEW bi.demo_requests WITH (security_barrier) AS
SELECT r.account_id,
       r.demo_id,
       r.local_day                                         AS day,
       r.started_at,
       extract(isodow FROM r.local_day)::integer           AS weekday,
       r.local_hour::integer                               AS hour,
       r.last_event_at,
       r.availability_bucket,
       r.answered,
       r.seconds_to_respond,
       r.handled_by,
       r.call_confirmed,
       r.screenshared,
       r.accepted_from,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.prospect_name      ELSE bi.mask(r.prospect_name)              END AS prospect_name,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.prospect_email     ELSE bi.mask(r.prospect_email)             END AS prospect_email,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.prospect_phone     ELSE bi.mask(r.prospect_phone)             END AS prospect_phone,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.prospect_company   ELSE bi.mask(r.prospect_company)           END AS prospect_company,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.prospect_job_title ELSE bi.mask(r.prospect_job_title)         END AS prospect_job_title,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.prospect_website   ELSE bi.mask(r.prospect_website)           END AS prospect_website,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.prospect_location  ELSE bi.mask_location(r.prospect_location) END AS prospect_location,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.request_origin     ELSE bi.mask_origin(r.request_origin)      END AS request_origin,
       r.origin_channel,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.utm_source         ELSE bi.mask_tag(r.utm_source)             END AS utm_source,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.utm_medium         ELSE bi.mask_tag(r.utm_medium)             END AS utm_medium,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.utm_campaign       ELSE bi.mask_tag(r.utm_campaign)           END AS utm_campaign,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.utm_term           ELSE bi.mask_tag(r.utm_term)               END AS utm_term,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.utm_content        ELSE bi.mask_tag(r.utm_content)            END AS utm_content,
       r.origin_name,
       r.campaign_source,
       r.campaign_medium,
       r.campaign_name
FROM crankwheel.demo_requests r
WHERE r.deleted_at IS NULL;

DROP INDEX crankwheel.shares_day, crankwheel.share_details_day, crankwheel.demo_requests_days, crankwheel.demo_requests_newest, crankwheel.share_visits_day, crankwheel.screen_session_events_occurred,
    crankwheel.screen_sessions_deleted, crankwheel.screen_sessions_day, crankwheel.screen_sessions_started;

CREATE OR REPLACE FUNCTION wheelhouse.move_days() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known date[];
BEGIN
    UPDATE crankwheel.demo_requests
    SET local_day = (started_at AT TIME ZONE NEW.timezone)::date, local_hour = extract(hour FROM started_at AT TIME ZONE NEW.timezone)
    WHERE account_id = NEW.account_id
      AND (local_day, local_hour) IS DISTINCT FROM
          ((started_at AT TIME ZONE NEW.timezone)::date, extract(hour FROM started_at AT TIME ZONE NEW.timezone)::smallint);
    known := ARRAY(SELECT day FROM wheelhouse.agent_daily WHERE account_id = NEW.account_id
                   UNION SELECT day FROM wheelhouse.request_hours WHERE account_id = NEW.account_id
                   UNION SELECT day FROM wheelhouse.video_daily WHERE account_id = NEW.account_id
                   UNION SELECT day FROM wheelhouse.dirty_days WHERE account_id = NEW.account_id);
    DELETE FROM wheelhouse.agent_daily WHERE account_id = NEW.account_id;
    DELETE FROM wheelhouse.request_hours WHERE account_id = NEW.account_id;
    DELETE FROM wheelhouse.video_daily WHERE account_id = NEW.account_id;
    DELETE FROM wheelhouse.dirty_days WHERE account_id = NEW.account_id;
    INSERT INTO wheelhouse.dirty_days (account_id, day, load_id)
    SELECT DISTINCT NEW.account_id, k.day + n, wheelhouse.own_mark() FROM unnest(known) AS k (day), generate_series(-2, 2) AS n;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wheelhouse.move_days() IS
    'Has days follow a change of the account''s reporting zone: local_day and local_hour of crankwheel.demo_requests, rollups and wheelhouse.dirty_days.';

CREATE FUNCTION wheelhouse.set_local_day() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    zone  text;
    local timestamp;
BEGIN
    SELECT timezone INTO zone FROM wheelhouse.accounts WHERE account_id = NEW.account_id FOR SHARE;
    local := NEW.started_at AT TIME ZONE coalesce(zone, 'UTC');
    NEW.local_day := local::date;
    NEW.local_hour := extract(hour FROM local);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION wheelhouse.set_local_day() IS 'Keeps local_day and local_hour of crankwheel.demo_requests.';
REVOKE ALL ON FUNCTION wheelhouse.set_local_day() FROM PUBLIC;
CREATE TRIGGER local_day BEFORE INSERT OR UPDATE OF account_id, started_at ON crankwheel.demo_requests
    FOR EACH ROW EXECUTE FUNCTION wheelhouse.set_local_day();

ALTER TABLE crankwheel.share_visits DROP COLUMN local_day;
ALTER TABLE crankwheel.shares DROP COLUMN local_day;
ALTER TABLE crankwheel.share_details DROP COLUMN local_day;
ALTER TABLE crankwheel.screen_session_events DROP CONSTRAINT screen_session_events_pkey, ADD PRIMARY KEY (session_id, account_id, seq);
ALTER TABLE crankwheel.screen_sessions DROP CONSTRAINT screen_sessions_pkey, DROP COLUMN local_day, ADD PRIMARY KEY (session_id, account_id);
