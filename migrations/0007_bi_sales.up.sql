-- What the sales pages and dashboards ask, at the speed of a page for five years of a large account.
--
-- Requests: the day and hour in the account's reporting zone are kept with the row, so that an index finds a range of
-- days. Sessions, a hundred times as many and loaded by a path that has no time to spare, get no further column or index:
-- their sums by agent and day are kept beside them, made after a pass has loaded (Warehouse.Summarise), and days that
-- a load has touched since are added up when somebody asks: figures are exact at any moment.

-- An e-mail address or a telephone number, %40 and %2B included, needs one of three characters: without them nothing is to be looked for.
CREATE OR REPLACE FUNCTION bi.mask_tag(tag text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN translate(tag, '@%+', '') = tag                 THEN tag
                WHEN tag ~ '(@|%(25)*40|([+]|%(25)*2[Bb])[0-9]{7})' THEN '***' ELSE tag END;
END;

-- wheelhouse.session_floor again: a function in a view runs with the rights of whoever queries.
CREATE FUNCTION bi.session_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT (lpad(to_hex(least(greatest(floor(extract(epoch FROM at) * 1000), 0), 281474976710655)::bigint), 12, '0')
            || '00000000000000000000')::uuid;
END;
COMMENT ON FUNCTION bi.session_floor(timestamptz) IS
    'A uuid not above the session_id of any session that starts at the given moment or later. session_id >= bi.session_floor(from) AND session_id < bi.session_floor(to) finds a stretch of time by the primary key.';

CREATE TABLE wheelhouse.session_daily (
    account_id      text NOT NULL,
    day             date NOT NULL,
    agent_email     text NOT NULL,
    sessions        bigint NOT NULL,
    session_seconds bigint,
    viewers         bigint,
    max_viewers     integer,
    rtc_seconds     bigint,
    webcam_seconds  bigint,
    recordings      bigint NOT NULL,
    PRIMARY KEY (account_id, day, agent_email)
);
CREATE INDEX session_daily_agent ON wheelhouse.session_daily (account_id, agent_email, day);
COMMENT ON TABLE wheelhouse.session_daily IS
    'Sessions added up, for bi.session_daily. Grain: one row for each agent and day. Key: account_id, day, agent_email. Holds for the days that wheelhouse.session_days tells; other days'' rows are old.';
COMMENT ON COLUMN wheelhouse.session_daily.account_id      IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_daily.day             IS 'Day of the sessions'' start in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN wheelhouse.session_daily.agent_email     IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN wheelhouse.session_daily.sessions        IS 'Screen-share sessions that began that day.';
COMMENT ON COLUMN wheelhouse.session_daily.session_seconds IS 'How long they lasted together, in seconds, wherever midnight fell. NULL: none has ended.';
COMMENT ON COLUMN wheelhouse.session_daily.viewers         IS 'Their viewers together. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily.max_viewers     IS 'Most viewers at one time in any of them. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily.rtc_seconds     IS 'Their seconds of real-time video. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily.webcam_seconds  IS 'Their seconds with the web camera on. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily.recordings      IS 'Those that were recorded.';

CREATE TABLE wheelhouse.session_summaries (
    account_id    text PRIMARY KEY,
    timezone      text NOT NULL,
    days          datemultirange NOT NULL,
    summarised_at timestamptz NOT NULL
);
COMMENT ON TABLE wheelhouse.session_summaries IS
    'Of which days wheelhouse.session_daily holds the sums. Grain: one row for each account. Key: account_id.';
COMMENT ON COLUMN wheelhouse.session_summaries.account_id    IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_summaries.timezone      IS 'Reporting zone in which days were cut. Another than the account has now: the sums hold no more.';
COMMENT ON COLUMN wheelhouse.session_summaries.days          IS 'Days that are added up, but for those that wheelhouse.session_due tells of.';
COMMENT ON COLUMN wheelhouse.session_summaries.summarised_at IS 'When days were added last.';

CREATE TABLE wheelhouse.session_due (
    load_id    bigint PRIMARY KEY,
    account_id text NOT NULL,
    starts     tstzrange NOT NULL
);
COMMENT ON TABLE wheelhouse.session_due IS
    'Stretches of time whose sessions a load changed since they were added up. Grain: one row for each load that wrote. Key: load_id. Written in the transaction of the load, taken away when the days are added up.';
COMMENT ON COLUMN wheelhouse.session_due.load_id    IS 'The load: wheelhouse.loads.id.';
COMMENT ON COLUMN wheelhouse.session_due.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_due.starts     IS 'From the first to the last moment at which a session that it wrote may have begun.';

-- OFFSET 0 keeps it apart: what it computes would otherwise be computed for each row that is held against it.
CREATE VIEW wheelhouse.session_days AS
SELECT a.account_id,
       a.timezone,
       coalesce(s.days, '{}') - coalesce(d.days, '{}')                               AS days,
       '{(,)}'::datemultirange - coalesce(s.days, '{}') + coalesce(d.days, '{}') AS gaps
FROM wheelhouse.accounts a
LEFT JOIN wheelhouse.session_summaries s ON s.account_id = a.account_id AND s.timezone = a.timezone
CROSS JOIN LATERAL (
    -- An hour later: where a clock goes back from just after midnight, a moment that it shows as of the day before is the new day's.
    SELECT range_agg(daterange((lower(d.starts) AT TIME ZONE a.timezone)::date,
                               ((upper(d.starts) + interval '1 hour') AT TIME ZONE a.timezone)::date, '[]')) AS days
    FROM wheelhouse.session_due d
    WHERE d.account_id = a.account_id
) d
OFFSET 0;
COMMENT ON VIEW wheelhouse.session_days IS
    'Which days the sums of wheelhouse.session_daily hold for at this moment. Grain: one row for each account. Key: account_id.';
COMMENT ON COLUMN wheelhouse.session_days.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_days.timezone   IS 'The account''s reporting zone.';
COMMENT ON COLUMN wheelhouse.session_days.days       IS 'The days.';
COMMENT ON COLUMN wheelhouse.session_days.gaps       IS 'All other days.';

CREATE VIEW wheelhouse.session_gaps AS
SELECT account_id, timezone, unnest(gaps) AS gap
FROM wheelhouse.session_days;
COMMENT ON VIEW wheelhouse.session_gaps IS
    'Stretches of days that wheelhouse.session_daily does not hold for, with sessions or without. Grain: one row for each account and stretch.';
COMMENT ON COLUMN wheelhouse.session_gaps.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_gaps.timezone   IS 'The account''s reporting zone.';
COMMENT ON COLUMN wheelhouse.session_gaps.gap        IS 'The days, without a beginning or an end where there is none.';

-- Walks through the gaps from one day with sessions to the next, by the primary key: what was added up, and days
-- without a session, cost nothing. An array, since Postgres takes one for 10 rows: for the gaps of accounts that it never analysed it
-- would expect millions of days, and compile a query of milliseconds.
-- A clock that goes back from just after midnight (Newfoundland's, up to 2011) shows the day
-- before once more: such an hour is the new day's here, as for bi.day_start, so that each step goes on.
CREATE VIEW wheelhouse.session_days_stale AS
WITH RECURSIVE gaps AS (
    SELECT g.account_id, g.timezone, upper(g.gap) AS until, bi.session_floor(coalesce(bi.day_start(lower(g.gap), g.timezone), '-infinity')) AS from_id
    FROM unnest(ARRAY(SELECT g FROM wheelhouse.session_gaps g)) AS g
), walk AS (
    SELECT account_id, timezone, until, from_id, NULL::date AS day
    FROM gaps
    UNION ALL
    SELECT w.account_id, w.timezone, w.until, bi.session_floor(bi.day_start(next.day + 1, w.timezone)), next.day
    FROM walk w
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.started_at < bi.day_start(s.day + 1, w.timezone) THEN s.day ELSE s.day + 1 END AS day
        FROM (
            SELECT s.started_at, (s.started_at AT TIME ZONE w.timezone)::date AS day
            FROM crankwheel.screen_sessions s
            WHERE s.session_id >= w.from_id AND s.account_id = w.account_id
            ORDER BY s.session_id LIMIT 1
        ) s
    ) next
    WHERE w.until IS NULL OR next.day < w.until
)
SELECT account_id,
       day,
       bi.day_start(day, timezone)     AS starts,
       bi.day_start(day + 1, timezone) AS stops
FROM walk
WHERE day IS NOT NULL;
COMMENT ON VIEW wheelhouse.session_days_stale IS
    'Days with sessions that wheelhouse.session_daily does not hold for. Grain: one row for each account and day. Key: account_id, day.';
COMMENT ON COLUMN wheelhouse.session_days_stale.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_days_stale.day        IS 'The day in the account''s reporting zone.';
COMMENT ON COLUMN wheelhouse.session_days_stale.starts     IS 'Its first moment.';
COMMENT ON COLUMN wheelhouse.session_days_stale.stops      IS 'The next day''s first moment.';

CREATE VIEW wheelhouse.session_daily_stale AS
SELECT d.account_id, d.day, s.agent_email, s.sessions, s.session_seconds, s.viewers, s.max_viewers, s.rtc_seconds, s.webcam_seconds, s.recordings
FROM wheelhouse.session_days_stale d
CROSS JOIN LATERAL (
    SELECT agent_email,
           count(*)                    AS sessions,
           sum(duration_seconds)       AS session_seconds,
           sum(viewers)                AS viewers,
           max(max_viewers)            AS max_viewers,
           sum(rtc_seconds)            AS rtc_seconds,
           sum(webcam_seconds)         AS webcam_seconds,
           count(recording_content_id) AS recordings
    FROM crankwheel.screen_sessions
    WHERE session_id >= bi.session_floor(d.starts) AND session_id < bi.session_floor(d.stops)
      AND account_id = d.account_id AND deleted_at IS NULL
    GROUP BY agent_email
) s;
COMMENT ON VIEW wheelhouse.session_daily_stale IS
    'Sessions of the days of wheelhouse.session_days_stale, added up on the spot. Grain and key: as wheelhouse.session_daily.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.account_id      IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.day             IS 'Day of the sessions'' start in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN wheelhouse.session_daily_stale.agent_email     IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.sessions        IS 'Screen-share sessions that began that day.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.session_seconds IS 'How long they lasted together, in seconds, wherever midnight fell. NULL: none has ended.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.viewers         IS 'Their viewers together. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.max_viewers     IS 'Most viewers at one time in any of them. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.rtc_seconds     IS 'Their seconds of real-time video. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.webcam_seconds  IS 'Their seconds with the web camera on. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.session_daily_stale.recordings      IS 'Those that were recorded.';

CREATE VIEW bi.session_daily AS
SELECT t.account_id, t.day, t.agent_email, t.sessions, t.session_seconds, t.viewers, t.max_viewers, t.rtc_seconds, t.webcam_seconds, t.recordings
FROM wheelhouse.session_daily t
JOIN wheelhouse.session_days s ON s.account_id = t.account_id
WHERE NOT s.gaps @> t.day  -- so said, the planner expects nearly all rows
UNION ALL
SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings
FROM wheelhouse.session_daily_stale;
COMMENT ON VIEW bi.session_daily IS
    'What each agent''s sessions came to. Grain: one row for each agent and day with a session. Key: account_id, day, agent_email. From usage_new. Figures add up over days and agents, but for max_viewers.';
COMMENT ON COLUMN bi.session_daily.account_id      IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.session_daily.day             IS 'Day of the sessions'' start in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.session_daily.agent_email     IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN bi.session_daily.sessions        IS 'Screen-share sessions that began that day.';
COMMENT ON COLUMN bi.session_daily.session_seconds IS 'How long they lasted together, in seconds, wherever midnight fell. NULL: none has ended.';
COMMENT ON COLUMN bi.session_daily.viewers         IS 'Their viewers together. NULL: no session that tells.';
COMMENT ON COLUMN bi.session_daily.max_viewers     IS 'Most viewers at one time in any of them. NULL: no session that tells.';
COMMENT ON COLUMN bi.session_daily.rtc_seconds     IS 'Their seconds of real-time video. NULL: no session that tells.';
COMMENT ON COLUMN bi.session_daily.webcam_seconds  IS 'Their seconds with the web camera on. NULL: no session that tells.';
COMMENT ON COLUMN bi.session_daily.recordings      IS 'Those that were recorded.';

-- The day in the account's reporting zone, kept with the row: a trigger has it follow the row's start and the account's zone.
ALTER TABLE crankwheel.demo_requests
    ADD COLUMN local_day   date,
    ADD COLUMN local_hour  smallint,
    ADD COLUMN origin_name text GENERATED ALWAYS AS (nullif(left(
        CASE WHEN origin_channel = 'email_campaign'
             THEN coalesce(substring(bi.mask_origin(request_origin) FROM '/ss/showu/([^/]*)'), '***')
             ELSE regexp_replace(bi.mask_origin(request_origin), '^https?://', '') END, 120), '')) STORED,
    ADD COLUMN campaign_source text GENERATED ALWAYS AS (left(bi.mask_tag(utm_source), 80)) STORED,
    ADD COLUMN campaign_medium text GENERATED ALWAYS AS (left(bi.mask_tag(utm_medium), 80)) STORED,
    ADD COLUMN campaign_name   text GENERATED ALWAYS AS (left(bi.mask_tag(utm_campaign), 80)) STORED;
COMMENT ON COLUMN crankwheel.demo_requests.local_day   IS 'Made here: day of started_at in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN crankwheel.demo_requests.local_hour  IS 'Made here: hour of started_at in the account''s reporting zone, 0 to 23.';
COMMENT ON COLUMN crankwheel.demo_requests.origin_name IS 'Made here of request_origin: the short name of a campaign link (/ss/showu/<short name>), else the page''s address without scheme and parameters; up to 120 characters. *** where it has an e-mail address or a telephone number in it.';
COMMENT ON COLUMN crankwheel.demo_requests.campaign_source IS 'Made here: utm_source up to 80 characters; *** where it has an e-mail address or a telephone number in it.';
COMMENT ON COLUMN crankwheel.demo_requests.campaign_medium IS 'Made here: utm_medium likewise.';
COMMENT ON COLUMN crankwheel.demo_requests.campaign_name   IS 'Made here: utm_campaign likewise.';

-- FOR SHARE: somebody who changes the zone meanwhile waits for this row, or this transaction is tried again with the new zone.
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

CREATE FUNCTION wheelhouse.move_local_days() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE crankwheel.demo_requests
    SET local_day = (started_at AT TIME ZONE NEW.timezone)::date, local_hour = extract(hour FROM started_at AT TIME ZONE NEW.timezone)
    WHERE account_id = NEW.account_id
      AND (local_day, local_hour) IS DISTINCT FROM
          ((started_at AT TIME ZONE NEW.timezone)::date, extract(hour FROM started_at AT TIME ZONE NEW.timezone)::smallint);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wheelhouse.move_local_days() IS 'Has local_day and local_hour of crankwheel.demo_requests follow a change of the account''s reporting zone.';

UPDATE crankwheel.demo_requests r
SET local_day = l.started::date, local_hour = extract(hour FROM l.started)
FROM crankwheel.demo_requests x
LEFT JOIN wheelhouse.accounts a ON a.account_id = x.account_id
CROSS JOIN LATERAL (SELECT x.started_at AT TIME ZONE coalesce(a.timezone, 'UTC') AS started) l
WHERE r.account_id = x.account_id AND r.demo_id = x.demo_id;
ALTER TABLE crankwheel.demo_requests ALTER local_day SET NOT NULL, ALTER local_hour SET NOT NULL;
CREATE TRIGGER local_day BEFORE INSERT OR UPDATE OF account_id, started_at ON crankwheel.demo_requests
    FOR EACH ROW EXECUTE FUNCTION wheelhouse.set_local_day();
CREATE TRIGGER local_days AFTER INSERT OR UPDATE OF timezone ON wheelhouse.accounts
    FOR EACH ROW EXECUTE FUNCTION wheelhouse.move_local_days();

-- The first answers a range of days by itself. No text in it is long: an entry of an index holds about 2,700 bytes.
CREATE INDEX demo_requests_day ON crankwheel.demo_requests (account_id, local_day)
    INCLUDE (local_hour, deleted_at, answered, seconds_to_respond, call_confirmed, screenshared, handled_by, origin_channel, origin_name,
             campaign_source, campaign_medium, campaign_name);
CREATE INDEX demo_requests_agent ON crankwheel.demo_requests (account_id, handled_by, local_day) WHERE handled_by IS NOT NULL;

-- A barrier, so that a function in somebody's WHERE never sees a row that this view leaves out.
-- (SELECT …) asks for the role once a query instead of once a row.
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
COMMENT ON COLUMN bi.demo_requests.origin_name IS 'Where the request came from, to group by: the short name of the campaign link (/ss/showu/<short name>), else the page''s address without scheme and parameters, masked for everybody. NULL: none was sent, or nothing is left of it.';
COMMENT ON COLUMN bi.demo_requests.campaign_source IS 'To group by: utm_source up to 80 characters, *** for everybody where an e-mail address or a telephone number is in it. NULL: none.';
COMMENT ON COLUMN bi.demo_requests.campaign_medium IS 'To group by: utm_medium up to 80 characters, *** for everybody where an e-mail address or a telephone number is in it. NULL: none.';
COMMENT ON COLUMN bi.demo_requests.campaign_name IS 'To group by: utm_campaign up to 80 characters, *** for everybody where an e-mail address or a telephone number is in it. NULL: none.';

CREATE OR REPLACE VIEW bi.demo_answers WITH (security_barrier) AS
SELECT r.account_id,
       r.demo_id,
       r.local_day AS day,
       w.question,
       CASE WHEN (SELECT bi.may_read_personal_data()) THEN w.answer ELSE bi.mask(w.answer) END AS answer
FROM crankwheel.demo_answers w
JOIN crankwheel.demo_requests r ON r.account_id = w.account_id AND r.demo_id = w.demo_id
WHERE r.deleted_at IS NULL;

-- The name is looked up for the rows that come out, and only where somebody asks for it.
CREATE INDEX share_usage_daily_agent ON crankwheel.share_usage_daily (account_id, agent_email, day);
CREATE OR REPLACE VIEW bi.agent_daily AS
SELECT f.account_id,
       f.day,
       f.agent_email,
       (SELECT u.agent_name FROM crankwheel.share_usage_daily u
        WHERE u.account_id = f.account_id AND u.agent_email = f.agent_email AND u.agent_name IS NOT NULL
        ORDER BY u.day DESC LIMIT 1) AS agent_name,
       coalesce(f.sessions, 0)             AS sessions,
       coalesce(f.session_seconds, 0)      AS session_seconds,
       f.viewers,
       f.max_viewers,
       coalesce(f.rtc_seconds, 0)          AS rtc_seconds,
       coalesce(f.webcam_seconds, 0)       AS webcam_seconds,
       coalesce(f.recordings, 0)           AS recordings,
       coalesce(f.demos_handled, 0)        AS demos_handled,
       coalesce(f.demos_answered, 0)       AS demos_answered,
       coalesce(f.demos_call_confirmed, 0) AS demos_call_confirmed,
       coalesce(f.demos_screen_shared, 0)  AS demos_screen_shared,
       f.seconds_to_respond,
       coalesce(f.shares, 0)               AS shares,
       coalesce(f.plays, 0)                AS plays
FROM (
    SELECT account_id, day, agent_email,
           sum(sessions)::bigint AS sessions, sum(session_seconds)::bigint AS session_seconds, sum(viewers)::bigint AS viewers,
           max(max_viewers) AS max_viewers, sum(rtc_seconds)::bigint AS rtc_seconds, sum(webcam_seconds)::bigint AS webcam_seconds,
           sum(recordings)::bigint AS recordings, sum(demos_handled)::bigint AS demos_handled, sum(demos_answered)::bigint AS demos_answered,
           sum(demos_call_confirmed)::bigint AS demos_call_confirmed, sum(demos_screen_shared)::bigint AS demos_screen_shared,
           sum(seconds_to_respond)::bigint AS seconds_to_respond, sum(shares)::bigint AS shares, sum(plays)::bigint AS plays
    FROM (
        SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings,
               NULL::bigint AS demos_handled, NULL::bigint AS demos_answered, NULL::bigint AS demos_call_confirmed,
               NULL::bigint AS demos_screen_shared, NULL::bigint AS seconds_to_respond,
               NULL::bigint AS shares, NULL::bigint AS plays
        FROM bi.session_daily
        UNION ALL
        SELECT account_id, local_day, handled_by,
               NULL, NULL, NULL, NULL, NULL, NULL, NULL,
               1, answered::integer, call_confirmed::integer, screenshared::integer, seconds_to_respond,
               NULL, NULL
        FROM crankwheel.demo_requests
        WHERE handled_by IS NOT NULL AND deleted_at IS NULL
        UNION ALL
        SELECT account_id, day, agent_email,
               NULL, NULL, NULL, NULL, NULL, NULL, NULL,
               NULL, NULL, NULL, NULL, NULL,
               shares, plays
        FROM crankwheel.share_usage_daily
    ) AS every
    GROUP BY account_id, day, agent_email
) AS f;

CREATE VIEW bi.demo_cancellations_daily AS
SELECT account_id, day, canceled
FROM crankwheel.demo_cancellations_daily;
COMMENT ON VIEW bi.demo_cancellations_daily IS
    'Cancelled Instant Demo requests, of which the API tells only the number. Grain: one row for each loaded day. Key: account_id, day. From demo_usage.';
COMMENT ON COLUMN bi.demo_cancellations_daily.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.demo_cancellations_daily.day        IS 'The day in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.demo_cancellations_daily.canceled   IS 'Requests cancelled that day.';

CREATE VIEW bi.demo_response_hourly AS
SELECT account_id,
       day,
       weekday,
       hour,
       count(*)                            AS requested,
       count(*) FILTER (WHERE answered)     AS answered,
       count(*) FILTER (WHERE NOT answered) AS never_answered,
       sum(seconds_to_respond)              AS seconds_to_respond,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_respond) AS median_seconds_to_respond,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds_to_respond) AS p90_seconds_to_respond
