-- The views as 0003_bi made them. No CASCADE: a view that somebody built on these stops the migration.
DROP VIEW
    bi.agents, bi.contents, bi.users, bi.share_visits, bi.shares, bi.screen_session_events, bi.share_usage_daily, bi.campaign_daily,
    bi.demo_response_hourly, bi.demo_cancellations_daily, bi.utm_performance, bi.agent_daily, bi.demo_funnel_daily,
    bi.demo_answers, bi.demo_requests, bi.session_daily,
    wheelhouse.session_daily_stale, wheelhouse.session_days_stale, wheelhouse.session_gaps, wheelhouse.session_days;
DROP TABLE wheelhouse.session_daily, wheelhouse.session_summaries, wheelhouse.session_due;
DROP TRIGGER local_days ON wheelhouse.accounts;
DROP TRIGGER local_day ON crankwheel.demo_requests;
DROP FUNCTION wheelhouse.move_local_days();
DROP FUNCTION wheelhouse.set_local_day();
DROP FUNCTION bi.session_floor(timestamptz);
DROP INDEX crankwheel.demo_requests_day, crankwheel.demo_requests_agent, crankwheel.shares_creator,
    crankwheel.shares_deleted, crankwheel.share_usage_daily_agent, crankwheel.share_engagement_daily_share;
ALTER TABLE crankwheel.demo_requests DROP COLUMN local_day, DROP COLUMN local_hour, DROP COLUMN origin_name,
    DROP COLUMN campaign_source, DROP COLUMN campaign_medium, DROP COLUMN campaign_name;

-- A barrier, so that a function in somebody's WHERE never sees a row that this view leaves out.
-- (SELECT …) asks for the role once a query instead of once a row.
CREATE VIEW bi.demo_requests WITH (security_barrier) AS
SELECT r.account_id,
       r.demo_id,
       l.started::date                                     AS day,
       r.started_at,
       extract(isodow FROM l.started)::integer             AS weekday,
       extract(hour FROM l.started)::integer               AS hour,
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
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN r.utm_content        ELSE bi.mask_tag(r.utm_content)            END AS utm_content
FROM crankwheel.demo_requests r
LEFT JOIN wheelhouse.accounts a ON a.account_id = r.account_id
CROSS JOIN LATERAL (SELECT r.started_at AT TIME ZONE coalesce(a.timezone, 'UTC') AS started) l
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW bi.demo_requests IS
    'Instant Demo requests that were not cancelled. Grain: one row a request. Key: account_id, demo_id. From demo_usage. Prospects'' answers are *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.demo_requests.account_id          IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.demo_requests.demo_id             IS 'CrankWheel''s number of the request, unique in its account.';
