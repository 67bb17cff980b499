DROP VIEW bi.days;

CREATE OR REPLACE VIEW bi.agents AS
WITH RECURSIVE known AS (
    (SELECT account_id, agent_email FROM wheelhouse.agent_daily ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT n.account_id, n.agent_email
    FROM known k
    CROSS JOIN LATERAL (SELECT account_id, agent_email FROM wheelhouse.agent_daily
                        WHERE (account_id, agent_email) > (k.account_id, k.agent_email) ORDER BY 1, 2 LIMIT 1) n
), everyone AS (
    SELECT k.account_id, k.agent_email
    FROM known k
    CROSS JOIN LATERAL (
        SELECT FROM wheelhouse.agent_daily t
        WHERE t.account_id = k.account_id AND t.agent_email = k.agent_email
          AND NOT EXISTS (SELECT FROM wheelhouse.dirty_days d WHERE d.account_id = t.account_id AND d.day = t.day)
        LIMIT 1
    ) t
    UNION SELECT account_id, agent_email FROM wheelhouse.agent_daily_dirty
    UNION SELECT account_id, email FROM crankwheel.users
)
SELECT e.account_id,
       e.agent_email,
       (SELECT u.agent_name FROM crankwheel.share_usage_daily u
        WHERE u.account_id = e.account_id AND u.agent_email = e.agent_email AND u.agent_name IS NOT NULL
        ORDER BY u.day DESC LIMIT 1)                          AS agent_name,
       u.email IS NOT NULL AND u.deleted_at IS NULL           AS is_user,
       u.privilege,
       u.in_demo_pool
FROM everyone e
LEFT JOIN crankwheel.users u ON u.account_id = e.account_id AND u.email = e.agent_email;

CREATE OR REPLACE VIEW bi.agent_daily AS
SELECT f.account_id,
       f.day,
       f.agent_email,
       (SELECT u.agent_name FROM crankwheel.share_usage_daily u
        WHERE u.account_id = f.account_id AND u.agent_email = f.agent_email AND u.agent_name IS NOT NULL
        ORDER BY u.day DESC LIMIT 1)  AS agent_name,
       f.sessions,
       coalesce(f.session_seconds, 0) AS session_seconds,
       f.viewers,
       f.max_viewers,
       coalesce(f.rtc_seconds, 0)     AS rtc_seconds,
       coalesce(f.webcam_seconds, 0)  AS webcam_seconds,
       f.recordings,
       f.demos_handled,
       f.demos_answered,
       f.demos_call_confirmed,
       f.demos_screen_shared,
       f.seconds_to_respond,
       f.shares,
       f.plays
FROM (
    SELECT t.account_id, t.day, t.agent_email, t.sessions, t.session_seconds, t.viewers, t.max_viewers, t.rtc_seconds, t.webcam_seconds, t.recordings,
           t.demos_handled, t.demos_answered, t.demos_call_confirmed, t.demos_screen_shared, t.seconds_to_respond, t.shares, t.plays
    FROM wheelhouse.agent_daily t
    WHERE (t.account_id, t.day) NOT IN (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days)
    UNION ALL
    SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings,
           demos_handled, demos_answered, demos_call_confirmed, demos_screen_shared, seconds_to_respond, shares, plays
    FROM wheelhouse.agent_daily_dirty
) f;

-- A view loses a column only if it is made anew, and so are the views on it. They keep their comments.
ALTER VIEW bi.demo_requests RENAME COLUMN requested_at TO started_at;
ALTER VIEW bi.demo_requests RENAME COLUMN screen_shared TO screenshared;
CREATE TEMP TABLE dropped ON COMMIT DROP AS
SELECT v.name, pg_get_viewdef(('bi.' || v.name)::regclass) AS definition, a.attname, col_description(a.attrelid, a.attnum) AS of_column, obj_description(a.attrelid) AS of_view
FROM unnest(ARRAY['demo_requests', 'screen_sessions', 'screen_session_events', 'demo_funnel_daily', 'demo_response_hourly', 'utm_performance']) AS v (name)
JOIN pg_attribute a ON a.attrelid = ('bi.' || v.name)::regclass AND a.attnum > 0
WHERE a.attname NOT IN ('agent_name', 'handled_by_name');
DROP VIEW bi.utm_performance, bi.demo_response_hourly, bi.demo_funnel_daily, bi.demo_requests, bi.screen_sessions, bi.screen_session_events;

CREATE VIEW bi.demo_requests AS
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

CREATE VIEW bi.screen_sessions AS
SELECT s.account_id,
       s.session_id,
       s.local_day                              AS day,
       s.agent_email,
       s.started_at,
       extract(isodow FROM s.local_day)::integer AS weekday,
       extract(hour FROM s.started_at AT TIME ZONE coalesce(a.timezone, 'UTC'))::integer AS hour,
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
WHERE s.deleted_at IS NULL;

CREATE VIEW bi.screen_session_events WITH (security_barrier) AS
SELECT e.account_id, e.session_id, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name
FROM crankwheel.screen_session_events e
WHERE NOT EXISTS (SELECT FROM crankwheel.screen_sessions s
                  WHERE s.account_id = e.account_id AND s.session_id = e.session_id AND s.deleted_at IS NOT NULL);

DO $$
DECLARE
    d record;
BEGIN
    FOR d IN SELECT DISTINCT name, definition FROM dropped WHERE name IN ('demo_funnel_daily', 'demo_response_hourly', 'utm_performance') LOOP
        EXECUTE format('CREATE VIEW bi.%I AS %s', d.name, d.definition);
    END LOOP;
    FOR d IN SELECT DISTINCT name, of_view FROM dropped LOOP
        EXECUTE format('COMMENT ON VIEW bi.%I IS %L', d.name, d.of_view);
    END LOOP;
    FOR d IN SELECT name, attname, of_column FROM dropped LOOP
        EXECUTE format('COMMENT ON COLUMN bi.%I.%I IS %L', d.name, d.attname, d.of_column);
    END LOOP;
END
$$;

DROP TRIGGER inserted_names ON crankwheel.share_usage_daily;
DROP TRIGGER names_before ON crankwheel.share_usage_daily;
DROP TRIGGER names_after ON crankwheel.share_usage_daily;
DROP TRIGGER deleted_names ON crankwheel.share_usage_daily;
DROP TRIGGER no_names ON crankwheel.share_usage_daily;
DROP FUNCTION wheelhouse.keep_agent_names();
DROP TABLE wheelhouse.agent_names;
