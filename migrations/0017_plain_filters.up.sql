-- Make plain filters quick. Sessions and visits store their day in the account's zone, as requests do. The loader computes the day of
-- all three.
-- rewrites: crankwheel.screen_sessions crankwheel.share_visits crankwheel.shares crankwheel.share_details
-- reindexes: crankwheel.screen_session_events

-- The day of a moment in the account's zone, for existing rows.
CREATE FUNCTION pg_temp.local_day(account text, at timestamptz) RETURNS date
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (at AT TIME ZONE coalesce((SELECT timezone FROM wheelhouse.accounts WHERE account_id = account), 'UTC'))::date;
END
$$;
ALTER TABLE crankwheel.screen_sessions DROP CONSTRAINT screen_sessions_pkey, ADD COLUMN local_day date;
ALTER TABLE crankwheel.screen_sessions
    ALTER COLUMN local_day TYPE date USING pg_temp.local_day(account_id, started_at),
    ALTER COLUMN local_day SET NOT NULL,
    ADD PRIMARY KEY (account_id, session_id);
ALTER TABLE crankwheel.screen_session_events DROP CONSTRAINT screen_session_events_pkey, ADD PRIMARY KEY (account_id, session_id, seq);
ALTER TABLE crankwheel.share_visits ADD COLUMN local_day date;
ALTER TABLE crankwheel.share_visits
    ALTER COLUMN local_day TYPE date USING pg_temp.local_day(account_id, visited_at),
    ALTER COLUMN local_day SET NOT NULL;
ALTER TABLE crankwheel.shares ADD COLUMN local_day date;
ALTER TABLE crankwheel.shares
    ALTER COLUMN local_day TYPE date USING pg_temp.local_day(account_id, created_at);
ALTER TABLE crankwheel.share_details ADD COLUMN local_day date;
ALTER TABLE crankwheel.share_details
    ALTER COLUMN local_day TYPE date USING pg_temp.local_day(account_id, created_at),
    ALTER COLUMN local_day SET NOT NULL;
DROP FUNCTION pg_temp.local_day(text, timestamptz);
COMMENT ON COLUMN crankwheel.screen_sessions.local_day IS 'Made here: day of started_at in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN crankwheel.share_visits.local_day    IS 'Made here: day of visited_at in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN crankwheel.shares.local_day          IS 'Made here: day of created_at in the account''s reporting zone (wheelhouse.accounts.timezone). NULL: not listed yet.';
COMMENT ON COLUMN crankwheel.share_details.local_day   IS 'Made here: day of created_at in the account''s reporting zone (wheelhouse.accounts.timezone).';

DROP TRIGGER local_day ON crankwheel.demo_requests;
DROP FUNCTION wheelhouse.set_local_day();
CREATE OR REPLACE FUNCTION wheelhouse.move_days() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known date[];
BEGIN
    PERFORM now() AT TIME ZONE NEW.timezone; -- fails if this server does not know the zone
    UPDATE crankwheel.demo_requests
    SET local_day = (started_at AT TIME ZONE NEW.timezone)::date, local_hour = extract(hour FROM started_at AT TIME ZONE NEW.timezone)
    WHERE account_id = NEW.account_id
      AND (local_day, local_hour) IS DISTINCT FROM
          ((started_at AT TIME ZONE NEW.timezone)::date, extract(hour FROM started_at AT TIME ZONE NEW.timezone)::smallint);
    UPDATE crankwheel.screen_sessions
    SET local_day = (started_at AT TIME ZONE NEW.timezone)::date
    WHERE account_id = NEW.account_id AND local_day <> (started_at AT TIME ZONE NEW.timezone)::date;
    UPDATE crankwheel.share_visits
    SET local_day = (visited_at AT TIME ZONE NEW.timezone)::date
    WHERE account_id = NEW.account_id AND local_day <> (visited_at AT TIME ZONE NEW.timezone)::date;
    UPDATE crankwheel.shares
    SET local_day = (created_at AT TIME ZONE NEW.timezone)::date
    WHERE account_id = NEW.account_id AND local_day <> (created_at AT TIME ZONE NEW.timezone)::date;
    UPDATE crankwheel.share_details
    SET local_day = (created_at AT TIME ZONE NEW.timezone)::date
    WHERE account_id = NEW.account_id AND local_day <> (created_at AT TIME ZONE NEW.timezone)::date;
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
    'Runs when the reporting zone of an account is set or changes: computes local_day and local_hour of its rows again, deletes its rollups and marks their days dirty.';