FROM bi.demo_requests
GROUP BY account_id, day, weekday, hour;
COMMENT ON VIEW bi.demo_response_hourly IS
    'How fast requests were answered, by the hour. Grain: one row for each day and hour with a request. Key: account_id, day, hour. Counts add up over rows, medians and percentiles do not: take those of a longer time from bi.demo_requests.';
COMMENT ON COLUMN bi.demo_response_hourly.account_id                IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.demo_response_hourly.day                       IS 'Day of the requests in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.demo_response_hourly.weekday                   IS 'Day of the week: 1 Monday to 7 Sunday.';
COMMENT ON COLUMN bi.demo_response_hourly.hour                      IS 'Hour of the day in the reporting zone: 0 to 23.';
COMMENT ON COLUMN bi.demo_response_hourly.requested                 IS 'Requests that were not cancelled.';
COMMENT ON COLUMN bi.demo_response_hourly.answered                  IS 'Of requested: those an agent responded to.';
COMMENT ON COLUMN bi.demo_response_hourly.never_answered            IS 'Of requested: those nobody responded to.';
COMMENT ON COLUMN bi.demo_response_hourly.seconds_to_respond        IS 'Seconds to respond, summed over answered: divide by it for the average. NULL: none answered.';
COMMENT ON COLUMN bi.demo_response_hourly.median_seconds_to_respond IS 'Median seconds to respond, of those answered. NULL: none.';
COMMENT ON COLUMN bi.demo_response_hourly.p90_seconds_to_respond    IS '90th percentile of the seconds to respond, of those answered. NULL: none.';