COMMENT ON COLUMN bi.demo_requests.day                 IS 'Day of the request (started_at) in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.demo_requests.started_at          IS 'When the prospect asked for a demo.';
COMMENT ON COLUMN bi.demo_requests.weekday             IS 'Day of the week in the reporting zone: 1 Monday to 7 Sunday.';
COMMENT ON COLUMN bi.demo_requests.hour                IS 'Hour of the day in the reporting zone: 0 to 23.';
COMMENT ON COLUMN bi.demo_requests.last_event_at       IS 'When anything last happened to the request. NULL when the API did not say.';
COMMENT ON COLUMN bi.demo_requests.availability_bucket IS 'How much of the demo pool was free: full_capacity, half_capacity, no_capacity, or a newer value as sent. NULL when not sent.';
COMMENT ON COLUMN bi.demo_requests.answered            IS 'True when an agent responded, that is when seconds_to_respond is a number.';
COMMENT ON COLUMN bi.demo_requests.seconds_to_respond  IS 'Seconds from the request to the agent''s response. NULL: nobody responded.';
COMMENT ON COLUMN bi.demo_requests.handled_by          IS 'E-mail address of the agent who responded, lower case. NULL: nobody.';
COMMENT ON COLUMN bi.demo_requests.call_confirmed      IS 'Whether the call was confirmed. NULL: did not apply.';
COMMENT ON COLUMN bi.demo_requests.screenshared        IS 'Whether a screen was shared. NULL: did not apply.';
COMMENT ON COLUMN bi.demo_requests.accepted_from       IS 'Where the agent accepted it: extension, email, or a newer value as sent. NULL: did not apply.';
COMMENT ON COLUMN bi.demo_requests.prospect_name       IS 'Personal: ***, unless the reader belongs to wheelhouse_pii_reader: the prospect''s name as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN bi.demo_requests.prospect_email      IS 'Personal: ***, unless the reader belongs to wheelhouse_pii_reader: the prospect''s e-mail address as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN bi.demo_requests.prospect_phone      IS 'Personal: ***, unless the reader belongs to wheelhouse_pii_reader: the prospect''s telephone number as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN bi.demo_requests.prospect_company    IS 'Personal: ***, unless the reader belongs to wheelhouse_pii_reader: the prospect''s company as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN bi.demo_requests.prospect_job_title  IS 'Personal: ***, unless the reader belongs to wheelhouse_pii_reader: the prospect''s job title as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN bi.demo_requests.prospect_website    IS 'Personal: ***, unless the reader belongs to wheelhouse_pii_reader: the prospect''s web site as typed. NULL: not asked or left empty.';
COMMENT ON COLUMN bi.demo_requests.prospect_location   IS 'Where CrankWheel takes the prospect to be: the part after the last comma (the country) unless the reader belongs to wheelhouse_pii_reader. NULL: not known.';
COMMENT ON COLUMN bi.demo_requests.request_origin      IS 'Address of the page or campaign link where the request was made: without parameters unless the reader belongs to wheelhouse_pii_reader. NULL: not sent.';
COMMENT ON COLUMN bi.demo_requests.origin_channel      IS 'email_campaign when the origin''s path is /ss/showu/<short name>, else website. NULL: no origin was sent.';
COMMENT ON COLUMN bi.demo_requests.utm_source          IS 'The request''s utm_source as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.demo_requests.utm_medium          IS 'The request''s utm_medium as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.demo_requests.utm_campaign        IS 'The request''s utm_campaign as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.demo_requests.utm_term            IS 'The request''s utm_term as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.demo_requests.utm_content         IS 'The request''s utm_content as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';

CREATE VIEW bi.demo_answers WITH (security_barrier) AS
SELECT r.account_id,
       r.demo_id,
       (r.started_at AT TIME ZONE coalesce(a.timezone, 'UTC'))::date AS day,
       w.question,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN w.answer ELSE bi.mask(w.answer) END AS answer
FROM crankwheel.demo_answers w
JOIN crankwheel.demo_requests r ON r.account_id = w.account_id AND r.demo_id = w.demo_id
LEFT JOIN wheelhouse.accounts a ON a.account_id = r.account_id
WHERE r.deleted_at IS NULL;
COMMENT ON VIEW bi.demo_answers IS
    'Answers to an account''s own lead-capture questions. Grain: one row for each question of a request. Key: account_id, demo_id, question. From demo_usage.';
COMMENT ON COLUMN bi.demo_answers.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.demo_answers.demo_id    IS 'The request: bi.demo_requests.demo_id.';
COMMENT ON COLUMN bi.demo_answers.day        IS 'Day of the request in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.demo_answers.question   IS 'The question''s key as the account named it, without the prefix prospect-.';
COMMENT ON COLUMN bi.demo_answers.answer     IS 'Personal: ***, unless the reader belongs to wheelhouse_pii_reader: the answer as typed. NULL: left empty.';