-- The newest rows come from a b-tree. A range of time comes from a BRIN index, which works because rows arrive nearly in the order of
-- time, and costs a load little. No load filters on a column of a BRIN index, so the planner cannot choose such an index for a load by
-- mistake. screen_sessions_deleted is for bi.screen_session_events, which leaves out the events of deleted sessions.
CREATE INDEX screen_sessions_started ON crankwheel.screen_sessions (started_at) WITH (deduplicate_items = off);
CREATE INDEX screen_sessions_day ON crankwheel.screen_sessions USING brin (local_day) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX screen_sessions_deleted ON crankwheel.screen_sessions (account_id, session_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX screen_session_events_occurred ON crankwheel.screen_session_events USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX share_visits_day ON crankwheel.share_visits USING brin (local_day) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX shares_day ON crankwheel.shares USING brin (local_day) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX share_details_day ON crankwheel.share_details USING brin (local_day) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX demo_requests_newest ON crankwheel.demo_requests (started_at);
CREATE INDEX demo_requests_days ON crankwheel.demo_requests USING brin (local_day) WITH (pages_per_range = 32, autosummarize = on);

-- Requests and sessions are no longer security barriers, so the planner sorts, limits and joins the tables first, and masks only the rows
-- that are returned. A condition with a reader's own function still does not see deleted rows: a test for NULL costs nothing, and Postgres
-- evaluates the cheapest conditions of a table first. (A reader's own operator may see the most common agents in the planner's statistics, which
-- include deleted rows.) Views in which a join hides the rows of deleted parents are barriers.
CREATE OR REPLACE VIEW bi.demo_requests AS
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

CREATE OR REPLACE VIEW bi.demo_answers WITH (security_barrier) AS
SELECT r.account_id,
       r.demo_id,
       r.local_day AS day,
       w.question,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN w.answer ELSE bi.mask(w.answer) END AS answer
FROM crankwheel.demo_answers w
JOIN crankwheel.demo_requests r ON r.account_id = w.account_id AND r.demo_id = w.demo_id
WHERE r.deleted_at IS NULL;

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
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN s.recording_url ELSE bi.mask(s.recording_url) END AS recording_url
FROM crankwheel.screen_sessions s
LEFT JOIN wheelhouse.accounts a ON a.account_id = s.account_id
WHERE s.deleted_at IS NULL;

CREATE OR REPLACE VIEW bi.screen_session_events WITH (security_barrier) AS
SELECT e.account_id, e.session_id, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name
FROM crankwheel.screen_session_events e
WHERE NOT EXISTS (SELECT FROM crankwheel.screen_sessions s
                  WHERE s.account_id = e.account_id AND s.session_id = e.session_id AND s.deleted_at IS NOT NULL);
COMMENT ON VIEW bi.screen_session_events IS
    'What was shown in screen-share sessions. Grain: one row an entry. Key: account_id, session_id, seq. From the logs of usage_new.';

CREATE OR REPLACE VIEW bi.share_visits WITH (security_barrier) AS
SELECT v.account_id, v.slug, v.visit_id,
       v.local_day AS day,
       v.visited_at, v.played, v.percent_watched, v.watch_time_seconds, v.cta_clicked
FROM crankwheel.share_visits v
WHERE v.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM crankwheel.shares s WHERE s.account_id = v.account_id AND s.slug = v.slug AND s.deleted_at IS NOT NULL);

CREATE OR REPLACE VIEW bi.share_engagement WITH (security_barrier) AS
SELECT s.account_id,
       s.slug,
       s.content_id,
       coalesce(s.content_name, c.name)                AS content_name,
       c.type                                          AS content_type,
       coalesce(s.content_created_by, c.created_by)    AS content_created_by,
       coalesce(s.content_recorded_at, c.recorded_at)  AS content_recorded_at,
       coalesce(s.content_runtime_ms / 1000.0, s.content_runtime_seconds)::double precision AS content_runtime_seconds,
       s.created_at,
       s.created_day,
       s.created_by_email,
       s.created_by_name,
       s.segment,
       s.has_cta,
       s.customer_account_id,
       s.access_sharing_enabled,
       s.video_url,
       v.visits,
       v.plays,
       v.plays::double precision / nullif(v.visits, 0) AS play_rate,
       v.cta_clicks,
       v.avg_percent_watched,
       v.watch_time_seconds,
       v.first_visited_at,
       v.last_visited_at