CREATE VIEW bi.campaign_daily AS
SELECT account_id,
       local_day                              AS day,
       origin_channel,
       origin_name,
       campaign_source                        AS utm_source,
       campaign_medium                        AS utm_medium,
       campaign_name                          AS utm_campaign,
       count(*)                               AS requested,
       count(*) FILTER (WHERE answered)       AS answered,
       count(*) FILTER (WHERE call_confirmed) AS call_confirmed,
       count(*) FILTER (WHERE screenshared)   AS screen_shared,
       sum(seconds_to_respond)                AS seconds_to_respond
FROM crankwheel.demo_requests
WHERE deleted_at IS NULL
GROUP BY account_id, local_day, origin_channel, origin_name, campaign_source, campaign_medium, campaign_name;
COMMENT ON VIEW bi.campaign_daily IS
    'What campaigns bring, by origin and by UTM tags. Grain: one row for each day, channel, origin and combination of three UTM tags that brought a request, those without any included: counts add up to bi.demo_requests. Key: account_id, day and the five (which may be NULL).';
COMMENT ON COLUMN bi.campaign_daily.account_id         IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.campaign_daily.day                IS 'Day of the requests in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.campaign_daily.origin_channel     IS 'email_campaign when the origin''s path is /ss/showu/<short name>, else website. NULL: no origin was sent.';
COMMENT ON COLUMN bi.campaign_daily.origin_name        IS 'The short name of the campaign link, or the page: see bi.demo_requests.';
COMMENT ON COLUMN bi.campaign_daily.utm_source         IS 'The utm_source as sent, up to 80 characters. NULL: none. *** for everybody where an e-mail address or a telephone number is in it.';
COMMENT ON COLUMN bi.campaign_daily.utm_medium         IS 'The utm_medium, likewise.';
COMMENT ON COLUMN bi.campaign_daily.utm_campaign       IS 'The utm_campaign, likewise.';
COMMENT ON COLUMN bi.campaign_daily.requested          IS 'Requests that were not cancelled.';
COMMENT ON COLUMN bi.campaign_daily.answered           IS 'Of requested: those an agent responded to.';
COMMENT ON COLUMN bi.campaign_daily.call_confirmed     IS 'Of requested: those whose call was confirmed.';
COMMENT ON COLUMN bi.campaign_daily.screen_shared      IS 'Of requested: those in which a screen was shared.';
COMMENT ON COLUMN bi.campaign_daily.seconds_to_respond IS 'Seconds to respond, summed over answered: divide by it for the average. NULL: none answered.';

