-- What dashboards query. Views run with their owner's rights on the tables below them, so that a reader
-- needs this schema only. Days are in the account's reporting zone. Deleted rows are left out.
-- Personal data is masked unless the reader belongs to wheelhouse_pii_reader.

CREATE SCHEMA bi;
COMMENT ON SCHEMA bi IS
    'What dashboards query: views with days in the account''s reporting zone, without deleted rows, and with personal data masked unless the reader belongs to wheelhouse_pii_reader.';

-- Bodies are BEGIN ATOMIC, that is parsed here and now: as text they would be parsed by the search_path of whoever
-- queries, who could put a pg_has_role of their own first.
-- Not SECURITY DEFINER: current_user is then whoever queries the view, also after SET ROLE.
-- pg_has_role raises an error for a role that does not exist, hence to_regrole. Superusers have every role.
CREATE FUNCTION bi.may_read_personal_data() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN to_regrole('wheelhouse_pii_reader') IS NULL
                THEN (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
                ELSE pg_has_role(current_user, to_regrole('wheelhouse_pii_reader'), 'USAGE') END;
END;
COMMENT ON FUNCTION bi.may_read_personal_data() IS
    'Whether the querying user sees personal data in bi unmasked: superusers and those with the rights of wheelhouse_pii_reader. Where that role does not exist: superusers only, not even the owner of the views.';

CREATE FUNCTION bi.mask(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN value IS NOT NULL THEN '***' END;
END;
COMMENT ON FUNCTION bi.mask(text) IS
    '*** for any value, NULL for NULL: tells that something was entered, and nothing of what.';

CREATE FUNCTION bi.mask_location(location text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN part ~ '[@0-9]' OR length(part) > 40 THEN '***' ELSE part END
    FROM (SELECT btrim(substring(location FROM '[^,]*$')) AS part) coarsest;
END;
COMMENT ON FUNCTION bi.mask_location(text) IS
    'The coarsest part of a location, after its last comma: "Kopavogur, Iceland" becomes "Iceland". *** for what is no name of a country: digits (a street, coordinates), an e-mail address, a long text.';

CREATE FUNCTION bi.mask_locations(locations text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN locations IS NOT NULL
                THEN ARRAY(SELECT bi.mask_location(l) FROM unnest(locations) WITH ORDINALITY AS u (l, n) ORDER BY n) END;
END;
COMMENT ON FUNCTION bi.mask_locations(text[]) IS
    'The coarsest part of each location: see bi.mask_location.';

-- Parameters may carry the addressee of a campaign, and so may what follows the short name of a campaign link.
CREATE FUNCTION bi.mask_origin(origin text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN page ~ '(@|%(25)*40|([+/]|%(25)*2[Bb])[0-9]{7})' THEN '***' ELSE regexp_replace(page, '(/ss/showu/[^/]*).*', '\1') END
    FROM (SELECT substring(origin FROM '^[^?#;&]*') AS page) address;
END;
COMMENT ON FUNCTION bi.mask_origin(text) IS
    'A page''s address without parameters and fragment, a campaign link up to its short name; *** when an e-mail address, a log-in or a telephone number is in the rest. A name in a path is not recognised.';

CREATE FUNCTION bi.mask_tag(tag text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN tag ~ '(@|%(25)*40|([+]|%(25)*2[Bb])[0-9]{7})' THEN '***' ELSE tag END;
END;
COMMENT ON FUNCTION bi.mask_tag(text) IS
    'A campaign tag as it is; *** when a mailing tool put an e-mail address or a telephone number into it. A name in it is not recognised.';

-- For a midnight that comes twice, AT TIME ZONE takes the second; for one that is skipped, the end of the gap.
-- So look back with the offset in force three hours before, and take that midnight if it exists.
CREATE FUNCTION bi.day_start(day date, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN first < midnight AND first AT TIME ZONE zone = day::timestamp THEN first ELSE midnight END
    FROM (SELECT day::timestamp AT TIME ZONE zone AS midnight) AS m
    CROSS JOIN LATERAL (
        SELECT midnight - interval '3 hours' + (day::timestamp - (midnight - interval '3 hours') AT TIME ZONE zone) AS first
    ) AS earlier;
END;
COMMENT ON FUNCTION bi.day_start(date, text) IS
    'The first moment of a day in a time zone, also where clocks change at midnight.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bi FROM PUBLIC;

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

CREATE VIEW bi.screen_sessions WITH (security_barrier) AS
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
COMMENT ON VIEW bi.screen_sessions IS
    'Screen-share sessions. Grain: one row a session. Key: account_id, session_id. From usage_new.';
COMMENT ON COLUMN bi.screen_sessions.account_id           IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.screen_sessions.session_id           IS 'Made here (the API sends none): start in milliseconds, then a hash of account, agent and occurrence. The same session has the same id on every load, and ids sort by start. See wheelhouse.session_id.';
COMMENT ON COLUMN bi.screen_sessions.day                  IS 'Day of the start (a session that crosses midnight belongs to the day it starts in) in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.screen_sessions.agent_email          IS 'E-mail address of the agent who shared, lower case.';
COMMENT ON COLUMN bi.screen_sessions.started_at           IS 'When sharing began.';
COMMENT ON COLUMN bi.screen_sessions.weekday              IS 'Day of the week in the reporting zone: 1 Monday to 7 Sunday.';
COMMENT ON COLUMN bi.screen_sessions.hour                 IS 'Hour of the day in the reporting zone: 0 to 23.';
COMMENT ON COLUMN bi.screen_sessions.occurrence           IS '1; or 2, 3, … for further sessions of one agent that start in the same second.';
COMMENT ON COLUMN bi.screen_sessions.ended_at             IS 'When sharing ended. NULL: still running when last loaded.';
COMMENT ON COLUMN bi.screen_sessions.duration_seconds     IS 'How long it lasted, in seconds, as the API says. NULL: not sent.';
COMMENT ON COLUMN bi.screen_sessions.ended                IS 'False while the session was still running when last loaded.';
COMMENT ON COLUMN bi.screen_sessions.max_viewers          IS 'Most viewers at one time. NULL: not sent.';
COMMENT ON COLUMN bi.screen_sessions.viewers              IS 'Viewers altogether. NULL: not sent (answers before 2022).';
COMMENT ON COLUMN bi.screen_sessions.viewer_locations     IS 'Where viewers were taken to be: of each the part after the last comma (the country) unless the reader belongs to wheelhouse_pii_reader. Empty: none known. NULL: not sent.';
COMMENT ON COLUMN bi.screen_sessions.rtc_seconds          IS 'Seconds of real-time video. NULL: not sent.';
COMMENT ON COLUMN bi.screen_sessions.webcam_seconds       IS 'Seconds with the web camera on. NULL: not sent.';
COMMENT ON COLUMN bi.screen_sessions.recording_content_id IS 'The recording''s number in the content library. NULL: not recorded.';
COMMENT ON COLUMN bi.screen_sessions.recording_url        IS 'Address of the recording, *** unless the reader belongs to wheelhouse_pii_reader (prospects can be heard in it). NULL: not recorded.';

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

-- A share may be known from the list of shares, from the details, or from both.
-- The last condition also keeps those that only the details know.
CREATE VIEW bi.share_engagement AS
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
FULL JOIN (SELECT * FROM crankwheel.share_details WHERE deleted_at IS NULL) d USING (account_id, slug)
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
COMMENT ON VIEW bi.share_engagement IS
    'Video shares with their video, creator, CRM account and all-time figures of the visits loaded. Grain: one row a share. Key: account_id, slug. From shares, share_details, company_content and share_visits.';
COMMENT ON COLUMN bi.share_engagement.account_id              IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.share_engagement.slug                    IS 'CrankWheel''s id of the share, the last part of its link.';
COMMENT ON COLUMN bi.share_engagement.content_id              IS 'The video''s number in the content library. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.content_name            IS 'The video''s name. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.content_type            IS 'upload, recording, redirect, cta, video, … NULL: not (or no longer) in the content library.';
COMMENT ON COLUMN bi.share_engagement.content_created_by      IS 'E-mail address of the agent who made the video, lower case. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.content_recorded_at     IS 'When the video was recorded. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.content_runtime_seconds IS 'Length of the video in seconds. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.created_at              IS 'When the share was created. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.created_day             IS 'Day of the share''s creation in the account''s reporting zone (wheelhouse.accounts.timezone). NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.created_by_email        IS 'E-mail address of the agent who created the share, lower case. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.created_by_name         IS 'Name of the agent who created the share. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.segment                 IS 'The segment that the agent gave it, as sent. NULL: none.';
COMMENT ON COLUMN bi.share_engagement.has_cta                 IS 'Whether the share shows a call to action. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.customer_account_id     IS 'Id of the customer''s account in the CRM. NULL: none, or details not loaded.';
COMMENT ON COLUMN bi.share_engagement.access_sharing_enabled  IS 'Whether the link is open. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.video_url               IS 'The link that a prospect is given: whoever has it sees the video. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement.visits                  IS 'Visits, all time, as far as share_visits is loaded.';
COMMENT ON COLUMN bi.share_engagement.plays                   IS 'Of visits: those in which the video was played.';
COMMENT ON COLUMN bi.share_engagement.play_rate               IS 'plays divided by visits, 0 to 1. NULL: no visit.';
COMMENT ON COLUMN bi.share_engagement.cta_clicks              IS 'Of visits: those in which the call to action was clicked.';
COMMENT ON COLUMN bi.share_engagement.avg_percent_watched     IS 'Part of the video watched, 0 to 1, averaged over all visits that tell, played or not. NULL: none.';
COMMENT ON COLUMN bi.share_engagement.watch_time_seconds      IS 'Seconds watched in all visits together.';
COMMENT ON COLUMN bi.share_engagement.first_visited_at        IS 'When the first visit began. NULL: no visit.';
COMMENT ON COLUMN bi.share_engagement.last_visited_at         IS 'When the last visit began. NULL: no visit.';

CREATE VIEW bi.share_engagement_daily AS
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
COMMENT ON VIEW bi.share_engagement_daily IS
    'How video shares did day by day, as the API counts it. Grain: one row for each day and share with a visit. Key: account_id, day, slug. From shares asked for each day.';
COMMENT ON COLUMN bi.share_engagement_daily.account_id          IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.share_engagement_daily.day                 IS 'The day in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.share_engagement_daily.slug                IS 'The share: crankwheel.shares.slug.';
COMMENT ON COLUMN bi.share_engagement_daily.content_id          IS 'The video''s number in the content library. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement_daily.content_name        IS 'The video''s name. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement_daily.created_by_email    IS 'E-mail address of the agent who created the share, lower case. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement_daily.created_by_name     IS 'Name of the agent who created the share. NULL: not known.';
COMMENT ON COLUMN bi.share_engagement_daily.segment             IS 'The segment that the agent gave it, as sent. NULL: none.';
COMMENT ON COLUMN bi.share_engagement_daily.customer_account_id IS 'Id of the customer''s account in the CRM. NULL: none, or details not loaded.';
COMMENT ON COLUMN bi.share_engagement_daily.visits              IS 'Visits to the share that day. Adds up over days.';
COMMENT ON COLUMN bi.share_engagement_daily.plays               IS 'Plays of the video that day. Adds up over days.';
COMMENT ON COLUMN bi.share_engagement_daily.cta_clicks          IS 'Clicks on the call to action that day. Adds up over days.';
COMMENT ON COLUMN bi.share_engagement_daily.avg_percent_watched IS 'Part of the video watched on average that day, 0 to 1, as the API says. Does not add up. NULL: not sent.';
COMMENT ON COLUMN bi.share_engagement_daily.engagement_score    IS 'CrankWheel''s engagement score (engagement_score_v1) of the day. Does not add up. NULL: not sent.';

-- The ledger holds windows of any length, tried any number of times. For each day that a window touches, what
-- counts is the newest loaded window that holds the whole day, and whatever came after it: so that a window
-- halved down to hours, or loaded again in part, is judged by the newest answer for each of its moments.
CREATE VIEW bi.coverage AS
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
COMMENT ON VIEW bi.coverage IS
    'Whether a day''s figures can be trusted. Grain: one row for each account, stream and day from wheelhouse.accounts.history_from to today. Key: account_id, stream, day. user_access and company_content are snapshots, known only from the day they were first tried. From the ledger, wheelhouse.loads. A stream that is switched off shows gaps.';
COMMENT ON COLUMN bi.coverage.account_id       IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.coverage.stream           IS 'demo_usage, usage_new, usage_shares, shares, share_visits, share_details, user_access or company_content.';
COMMENT ON COLUMN bi.coverage.day              IS 'The day in the account''s reporting zone.';
COMMENT ON COLUMN bi.coverage.status           IS 'loaded: windows loaded cover the whole day (a snapshot: one was taken that day; today: everything up to loaded_until). unreconciled: the same, but the newest answer for some of the day does not add up to the API''s own totals. failed: not covered, and a part that is missing was tried and failed. gap: not covered, and not tried.';
COMMENT ON COLUMN bi.coverage.partial          IS 'True for today, which is not over: loaded then means loaded up to loaded_until, and a gap may only mean that it is not due yet.';
COMMENT ON COLUMN bi.coverage.day_start        IS 'The day''s first moment.';
COMMENT ON COLUMN bi.coverage.day_end          IS 'The next day''s first moment: 23 or 25 hours later when clocks change.';
COMMENT ON COLUMN bi.coverage.loaded_until     IS 'End of the last window loaded within the day; there may be holes before it unless status is loaded. NULL: nothing loaded.';
COMMENT ON COLUMN bi.coverage.loaded_at        IS 'When the newest window loaded over the day was committed: freshness of the day. NULL: nothing loaded.';
COMMENT ON COLUMN bi.coverage.tried_at         IS 'When the newest try over the day ended, loaded or failed. NULL: never tried.';
COMMENT ON COLUMN bi.coverage.error            IS 'Why the newest failed try failed. NULL unless status is failed.';
COMMENT ON COLUMN bi.coverage.stream_loaded_at IS 'When the stream''s newest window of any day was committed: freshness of the stream. NULL: never.';