FROM (
    SELECT s.account_id, s.slug, s.content_id, s.content_name, s.content_runtime_ms, s.created_at, s.local_day AS created_day, s.created_by_email, s.created_by_name,
           s.segment, s.has_cta, d.content_created_by, d.content_recorded_at, d.content_runtime_seconds, d.customer_account_id, d.access_sharing_enabled, d.video_url
    FROM crankwheel.shares s
    LEFT JOIN crankwheel.share_details d ON d.account_id = s.account_id AND d.slug = s.slug AND d.deleted_at IS NULL
    WHERE s.deleted_at IS NULL AND s.created_at IS NOT NULL
    UNION ALL
    SELECT s.account_id, s.slug, s.content_id, s.content_name, s.content_runtime_ms, d.created_at, d.local_day, s.created_by_email, s.created_by_name,
           s.segment, s.has_cta, d.content_created_by, d.content_recorded_at, d.content_runtime_seconds, d.customer_account_id, d.access_sharing_enabled, d.video_url
    FROM crankwheel.shares s
    LEFT JOIN crankwheel.share_details d ON d.account_id = s.account_id AND d.slug = s.slug AND d.deleted_at IS NULL
    WHERE s.deleted_at IS NULL AND s.created_at IS NULL
    UNION ALL
    SELECT d.account_id, d.slug, NULL, NULL, NULL, d.created_at, d.local_day, NULL, NULL,
           NULL, NULL, d.content_created_by, d.content_recorded_at, d.content_runtime_seconds, d.customer_account_id, d.access_sharing_enabled, d.video_url
    FROM crankwheel.share_details d
    WHERE d.deleted_at IS NULL AND NOT EXISTS (SELECT FROM crankwheel.shares s WHERE s.account_id = d.account_id AND s.slug = d.slug)
) s
-- One share at a time, so that a query for some shares reads only their visits.
CROSS JOIN LATERAL (
    SELECT count(*)                               AS visits,
           count(*) FILTER (WHERE played)         AS plays,
           count(*) FILTER (WHERE cta_clicked)    AS cta_clicks,
           avg(percent_watched)                   AS avg_percent_watched,
           coalesce(sum(watch_time_seconds), 0)   AS watch_time_seconds,
           min(visited_at)                        AS first_visited_at,
           max(visited_at)                        AS last_visited_at
    FROM crankwheel.share_visits v
    WHERE v.account_id = s.account_id AND v.slug = s.slug AND v.deleted_at IS NULL
) v
LEFT JOIN crankwheel.contents c ON c.account_id = s.account_id AND c.content_id = s.content_id AND c.deleted_at IS NULL;

-- low and high are computed as in wheelhouse.session_floor. The view cannot call that function: a view calls functions with the rights of
-- the reader, who may not call it.
CREATE OR REPLACE VIEW wheelhouse.agent_daily_dirty AS
SELECT d.account_id, d.day, f.*
FROM (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days) d
JOIN wheelhouse.accounts a ON a.account_id = d.account_id
CROSS JOIN LATERAL (  -- the ids of the day and of three more hours, because a clock that goes back at midnight repeats part of the day
    SELECT (lpad(to_hex(greatest(floor(extract(epoch FROM t.start) * 1000), 0)::bigint), 12, '0') || '00000000000000000000')::uuid AS low,
           (lpad(to_hex(greatest(floor(extract(epoch FROM t.stop) * 1000), 0)::bigint), 12, '0') || '00000000000000000000')::uuid  AS high
    FROM (SELECT bi.day_start(d.day, a.timezone) - interval '3 hours' AS start, bi.day_start(d.day + 1, a.timezone) + interval '3 hours' AS stop OFFSET 0) t
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
      AND s.started_at >= lower(l.span) - interval '1 day' AND s.started_at < upper(l.span)
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

DROP FUNCTION bi.session_floor(timestamptz);