CREATE VIEW bi.share_usage_daily AS
SELECT account_id, day, agent_email, shares, plays
FROM crankwheel.share_usage_daily;
COMMENT ON VIEW bi.share_usage_daily IS
    'Video sharing by agent, as the API counts it. Grain: one row for each day and agent with any figure above zero. Key: account_id, day, agent_email. From usage_shares.';
COMMENT ON COLUMN bi.share_usage_daily.account_id  IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.share_usage_daily.day         IS 'The day in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.share_usage_daily.agent_email IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN bi.share_usage_daily.shares      IS 'Video shares created that day.';
COMMENT ON COLUMN bi.share_usage_daily.plays       IS 'Plays that day of the agent''s video shares, whenever created.';

-- An entry's content as sent is left out: for contents without a name it may be anything that was typed.
CREATE VIEW bi.screen_session_events WITH (security_barrier) AS
SELECT e.account_id, e.session_id, e.seq, e.occurred_at, e.kind, e.agent_email, e.content_id, e.content_name
FROM crankwheel.screen_session_events e
JOIN crankwheel.screen_sessions s ON s.session_id = e.session_id AND s.account_id = e.account_id
WHERE s.deleted_at IS NULL;
COMMENT ON VIEW bi.screen_session_events IS
    'What was shown in screen-share sessions. Grain: one row an entry. Key: account_id, session_id, seq. From the logs of usage_new. A stretch of time is found by the key: session_id >= bi.session_floor(from) AND session_id < bi.session_floor(to).';
