-- Makes again what 0013 drops, as 0007_bi_sales and 0011_sums left it. The sums are empty: the older program makes them.
DROP TRIGGER new_zone ON wheelhouse.accounts;
DROP TRIGGER other_zone ON wheelhouse.accounts;
DROP FUNCTION wheelhouse.move_days();
DROP TRIGGER deleted ON wheelhouse.agent_daily;
DROP TRIGGER truncated ON wheelhouse.agent_daily;
DROP TRIGGER deleted ON wheelhouse.request_hours;
DROP TRIGGER truncated ON wheelhouse.request_hours;
DROP TRIGGER deleted ON wheelhouse.video_daily;
DROP TRIGGER truncated ON wheelhouse.video_daily;
DROP FUNCTION wheelhouse.mark_deleted_rollups();
TRUNCATE wheelhouse.request_hours, wheelhouse.video_daily;

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

CREATE TRIGGER local_days AFTER INSERT OR UPDATE OF timezone ON wheelhouse.accounts
    FOR EACH ROW EXECUTE FUNCTION wheelhouse.move_local_days();

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
    summed_days   datemultirange NOT NULL,
    summarised_at timestamptz NOT NULL
);
COMMENT ON TABLE wheelhouse.session_summaries IS
    'Of which days sums hold: wheelhouse.session_daily, request_hours, video_daily. Grain: one row for each account. Key: account_id.';
COMMENT ON COLUMN wheelhouse.session_summaries.account_id    IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_summaries.timezone      IS 'Reporting zone in which days were cut. Another than the account has now: the sums hold no more.';
COMMENT ON COLUMN wheelhouse.session_summaries.summed_days          IS 'Days that are added up, but for those that wheelhouse.session_due tells of.';
COMMENT ON COLUMN wheelhouse.session_summaries.summarised_at IS 'When days were added last.';

CREATE TABLE wheelhouse.session_due (
    load_id    bigint NOT NULL,
    account_id text NOT NULL,
    starts     tstzrange NOT NULL,
    PRIMARY KEY (account_id, load_id, starts)
);
COMMENT ON TABLE wheelhouse.session_due IS
    'Stretches of time whose requests, sessions or shares'' figures a load changed since they were added up. Grain: one row for each load that wrote and stretch. Key: account_id, load_id, starts. Written in the transaction of the load, taken away when the days are added up.';
COMMENT ON COLUMN wheelhouse.session_due.load_id    IS 'The load: wheelhouse.loads.id.';
COMMENT ON COLUMN wheelhouse.session_due.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.session_due.starts IS 'From the first to the last moment at which something that it wrote may have begun.';

-- Whoever asks for one account has nothing of the others looked at: grouping keeps the view as much apart as OFFSET 0, and lets a
-- condition on the account in. Stretches that touch are one first: a backfill's thousands of windows have few ends.
CREATE VIEW wheelhouse.session_days AS
SELECT a.account_id,
       a.timezone,
       coalesce(s.summed_days, '{}') - coalesce(range_agg(d.days), '{}')                           AS days,
       '{(,)}'::datemultirange - coalesce(s.summed_days, '{}') + coalesce(range_agg(d.days), '{}') AS gaps
FROM wheelhouse.accounts a
LEFT JOIN wheelhouse.session_summaries s ON s.account_id = a.account_id AND s.timezone = a.timezone
LEFT JOIN (
    -- An hour later: where a clock goes back from just after midnight, a moment that it shows as of the day before is the new day's.
    SELECT z.account_id,
           daterange((lower(t.starts) AT TIME ZONE z.timezone)::date, ((upper(t.starts) + interval '1 hour') AT TIME ZONE z.timezone)::date, '[]') AS days
    FROM (SELECT account_id, unnest(range_agg(starts)) AS starts FROM wheelhouse.session_due GROUP BY account_id) t
    JOIN wheelhouse.accounts z ON z.account_id = t.account_id
) d ON d.account_id = a.account_id
GROUP BY a.account_id, s.account_id;

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