-- Cancellations have a day but no availability. They stand once, in the row without availability, so that every
-- count adds up; a loaded day on which nothing happened has that row too, with zeros.
CREATE VIEW bi.demo_funnel_daily AS
SELECT account_id,
       day,
       availability_bucket,
       count(demo_id)                          AS requested,
       sum(canceled)                           AS canceled,
       count(*) FILTER (WHERE answered)        AS answered,
       count(*) FILTER (WHERE call_confirmed)  AS call_confirmed,
       count(*) FILTER (WHERE screenshared)    AS screen_shared,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond) AS median_seconds_to_respond,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_respond) AS p90_seconds_to_respond
FROM (
    SELECT account_id, day, availability_bucket, demo_id, 0 AS canceled, answered, call_confirmed, screenshared, seconds_to_respond
    FROM bi.demo_requests
    UNION ALL
    SELECT account_id, day, NULL, NULL, canceled, NULL, NULL, NULL, NULL
    FROM crankwheel.demo_cancellations_daily
) AS requests
GROUP BY account_id, day, availability_bucket;
COMMENT ON VIEW bi.demo_funnel_daily IS
    'The funnel of Instant Demo requests. Grain: one row for each day and availability. Key: account_id, day, availability_bucket (which may be NULL). Counts add up over rows, medians and percentiles do not: take those of a longer time from bi.demo_requests. A loaded day has at least the row without availability.';
COMMENT ON COLUMN bi.demo_funnel_daily.account_id                IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.demo_funnel_daily.day                       IS 'Day of the request in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.demo_funnel_daily.availability_bucket       IS 'How much of the demo pool was free; see bi.demo_requests. NULL: not sent, and the row in which the day''s cancellations are counted.';
COMMENT ON COLUMN bi.demo_funnel_daily.requested                 IS 'Requests that were not cancelled. Everything asked for is requested + canceled.';
COMMENT ON COLUMN bi.demo_funnel_daily.canceled                  IS 'Requests that the prospect cancelled. The API does not tell their availability: they are all in the row without one, and 0 elsewhere.';
COMMENT ON COLUMN bi.demo_funnel_daily.answered                  IS 'Of requested: those to which an agent responded.';
COMMENT ON COLUMN bi.demo_funnel_daily.call_confirmed            IS 'Of requested: those whose call was confirmed.';
COMMENT ON COLUMN bi.demo_funnel_daily.screen_shared             IS 'Of requested: those in which a screen was shared.';
COMMENT ON COLUMN bi.demo_funnel_daily.median_seconds_to_respond IS 'Median seconds from request to response, over answered ones. NULL: none was answered.';
COMMENT ON COLUMN bi.demo_funnel_daily.p90_seconds_to_respond    IS '90th percentile of seconds from request to response, over answered ones. NULL: none was answered.';

-- Each stream is brought to agent and day by itself, then all are added up: who is in any of them is in here.
CREATE VIEW bi.agent_daily AS
SELECT f.account_id,
       f.day,
       f.agent_email,
       n.agent_name,
       coalesce(sum(f.sessions), 0)::bigint             AS sessions,
       coalesce(sum(f.session_seconds), 0)::bigint      AS session_seconds,
       sum(f.viewers)::bigint                           AS viewers,
       max(f.max_viewers)                               AS max_viewers,
       coalesce(sum(f.rtc_seconds), 0)::bigint          AS rtc_seconds,
       coalesce(sum(f.webcam_seconds), 0)::bigint       AS webcam_seconds,
       coalesce(sum(f.recordings), 0)::bigint           AS recordings,
       coalesce(sum(f.demos_handled), 0)::bigint        AS demos_handled,
       coalesce(sum(f.demos_answered), 0)::bigint       AS demos_answered,
       coalesce(sum(f.demos_call_confirmed), 0)::bigint AS demos_call_confirmed,
       coalesce(sum(f.demos_screen_shared), 0)::bigint  AS demos_screen_shared,
       sum(f.seconds_to_respond)::bigint                AS seconds_to_respond,
       coalesce(sum(f.shares), 0)::bigint               AS shares,
       coalesce(sum(f.plays), 0)::bigint                AS plays