COMMENT ON COLUMN bi.screen_session_events.account_id   IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.screen_session_events.session_id   IS 'The session: bi.screen_sessions.session_id.';
COMMENT ON COLUMN bi.screen_session_events.seq          IS 'Place in the session, from 1, in order of time.';
COMMENT ON COLUMN bi.screen_session_events.occurred_at  IS 'When it began to be shown.';
COMMENT ON COLUMN bi.screen_session_events.kind         IS 'screen, projector, or a newer value as sent.';
COMMENT ON COLUMN bi.screen_session_events.agent_email  IS 'E-mail address of the agent who showed it, lower case. NULL: not sent.';
COMMENT ON COLUMN bi.screen_session_events.content_id   IS 'Number of the content shown. NULL: none.';
COMMENT ON COLUMN bi.screen_session_events.content_name IS 'Name of the content shown, as of then. NULL: none.';

CREATE INDEX shares_creator ON crankwheel.shares (account_id, created_by_email, created_at);
CREATE INDEX shares_deleted ON crankwheel.shares (account_id, slug) WHERE deleted_at IS NOT NULL;
-- As bi.share_engagement knows them. Shares that tell when they were created are read by themselves: by their index.
CREATE VIEW bi.shares AS
SELECT s.account_id, s.slug, s.content_id, coalesce(s.content_name, c.name) AS content_name, s.created_at, s.created_by_email, s.created_by_name,
       s.segment, s.has_cta,
       coalesce(s.content_runtime_ms / 1000.0, d.content_runtime_seconds)::double precision AS content_runtime_seconds,
       d.customer_account_id, d.access_sharing_enabled
