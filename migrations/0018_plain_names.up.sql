-- Give each thing in bi one name, show the agent's name beside the agent's address, and add a view of all days.

CREATE TABLE wheelhouse.agent_names (
    account_id  text NOT NULL,
    agent_email text NOT NULL,
    agent_name  text NOT NULL,
    day         date NOT NULL,
    PRIMARY KEY (account_id, agent_email)
);
COMMENT ON TABLE wheelhouse.agent_names IS
    'The latest name of each agent in crankwheel.share_usage_daily. Triggers on that table keep the names up to date. Grain: one row for each agent with a name. Key: account_id, agent_email.';
COMMENT ON COLUMN wheelhouse.agent_names.account_id  IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.agent_names.agent_email IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN wheelhouse.agent_names.agent_name  IS 'The agent''s latest name, from video sharing.';
COMMENT ON COLUMN wheelhouse.agent_names.day         IS 'The latest day with a name.';

CREATE FUNCTION wheelhouse.keep_agent_names() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM wheelhouse.agent_names;
        RETURN NULL;
    END IF;
    WITH latest AS MATERIALIZED (
        SELECT c.account_id, c.agent_email, u.agent_name, u.day
        FROM (SELECT DISTINCT account_id, agent_email FROM changed) c
        LEFT JOIN LATERAL (
            SELECT agent_name, day FROM crankwheel.share_usage_daily
            WHERE account_id = c.account_id AND agent_email = c.agent_email AND agent_name IS NOT NULL
            ORDER BY day DESC LIMIT 1
        ) u ON true
    ), nameless AS (
        DELETE FROM wheelhouse.agent_names n USING latest l
        WHERE n.account_id = l.account_id AND n.agent_email = l.agent_email AND l.day IS NULL
    )
    INSERT INTO wheelhouse.agent_names AS n (account_id, agent_email, agent_name, day)
    SELECT account_id, agent_email, agent_name, day FROM latest WHERE day IS NOT NULL ORDER BY account_id, agent_email
    ON CONFLICT (account_id, agent_email) DO UPDATE SET agent_name = excluded.agent_name, day = excluded.day; -- always, so that of two loads at the same time one fails and sees the other
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION wheelhouse.keep_agent_names() FROM PUBLIC;
COMMENT ON FUNCTION wheelhouse.keep_agent_names() IS 'Keeps the names in wheelhouse.agent_names equal to the latest ones in crankwheel.share_usage_daily.';
CREATE TRIGGER inserted_names AFTER INSERT ON crankwheel.share_usage_daily REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.keep_agent_names();
CREATE TRIGGER names_before AFTER UPDATE ON crankwheel.share_usage_daily REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.keep_agent_names();
CREATE TRIGGER names_after AFTER UPDATE ON crankwheel.share_usage_daily REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.keep_agent_names();
CREATE TRIGGER deleted_names AFTER DELETE ON crankwheel.share_usage_daily REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.keep_agent_names();
CREATE TRIGGER no_names AFTER TRUNCATE ON crankwheel.share_usage_daily
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.keep_agent_names();
INSERT INTO wheelhouse.agent_names (account_id, agent_email, agent_name, day)
SELECT DISTINCT ON (account_id, agent_email) account_id, agent_email, agent_name, day
FROM crankwheel.share_usage_daily
WHERE agent_name IS NOT NULL
ORDER BY account_id, agent_email, day DESC;

-- A query that does not ask for the name does not read agent_names: the table has one row for each agent, so the planner removes the join.
ALTER VIEW bi.demo_requests RENAME COLUMN started_at TO requested_at;
ALTER VIEW bi.demo_requests RENAME COLUMN screenshared TO screen_shared;
CREATE OR REPLACE VIEW bi.demo_requests AS
SELECT r.account_id,
       r.demo_id,
       r.local_day                                         AS day,
       r.started_at                                        AS requested_at,
       extract(isodow FROM r.local_day)::integer           AS weekday,
       r.local_hour::integer                               AS hour,
       r.last_event_at,
       r.availability_bucket,
       r.answered,
       r.seconds_to_respond,
       r.handled_by,
       r.call_confirmed,
       r.screenshared                                      AS screen_shared,
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
       r.campaign_name,
       n.agent_name                                        AS handled_by_name
FROM crankwheel.demo_requests r
LEFT JOIN wheelhouse.agent_names n ON n.account_id = r.account_id AND n.agent_email = r.handled_by
WHERE r.deleted_at IS NULL;

COMMENT ON COLUMN bi.demo_requests.handled_by_name IS 'The latest name of the agent in handled_by, from video sharing. NULL: no name was ever sent, or nobody handled the request.';

CREATE OR REPLACE VIEW bi.screen_sessions AS
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
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN s.recording_url ELSE bi.mask(s.recording_url) END AS recording_url,
       n.agent_name
FROM crankwheel.screen_sessions s
LEFT JOIN wheelhouse.accounts a ON a.account_id = s.account_id
LEFT JOIN wheelhouse.agent_names n ON n.account_id = s.account_id AND n.agent_email = s.agent_email
WHERE s.deleted_at IS NULL;

COMMENT ON COLUMN bi.screen_sessions.agent_name IS 'The agent''s latest name, from video sharing. NULL: no name was ever sent.';

CREATE OR REPLACE VIEW bi.screen_session_events WITH (security_barrier) AS
SELECT e.account_id, e.session_id, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name, n.agent_name
FROM crankwheel.screen_session_events e
LEFT JOIN wheelhouse.agent_names n ON n.account_id = e.account_id AND n.agent_email = e.agent_email
WHERE NOT EXISTS (SELECT FROM crankwheel.screen_sessions s
                  WHERE s.account_id = e.account_id AND s.session_id = e.session_id AND s.deleted_at IS NOT NULL);

COMMENT ON COLUMN bi.screen_session_events.agent_name IS 'The agent''s latest name, from video sharing. NULL: no name was ever sent.';

CREATE OR REPLACE VIEW bi.agent_daily AS
SELECT f.account_id,
       f.day,
       f.agent_email,
       n.agent_name,
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
) f
LEFT JOIN wheelhouse.agent_names n ON n.account_id = f.account_id AND n.agent_email = f.agent_email;

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
       n.agent_name,
       u.email IS NOT NULL AND u.deleted_at IS NULL           AS is_user,
       u.privilege,
       u.in_demo_pool
FROM everyone e
LEFT JOIN crankwheel.users u ON u.account_id = e.account_id AND u.email = e.agent_email
LEFT JOIN wheelhouse.agent_names n ON n.account_id = e.account_id AND n.agent_email = e.agent_email;

CREATE VIEW bi.days AS
SELECT a.account_id, d.day::date AS day
FROM wheelhouse.accounts a
CROSS JOIN LATERAL generate_series(a.history_from::timestamp, (now() AT TIME ZONE a.timezone)::date::timestamp, interval '1 day') AS d (day)
WHERE isfinite(a.history_from);
COMMENT ON VIEW bi.days IS
    'Every day of each account''s history. A LEFT JOIN from this view keeps the days on which nothing happened. Grain: one row for each account and day. Key: account_id, day.';
COMMENT ON COLUMN bi.days.account_id IS 'Which CrankWheel account. "default" where only one account is configured.';
COMMENT ON COLUMN bi.days.day        IS 'The day, from the first day of the account''s history to today, in the account''s reporting zone.';