FROM (
    SELECT account_id, day, agent_email,
           count(*)                    AS sessions,
           sum(duration_seconds)       AS session_seconds,
           sum(viewers)                AS viewers,
           max(max_viewers)            AS max_viewers,
           sum(rtc_seconds)            AS rtc_seconds,
           sum(webcam_seconds)         AS webcam_seconds,
           count(recording_content_id) AS recordings,
           NULL::bigint AS demos_handled, NULL::bigint AS demos_answered, NULL::bigint AS demos_call_confirmed,
           NULL::bigint AS demos_screen_shared, NULL::bigint AS seconds_to_respond,
           NULL::bigint AS shares, NULL::bigint AS plays
    FROM bi.screen_sessions
    GROUP BY account_id, day, agent_email
    UNION ALL
    SELECT account_id, day, handled_by,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           count(*),
           count(*) FILTER (WHERE answered),
           count(*) FILTER (WHERE call_confirmed),
           count(*) FILTER (WHERE screenshared),
           sum(seconds_to_respond),
           NULL, NULL
    FROM bi.demo_requests
    WHERE handled_by IS NOT NULL
    GROUP BY account_id, day, handled_by
    UNION ALL
    SELECT account_id, day, agent_email,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL,
           shares, plays
    FROM crankwheel.share_usage_daily
) AS f
LEFT JOIN (
    SELECT DISTINCT ON (account_id, agent_email) account_id, agent_email, agent_name
    FROM crankwheel.share_usage_daily
    WHERE agent_name IS NOT NULL
    ORDER BY account_id, agent_email, day DESC
) AS n ON n.account_id = f.account_id AND n.agent_email = f.agent_email
GROUP BY f.account_id, f.day, f.agent_email, n.agent_name;
COMMENT ON VIEW bi.agent_daily IS
    'What each agent did. Grain: one row for each agent and day with anything in any stream: sessions, demo requests, video sharing. Key: account_id, day, agent_email. Requests that nobody handled are in bi.demo_requests only.';
COMMENT ON COLUMN bi.agent_daily.account_id           IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.agent_daily.day                  IS 'The day in the account''s reporting zone: of the start of a session, of a request; of video sharing as loaded.';
COMMENT ON COLUMN bi.agent_daily.agent_email          IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN bi.agent_daily.agent_name           IS 'The agent''s latest name in video sharing, on every day. NULL: never sent.';
COMMENT ON COLUMN bi.agent_daily.sessions             IS 'Screen-share sessions started that day. From usage_new.';
COMMENT ON COLUMN bi.agent_daily.session_seconds      IS 'How long they lasted together, in seconds, wherever midnight fell.';
COMMENT ON COLUMN bi.agent_daily.viewers              IS 'Their viewers together. NULL: no session that tells.';
COMMENT ON COLUMN bi.agent_daily.max_viewers          IS 'Most viewers at one time in any of them. NULL: no session that tells.';
COMMENT ON COLUMN bi.agent_daily.rtc_seconds          IS 'Their seconds of real-time video.';
COMMENT ON COLUMN bi.agent_daily.webcam_seconds       IS 'Their seconds with the web camera on.';
COMMENT ON COLUMN bi.agent_daily.recordings           IS 'Those that were recorded.';
COMMENT ON COLUMN bi.agent_daily.demos_handled        IS 'Demo requests of that day that the agent took. From demo_usage.';
COMMENT ON COLUMN bi.agent_daily.demos_answered       IS 'Of demos_handled: those with a response time.';
COMMENT ON COLUMN bi.agent_daily.demos_call_confirmed IS 'Of demos_handled: those whose call was confirmed.';
COMMENT ON COLUMN bi.agent_daily.demos_screen_shared  IS 'Of demos_handled: those in which a screen was shared.';
COMMENT ON COLUMN bi.agent_daily.seconds_to_respond   IS 'Seconds to respond, summed over demos_answered: divide by it for the average. NULL: none answered.';
COMMENT ON COLUMN bi.agent_daily.shares               IS 'Video shares created that day. From usage_shares.';
COMMENT ON COLUMN bi.agent_daily.plays                IS 'Plays that day of the agent''s video shares, whenever created. From usage_shares.';