FROM crankwheel.shares s
LEFT JOIN crankwheel.share_details d ON d.account_id = s.account_id AND d.slug = s.slug AND d.deleted_at IS NULL
LEFT JOIN crankwheel.contents c ON c.account_id = s.account_id AND c.content_id = s.content_id AND c.deleted_at IS NULL
WHERE s.deleted_at IS NULL AND s.created_at IS NOT NULL
UNION ALL
SELECT s.account_id, s.slug, s.content_id, coalesce(s.content_name, c.name), d.created_at, s.created_by_email, s.created_by_name,
       s.segment, s.has_cta,
       coalesce(s.content_runtime_ms / 1000.0, d.content_runtime_seconds)::double precision,
       d.customer_account_id, d.access_sharing_enabled
FROM crankwheel.shares s
LEFT JOIN crankwheel.share_details d ON d.account_id = s.account_id AND d.slug = s.slug AND d.deleted_at IS NULL
LEFT JOIN crankwheel.contents c ON c.account_id = s.account_id AND c.content_id = s.content_id AND c.deleted_at IS NULL
WHERE s.deleted_at IS NULL AND s.created_at IS NULL
UNION ALL
-- Shares that only the details know.
SELECT d.account_id, d.slug, NULL, NULL, d.created_at, NULL, NULL, NULL, NULL, d.content_runtime_seconds, d.customer_account_id, d.access_sharing_enabled
FROM crankwheel.share_details d
WHERE d.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM crankwheel.shares s WHERE s.account_id = d.account_id AND s.slug = d.slug);
COMMENT ON VIEW bi.shares IS
    'Video shares without their figures. Grain: one row a share. Key: account_id, slug. From shares, share_details and company_content.';