-- The days of a backfill are due while it runs, thousands of them, wherever the days lie that somebody looks at. So the gaps are walked through by the
-- month: a condition on the day is then held against days that nobody has looked up. (Walked through for the same reasons, with an array
-- and a care for clocks, as in 0007_bi_sales, but each account's for itself.) Days without a session are among those of a month that has any.
CREATE VIEW wheelhouse.session_days_stale AS
SELECT a.account_id, d.day, d.starts, d.stops
FROM wheelhouse.accounts a
CROSS JOIN LATERAL (
    WITH RECURSIVE walk AS (
        SELECT g.gap, NULL::date AS month, coalesce(bi.day_start(lower(g.gap), a.timezone), '-infinity') AS stops
        FROM unnest(ARRAY(SELECT gap FROM wheelhouse.session_gaps WHERE account_id = a.account_id)) AS g (gap)
        UNION ALL
        SELECT w.gap, next.month, bi.day_start((next.month + interval '1 month')::date, a.timezone)
        FROM walk w
        CROSS JOIN LATERAL (
            SELECT CASE WHEN s.started_at < bi.day_start(s.later, a.timezone) THEN s.month ELSE s.later END AS month
            FROM (
                SELECT s.started_at, date_trunc('month', s.started_at AT TIME ZONE a.timezone)::date AS month,
                       (date_trunc('month', s.started_at AT TIME ZONE a.timezone) + interval '1 month')::date AS later
                FROM crankwheel.screen_sessions s
                WHERE s.session_id >= bi.session_floor(w.stops) AND s.account_id = a.account_id
                ORDER BY s.session_id LIMIT 1
            ) s
        ) next
        WHERE upper(w.gap) IS NULL OR next.month < upper(w.gap)
    )
    SELECT w.month + n                               AS day,
           bi.day_start(w.month + n, a.timezone)     AS starts,
           bi.day_start(w.month + n + 1, a.timezone) AS stops
    FROM walk w
    JOIN generate_series(0, 30) AS n ON w.gap @> w.month + n AND w.month + n < (w.month + interval '1 month')::date
) d;
COMMENT ON VIEW wheelhouse.session_days_stale IS
    'Days of months with sessions for which wheelhouse.session_daily does not hold. Grain: one row for each account and day. Key: account_id, day.';

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

-- A day whose last row a load took away is known by its row in video_daily: every day that was added up has one.
CREATE VIEW wheelhouse.days_stale AS
SELECT d.account_id, d.day
FROM wheelhouse.session_days_stale d
CROSS JOIN LATERAL (
    -- By the key for each day: as EXISTS, a planner without figures of the table would hold each day against all sessions.
    SELECT FROM crankwheel.screen_sessions s
    WHERE s.session_id >= bi.session_floor(d.starts) AND s.session_id < bi.session_floor(d.stops) AND s.account_id = d.account_id
    ORDER BY s.session_id LIMIT 1
) s
UNION
SELECT g.account_id, d.day
FROM wheelhouse.session_gaps g
CROSS JOIN LATERAL (
    SELECT DISTINCT local_day AS day FROM crankwheel.demo_requests
    WHERE account_id = g.account_id AND local_day >= coalesce(lower(g.gap), '-infinity') AND local_day < coalesce(upper(g.gap), 'infinity')
    UNION ALL
    SELECT DISTINCT day FROM crankwheel.share_engagement_daily
    WHERE account_id = g.account_id AND day >= coalesce(lower(g.gap), '-infinity') AND day < coalesce(upper(g.gap), 'infinity')
    UNION ALL
    SELECT DISTINCT day FROM crankwheel.share_usage_daily
    WHERE account_id = g.account_id AND day >= coalesce(lower(g.gap), '-infinity') AND day < coalesce(upper(g.gap), 'infinity')
    UNION ALL
    SELECT day FROM wheelhouse.video_daily
    WHERE account_id = g.account_id AND day >= coalesce(lower(g.gap), '-infinity') AND day < coalesce(upper(g.gap), 'infinity')
) d;
COMMENT ON VIEW wheelhouse.days_stale IS
    'Days that have, or had, anything of which sums are kept, and for which they do not hold. Grain: one row for each account and day. Key: account_id, day.';
COMMENT ON COLUMN wheelhouse.days_stale.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.days_stale.day        IS 'The day in the account''s reporting zone.';

CREATE OR REPLACE VIEW bi.session_daily AS
SELECT t.account_id, t.day, t.agent_email, t.sessions, t.session_seconds, t.viewers, t.max_viewers, t.rtc_seconds, t.webcam_seconds, t.recordings
FROM wheelhouse.session_daily t
JOIN wheelhouse.session_days s ON s.account_id = t.account_id
WHERE NOT s.gaps @> t.day  -- so said, the planner expects nearly all rows
UNION ALL
SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings
FROM wheelhouse.session_daily_stale;
-- The name is looked up for the rows that come out, and only where somebody asks for it.
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

CREATE OR REPLACE VIEW bi.request_hours AS
SELECT t.account_id, t.day, extract(isodow FROM t.day)::integer AS weekday, t.hour::integer AS hour,
       t.requested, t.answered, t.call_confirmed, t.screen_shared, t.seconds_to_respond
FROM wheelhouse.request_hours t
JOIN wheelhouse.session_days s ON s.account_id = t.account_id
WHERE NOT s.gaps @> t.day
UNION ALL
SELECT g.account_id, r.day, extract(isodow FROM r.day)::integer, r.hour::integer,
       r.requested, r.answered, r.call_confirmed, r.screen_shared, r.seconds_to_respond
FROM wheelhouse.session_gaps g
CROSS JOIN LATERAL (
    SELECT local_day                                                                    AS day,
           local_hour                                                                   AS hour,
           count(*)::integer                                                            AS requested,
           (count(*) FILTER (WHERE answered))::integer                                  AS answered,
           (count(*) FILTER (WHERE call_confirmed))::integer                            AS call_confirmed,
           (count(*) FILTER (WHERE screenshared))::integer                              AS screen_shared,
           array_agg(seconds_to_respond) FILTER (WHERE seconds_to_respond IS NOT NULL)  AS seconds_to_respond
    FROM crankwheel.demo_requests
    WHERE account_id = g.account_id AND local_day >= coalesce(lower(g.gap), '-infinity') AND local_day < coalesce(upper(g.gap), 'infinity')
      AND deleted_at IS NULL
    GROUP BY local_day, local_hour
) r;

-- What was added up counts deleted shares, and they count nowhere: they are taken off here, so that days long past need
-- not be added up again for one of them.
CREATE OR REPLACE VIEW bi.video_daily AS
SELECT v.account_id, v.day, coalesce(sum(v.visits), 0)::bigint AS visits, coalesce(sum(v.plays), 0)::bigint AS plays, coalesce(sum(v.cta_clicks), 0)::bigint AS cta_clicks
FROM (
    SELECT t.account_id, t.day, t.visits, t.plays, t.cta_clicks
    FROM wheelhouse.video_daily t
    JOIN wheelhouse.session_days s ON s.account_id = t.account_id
    WHERE NOT s.gaps @> t.day
    UNION ALL
    SELECT e.account_id, e.day, -e.visits, -e.plays, -e.cta_clicks
    FROM crankwheel.shares x
    JOIN wheelhouse.session_days s ON s.account_id = x.account_id
    JOIN crankwheel.share_engagement_daily e ON e.account_id = x.account_id AND e.slug = x.slug
    WHERE x.deleted_at IS NOT NULL AND NOT s.gaps @> e.day
    UNION ALL
    SELECT g.account_id, e.day, e.visits, e.plays, e.cta_clicks
    FROM wheelhouse.session_gaps g
    CROSS JOIN LATERAL (
        SELECT day, visits, plays, cta_clicks FROM crankwheel.share_engagement_daily e
        WHERE account_id = g.account_id AND day >= coalesce(lower(g.gap), '-infinity') AND day < coalesce(upper(g.gap), 'infinity')
          AND NOT EXISTS (SELECT FROM crankwheel.shares x WHERE x.account_id = e.account_id AND x.slug = e.slug AND x.deleted_at IS NOT NULL)
    ) e
) v
GROUP BY v.account_id, v.day
HAVING sum(v.visits) <> 0 OR sum(v.plays) <> 0 OR sum(v.cta_clicks) <> 0;

-- What agents, campaigns and shares come to in a month. A month's sums hold where those of all its days do: a range is made of whole
-- months that hold (bi.stretches) and, for the days before, between and after them, of what the day-by-day views say.
CREATE TABLE wheelhouse.agent_monthly (
    account_id          text NOT NULL,
    month               date NOT NULL,
    agent_email         text NOT NULL,
    sessions            bigint NOT NULL,
    session_seconds     bigint NOT NULL,
    viewers             bigint NOT NULL,
    demos_handled       bigint NOT NULL,
    demos_screen_shared bigint NOT NULL,
    shares              bigint NOT NULL,
    plays               bigint NOT NULL,
    PRIMARY KEY (account_id, month, agent_email)
);
COMMENT ON TABLE wheelhouse.agent_monthly IS
    'What agents did in a month, for bi.agent_monthly. Grain: one row for each agent and month. Key: account_id, month, agent_email. Holds for months all of whose days wheelhouse.session_days tells; other months'' rows are old.';
COMMENT ON COLUMN wheelhouse.agent_monthly.account_id          IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.agent_monthly.month               IS 'First day of the month, in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN wheelhouse.agent_monthly.agent_email         IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN wheelhouse.agent_monthly.sessions            IS 'Screen-share sessions that began that month.';
COMMENT ON COLUMN wheelhouse.agent_monthly.session_seconds     IS 'How long they lasted together, in seconds.';
COMMENT ON COLUMN wheelhouse.agent_monthly.viewers             IS 'Their viewers together.';
COMMENT ON COLUMN wheelhouse.agent_monthly.demos_handled       IS 'Demo requests that the agent responded to.';
COMMENT ON COLUMN wheelhouse.agent_monthly.demos_screen_shared IS 'Of them: those in which a screen was shared.';
COMMENT ON COLUMN wheelhouse.agent_monthly.shares              IS 'Video shares created.';
COMMENT ON COLUMN wheelhouse.agent_monthly.plays               IS 'Plays of the agent''s video shares, whenever created.';

CREATE TABLE wheelhouse.campaign_monthly (
    account_id     text NOT NULL,
    month          date NOT NULL,
    origin_channel text NOT NULL,
    origin_name    text NOT NULL,
    utm_source     text NOT NULL,
    utm_medium     text NOT NULL,
    utm_campaign   text NOT NULL,
    requested      bigint NOT NULL,
    answered       bigint NOT NULL,
    call_confirmed bigint NOT NULL,
    screen_shared  bigint NOT NULL,
    PRIMARY KEY (account_id, month, origin_channel, origin_name, utm_source, utm_medium, utm_campaign)
);
COMMENT ON TABLE wheelhouse.campaign_monthly IS
    'What campaigns brought in a month, for bi.campaign_monthly. Grain: one row for each month, channel, origin and combination of three UTM tags. Key: account_id, month and the five. Holds for months all of whose days wheelhouse.session_days tells; other months'' rows are old.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.account_id     IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.month          IS 'First day of the month, in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN wheelhouse.campaign_monthly.origin_channel IS 'See bi.campaign_daily, here and for the four that follow. Empty: none.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.origin_name    IS 'Short name of the campaign link, or the page. Empty: none.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.utm_source     IS 'The utm_source. Empty: none.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.utm_medium     IS 'The utm_medium. Empty: none.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.utm_campaign   IS 'The utm_campaign. Empty: none.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.requested      IS 'Requests that were not cancelled.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.answered       IS 'Of requested: those an agent responded to.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.call_confirmed IS 'Of requested: those whose call was confirmed.';
COMMENT ON COLUMN wheelhouse.campaign_monthly.screen_shared  IS 'Of requested: those in which a screen was shared.';

CREATE TABLE wheelhouse.share_monthly (
    account_id text NOT NULL,
    month      date NOT NULL,
    slug       text NOT NULL,
    visits     bigint NOT NULL,
    plays      bigint NOT NULL,
    cta_clicks bigint NOT NULL,
    PRIMARY KEY (account_id, month, slug)
);
COMMENT ON TABLE wheelhouse.share_monthly IS
    'How shares did in a month, for bi.share_monthly, deleted ones included. Grain: one row for each month and share with a visit. Key: account_id, month, slug. Holds for months all of whose days wheelhouse.session_days tells; other months'' rows are old.';
COMMENT ON COLUMN wheelhouse.share_monthly.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.share_monthly.month      IS 'First day of the month, in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN wheelhouse.share_monthly.slug       IS 'The share: bi.shares.slug.';
COMMENT ON COLUMN wheelhouse.share_monthly.visits     IS 'Visits that month.';
COMMENT ON COLUMN wheelhouse.share_monthly.plays      IS 'Of visits: those that played the video.';
COMMENT ON COLUMN wheelhouse.share_monthly.cta_clicks IS 'Clicks on the call to action.';

CREATE VIEW bi.summed_days AS
SELECT account_id, days FROM wheelhouse.session_days;
COMMENT ON VIEW bi.summed_days IS
    'Which days are added up at this moment. Grain: one row for each account. Key: account_id. For bi.stretches; all other views say the same of days that are not.';
COMMENT ON COLUMN bi.summed_days.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.summed_days.days       IS 'The days.';

CREATE FUNCTION bi.stretches(account text, since date, till date) RETURNS TABLE (first date, last date, whole_month boolean)
LANGUAGE sql STABLE ROWS 10
BEGIN ATOMIC
    WITH months AS (
        SELECT m.days
        FROM (SELECT daterange(at::date, (at + interval '1 month')::date) AS days
              FROM generate_series(date_trunc('month', stretches.since::timestamp), stretches.till::timestamp, interval '1 month') AS at) m
        WHERE m.days <@ daterange(stretches.since, stretches.till, '[]')
          AND m.days <@ (SELECT s.days FROM bi.summed_days s WHERE s.account_id = stretches.account)
    )
    SELECT lower(m.days), upper(m.days) - 1, true FROM months m
    UNION ALL
    SELECT lower(r.days), upper(r.days) - 1, false
    FROM unnest(datemultirange(daterange(stretches.since, stretches.till, '[]')) - coalesce((SELECT range_agg(m.days) FROM months m), '{}')) AS r (days);
END;
COMMENT ON FUNCTION bi.stretches(text, date, date) IS
    'A range of days in pieces, each from its first day to its last: the whole months that are added up, for which bi.agent_monthly, bi.campaign_monthly and bi.share_monthly have rows, and the stretches of days that are left.';

CREATE OR REPLACE VIEW bi.agent_monthly AS
SELECT t.account_id, t.month, t.agent_email, t.sessions, t.session_seconds, t.viewers, t.demos_handled, t.demos_screen_shared, t.shares, t.plays
FROM wheelhouse.agent_monthly t;
COMMENT ON VIEW bi.agent_monthly IS
    'What agents did in a month. Grain: one row for each agent and month. Key: account_id, month, agent_email. Right for the months that bi.stretches calls whole; rows of others are old.';

CREATE OR REPLACE VIEW bi.campaign_monthly AS
SELECT t.account_id, t.month, t.origin_channel, t.origin_name, t.utm_source, t.utm_medium, t.utm_campaign, t.requested, t.answered, t.call_confirmed, t.screen_shared
FROM wheelhouse.campaign_monthly t;
COMMENT ON VIEW bi.campaign_monthly IS
    'What campaigns brought in a month. Grain: one row for each month, channel, origin and combination of three UTM tags. Key: account_id, month and the five. Right for the months that bi.stretches calls whole; rows of others are old.';

CREATE OR REPLACE VIEW bi.share_monthly AS
SELECT t.account_id, t.month, t.slug, t.visits, t.plays, t.cta_clicks
FROM wheelhouse.share_monthly t
WHERE NOT EXISTS (SELECT FROM crankwheel.shares x WHERE x.account_id = t.account_id AND x.slug = t.slug AND x.deleted_at IS NOT NULL);
COMMENT ON VIEW bi.share_monthly IS
    'How shares did in a month, without deleted ones. Grain: one row for each month and share with a visit. Key: account_id, month, slug. Right for the months that bi.stretches calls whole; rows of others are old.';

-- Each recursion goes along an index from one agent to the next: as many steps as there are agents, whatever the rows.
CREATE OR REPLACE VIEW bi.agents AS
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

DROP VIEW bi.share_usage_daily;
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

COMMENT ON TABLE wheelhouse.request_hours IS
    'Requests added up, for bi.request_hours. Grain: one row for each day and hour with a request. Key: account_id, day, hour. Holds for the days that wheelhouse.session_days tells; other days'' rows are old.';
COMMENT ON TABLE wheelhouse.video_daily IS
    'Visits to video shares added up, for bi.video_daily, those of deleted shares included. Grain: one row for each day that was added up and had anything. Key: account_id, day. Holds for the days that wheelhouse.session_days tells; other days'' rows are old.';
COMMENT ON COLUMN wheelhouse.request_hours.seconds_to_respond IS 'Seconds to respond of each one that was answered, in no order. NULL: none.';

DROP VIEW wheelhouse.agent_daily_dirty, wheelhouse.request_hours_dirty, wheelhouse.video_daily_dirty;
DROP FUNCTION wheelhouse.mark_dirty(text, bigint, timestamptz[], date[]), wheelhouse.own_mark();
DROP TABLE wheelhouse.agent_daily, wheelhouse.dirty_days;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wheelhouse, bi FROM PUBLIC;