CREATE VIEW bi.utm_performance AS
SELECT account_id,
       day,
       origin_channel,
       utm_source,
       utm_medium,
       utm_campaign,
       utm_term,
       utm_content,
       count(*)                                AS requested,
       count(*) FILTER (WHERE answered)        AS answered,
       count(*) FILTER (WHERE call_confirmed)  AS call_confirmed,
       count(*) FILTER (WHERE screenshared)    AS screen_shared,
       sum(seconds_to_respond)                 AS seconds_to_respond,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond) AS median_seconds_to_respond,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_respond) AS p90_seconds_to_respond
FROM bi.demo_requests
GROUP BY account_id, day, origin_channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content;
COMMENT ON VIEW bi.utm_performance IS
    'What campaigns bring. Grain: one row for each day, channel and combination of UTM tags that brought a request, those without tags included: counts add up to bi.demo_requests. Key: account_id, day, origin_channel and the five tags (which may be NULL).';
COMMENT ON COLUMN bi.utm_performance.account_id                IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.utm_performance.day                       IS 'Day of the request in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.utm_performance.origin_channel            IS 'email_campaign when the origin''s path is /ss/showu/<short name>, else website. NULL: no origin was sent.';
COMMENT ON COLUMN bi.utm_performance.utm_source                IS 'The request''s utm_source as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.utm_performance.utm_medium                IS 'The request''s utm_medium as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.utm_performance.utm_campaign              IS 'The request''s utm_campaign as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.utm_performance.utm_term                  IS 'The request''s utm_term as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.utm_performance.utm_content               IS 'The request''s utm_content as sent. NULL: none. A value with an e-mail address in it is *** unless the reader belongs to wheelhouse_pii_reader.';
COMMENT ON COLUMN bi.utm_performance.requested                 IS 'Requests that were not cancelled.';
COMMENT ON COLUMN bi.utm_performance.answered                  IS 'Of requested: those to which an agent responded.';
COMMENT ON COLUMN bi.utm_performance.call_confirmed            IS 'Of requested: those whose call was confirmed.';
COMMENT ON COLUMN bi.utm_performance.screen_shared             IS 'Of requested: those in which a screen was shared.';
COMMENT ON COLUMN bi.utm_performance.seconds_to_respond        IS 'Seconds to respond, summed over answered: divide by it for the average. NULL: none answered.';
COMMENT ON COLUMN bi.utm_performance.median_seconds_to_respond IS 'Median seconds from request to response, over answered ones. NULL: none was answered.';
COMMENT ON COLUMN bi.utm_performance.p90_seconds_to_respond    IS '90th percentile of seconds from request to response, over answered ones. NULL: none was answered.';

CREATE OR REPLACE FUNCTION bi.mask_tag(tag text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN tag ~ '(@|%(25)*40|([+]|%(25)*2[Bb])[0-9]{7})' THEN '***' ELSE tag END;
END;

CREATE OR REPLACE VIEW bi.share_engagement_daily AS
SELECT e.account_id,
       e.day,
       e.slug,
       s.content_id,
       s.content_name,
       s.created_by_email,
       s.created_by_name,
       s.segment,
       d.customer_account_id,
       e.visits,
       e.plays,
       e.cta_clicks,
       e.avg_percent_watched,
       e.engagement_score
FROM crankwheel.share_engagement_daily e
LEFT JOIN crankwheel.shares s ON s.account_id = e.account_id AND s.slug = e.slug
LEFT JOIN crankwheel.share_details d ON d.account_id = e.account_id AND d.slug = e.slug AND d.deleted_at IS NULL
WHERE s.deleted_at IS NULL;