COMMENT ON COLUMN bi.shares.account_id              IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.shares.slug                    IS 'CrankWheel''s id of the share, the last part of its link.';
COMMENT ON COLUMN bi.shares.content_id              IS 'The video''s number in the content library. NULL: not known.';
COMMENT ON COLUMN bi.shares.content_name            IS 'The video''s name. NULL: not known.';
COMMENT ON COLUMN bi.shares.created_at              IS 'When the share was created. NULL: not known.';
COMMENT ON COLUMN bi.shares.created_by_email        IS 'E-mail address of the agent who created the share, lower case. NULL: not known.';
COMMENT ON COLUMN bi.shares.created_by_name         IS 'Name of the agent who created the share. NULL: not known.';
COMMENT ON COLUMN bi.shares.segment                 IS 'The segment that the agent gave it, as sent. NULL: none.';
COMMENT ON COLUMN bi.shares.has_cta                 IS 'Whether the share shows a call to action. NULL: not known.';
COMMENT ON COLUMN bi.shares.content_runtime_seconds IS 'Length of the video in seconds. NULL: not known.';
COMMENT ON COLUMN bi.shares.customer_account_id     IS 'Id of the customer''s account in the CRM. NULL: none, or details not loaded.';
COMMENT ON COLUMN bi.shares.access_sharing_enabled  IS 'Whether the link is open. NULL: not known.';

CREATE VIEW bi.share_visits AS
SELECT v.account_id, v.slug, v.visit_id,
       (v.visited_at AT TIME ZONE coalesce(a.timezone, 'UTC'))::date AS day,
       v.visited_at, v.played, v.percent_watched, v.watch_time_seconds, v.cta_clicked
FROM crankwheel.share_visits v
LEFT JOIN wheelhouse.accounts a ON a.account_id = v.account_id
WHERE v.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM crankwheel.shares s WHERE s.account_id = v.account_id AND s.slug = v.slug AND s.deleted_at IS NOT NULL);
COMMENT ON VIEW bi.share_visits IS
    'Visits to video shares. Grain: one row a visit. Key: account_id, slug, visit_id. From share_visits. Visitors are anonymous.';
COMMENT ON COLUMN bi.share_visits.account_id         IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.share_visits.slug               IS 'The share: bi.shares.slug.';
COMMENT ON COLUMN bi.share_visits.visit_id           IS 'CrankWheel''s id of the visit.';
COMMENT ON COLUMN bi.share_visits.day                IS 'Day of the visit in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN bi.share_visits.visited_at         IS 'When it began.';
COMMENT ON COLUMN bi.share_visits.played             IS 'Whether the video was played. NULL: not sent.';
COMMENT ON COLUMN bi.share_visits.percent_watched    IS 'Part of the video watched, 0 to 1. NULL: not sent.';
COMMENT ON COLUMN bi.share_visits.watch_time_seconds IS 'Seconds watched. NULL: not sent.';
COMMENT ON COLUMN bi.share_visits.cta_clicked        IS 'Whether the call to action was clicked. NULL: not sent.';

CREATE VIEW bi.users AS
SELECT account_id, email, privilege, in_demo_pool
FROM crankwheel.users
WHERE deleted_at IS NULL;
COMMENT ON VIEW bi.users IS
    'The account''s users as of the newest snapshot. Grain: one row a user. Key: account_id, email. From user_access.';
COMMENT ON COLUMN bi.users.account_id   IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.users.email        IS 'E-mail address, lower case.';
COMMENT ON COLUMN bi.users.privilege    IS 'user, admin, owner, reporting, or a newer value as sent. NULL: not sent.';
COMMENT ON COLUMN bi.users.in_demo_pool IS 'Whether demo requests are offered to the user.';

CREATE VIEW bi.contents AS
SELECT account_id, content_id, name, type, state, created_by, recorded_at, runtime_ms / 1000.0::double precision AS runtime_seconds, view
FROM crankwheel.contents
WHERE deleted_at IS NULL;
COMMENT ON VIEW bi.contents IS
    'The content library as of the newest snapshot. Grain: one row an item. Key: account_id, content_id. From company_content.';
COMMENT ON COLUMN bi.contents.account_id      IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.contents.content_id      IS 'CrankWheel''s number of the item.';
COMMENT ON COLUMN bi.contents.name            IS 'Its name. NULL: none.';
COMMENT ON COLUMN bi.contents.type            IS 'upload, recording, redirect, cta, video, or a newer value as sent.';
COMMENT ON COLUMN bi.contents.state           IS 'created, processing, ready, or a newer value as sent. NULL: none.';
COMMENT ON COLUMN bi.contents.created_by      IS 'E-mail address of the agent who made it, lower case. NULL: not known.';
COMMENT ON COLUMN bi.contents.recorded_at     IS 'When it was recorded. NULL: no recording.';
COMMENT ON COLUMN bi.contents.runtime_seconds IS 'Its length in seconds. NULL: none.';
COMMENT ON COLUMN bi.contents.view            IS 'active, or soft_deleted: in the bin.';

-- Each recursion goes along an index from one agent to the next: as many steps as there are agents, whatever the rows.
CREATE VIEW bi.agents AS
WITH RECURSIVE sharing AS (
    (SELECT account_id, agent_email FROM crankwheel.share_usage_daily ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT n.account_id, n.agent_email
    FROM sharing s
    CROSS JOIN LATERAL (SELECT account_id, agent_email FROM crankwheel.share_usage_daily
                        WHERE (account_id, agent_email) > (s.account_id, s.agent_email) ORDER BY 1, 2 LIMIT 1) n
), showing AS (
    (SELECT account_id, agent_email FROM wheelhouse.session_daily ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT n.account_id, n.agent_email
    FROM showing s
    CROSS JOIN LATERAL (SELECT account_id, agent_email FROM wheelhouse.session_daily
                        WHERE (account_id, agent_email) > (s.account_id, s.agent_email) ORDER BY 1, 2 LIMIT 1) n
), answering AS (
    (SELECT account_id, handled_by FROM crankwheel.demo_requests WHERE handled_by IS NOT NULL ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT n.account_id, n.handled_by
    FROM answering s
    CROSS JOIN LATERAL (SELECT account_id, handled_by FROM crankwheel.demo_requests
                        WHERE handled_by IS NOT NULL AND (account_id, handled_by) > (s.account_id, s.handled_by) ORDER BY 1, 2 LIMIT 1) n
), everyone AS (
    SELECT account_id, agent_email FROM sharing
    UNION SELECT account_id, agent_email FROM showing
    UNION SELECT account_id, handled_by FROM answering
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
COMMENT ON VIEW bi.agents IS
    'Everyone who is a user or appears as an agent in any stream. Grain: one row an agent. Key: account_id, agent_email. Who is known by sessions alone is in it from when these are added up, at the end of a pass.';
COMMENT ON COLUMN bi.agents.account_id   IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.agents.agent_email  IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN bi.agents.agent_name   IS 'The agent''s latest name in video sharing. NULL: never sent.';
COMMENT ON COLUMN bi.agents.is_user      IS 'Whether the agent is in the newest snapshot of users.';
COMMENT ON COLUMN bi.agents.privilege    IS 'user, admin, owner or reporting, as of the newest snapshot the agent was in. NULL: in none.';
COMMENT ON COLUMN bi.agents.in_demo_pool IS 'Whether demo requests are offered to the agent, likewise.';

-- Those of a share, whatever the days. And: no look at a share whose columns nobody asks for.
CREATE INDEX share_engagement_daily_share ON crankwheel.share_engagement_daily (account_id, slug, day);
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
WHERE NOT EXISTS (SELECT FROM crankwheel.shares x WHERE x.account_id = e.account_id AND x.slug = e.slug AND x.deleted_at IS NOT NULL);
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wheelhouse, bi FROM PUBLIC;
