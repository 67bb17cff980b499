-- Rollups by dirty days. A rollup holds sums by day beside the rows that it sums. wheelhouse.dirty_days alone says which days'
-- rollups may differ from the rows: a load adds a mark for each day that it changes, in its own transaction. Views read the rollup of a
-- day without a mark, and sum the rows of a day with one. A refresh rewrites the rollups of marked days and removes the
-- marks that it saw. A day without rows has no rollup.
--
-- What was summed before is not carried over. All days with rows are marked; the first refresh makes the rollups. Until then pages
-- are slower, and right.

-- A load by an older version of the program either commits before this lock, and then its rows are among those below, or it
-- finds no such table and fails.
LOCK TABLE wheelhouse.session_due IN ACCESS EXCLUSIVE MODE;

CREATE TABLE wheelhouse.dirty_days (
    account_id text NOT NULL,
    day        date NOT NULL,
    load_id    bigint NOT NULL,
    PRIMARY KEY (account_id, day, load_id)
);
COMMENT ON TABLE wheelhouse.dirty_days IS
    'Days whose rollups (agent_daily, request_hours, video_daily) may differ from the rows. Grain: one row for each day and load that changed it since its rollups were refreshed. Key: account_id, day, load_id. Written in the transaction of the load by wheelhouse.mark_dirty.';
COMMENT ON COLUMN wheelhouse.dirty_days.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.dirty_days.day        IS 'The day in the account''s reporting zone (wheelhouse.accounts.timezone).';
COMMENT ON COLUMN wheelhouse.dirty_days.load_id    IS 'The load: wheelhouse.loads.id. Negative: no load, but a transaction that changed the zone, deleted rollups or migrated the schema.';

-- Each transaction marks under a number of its own. A refresh that does not see the change does not see the mark either, and so
-- leaves it.
CREATE FUNCTION wheelhouse.own_mark() RETURNS bigint
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT -pg_current_xact_id()::text::bigint;
END;
COMMENT ON FUNCTION wheelhouse.own_mark() IS 'The load_id in wheelhouse.dirty_days of a transaction that is no load.';

-- FOR SHARE: a change of the zone waits for this transaction, or this transaction fails and is tried again with the new zone.
-- Sessions belong to the day whose bounds (bi.day_start) they begin in, requests to the day that the clock shows. The two differ where a clock
-- goes back from just after midnight: then both days are marked.
CREATE FUNCTION wheelhouse.mark_dirty(account text, load bigint, times timestamptz[], days date[]) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    WITH zone AS MATERIALIZED (
        SELECT a.timezone FROM wheelhouse.accounts a WHERE a.account_id = mark_dirty.account FOR SHARE
    ), local AS MATERIALIZED (
        SELECT (t.at AT TIME ZONE (SELECT coalesce((SELECT z.timezone FROM zone z), 'UTC')))::date AS day, max(t.at) AS latest
        FROM unnest(mark_dirty.times) AS t (at)
        GROUP BY 1
    ), marked AS (
        SELECT l.day FROM local l
        UNION
        SELECT l.day + 1 FROM local l WHERE l.latest >= bi.day_start(l.day + 1, (SELECT coalesce((SELECT z.timezone FROM zone z), 'UTC')))
        UNION
        SELECT d.day FROM unnest(mark_dirty.days) AS d (day)
    )
    INSERT INTO wheelhouse.dirty_days (account_id, day, load_id)
    SELECT mark_dirty.account, t.day, mark_dirty.load FROM marked t WHERE t.day IS NOT NULL ORDER BY t.day
    ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION wheelhouse.mark_dirty(text, bigint, timestamptz[], date[]) IS
    'Marks the days of an account that a load changed: those of moments, in the account''s reporting zone, and days by their date. A row that moves has a moment before and one after. A load calls it in the transaction that changes the rows.';

CREATE TABLE wheelhouse.agent_daily (
    account_id           text NOT NULL,
    day                  date NOT NULL,
    agent_email          text NOT NULL,
    sessions             bigint NOT NULL,
    session_seconds      bigint,
    viewers              bigint,
    max_viewers          integer,
    rtc_seconds          bigint,
    webcam_seconds       bigint,
    recordings           bigint NOT NULL,
    demos_handled        bigint NOT NULL,
    demos_answered       bigint NOT NULL,
    demos_call_confirmed bigint NOT NULL,
    demos_screen_shared  bigint NOT NULL,
    seconds_to_respond   bigint,
    shares               bigint NOT NULL,
    plays                bigint NOT NULL,
    PRIMARY KEY (account_id, day, agent_email)
);
CREATE INDEX agent_daily_agent ON wheelhouse.agent_daily (account_id, agent_email, day);
COMMENT ON TABLE wheelhouse.agent_daily IS
    'Rollup of what agents did, for bi.agent_daily and bi.session_daily. Grain: one row for each agent and day with anything in any stream. Key: account_id, day, agent_email. Old on the days of wheelhouse.dirty_days.';
COMMENT ON COLUMN wheelhouse.agent_daily.account_id           IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.agent_daily.day                  IS 'The day in the account''s reporting zone: of the start of a session, of a request; of video sharing as loaded.';
COMMENT ON COLUMN wheelhouse.agent_daily.agent_email          IS 'E-mail address of the agent, lower case.';
COMMENT ON COLUMN wheelhouse.agent_daily.sessions             IS 'Screen-share sessions that began that day.';
COMMENT ON COLUMN wheelhouse.agent_daily.session_seconds      IS 'How long they lasted together, in seconds, wherever midnight fell. NULL: none has ended.';
COMMENT ON COLUMN wheelhouse.agent_daily.viewers              IS 'Their viewers together. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.agent_daily.max_viewers          IS 'Most viewers at one time in any of them. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.agent_daily.rtc_seconds          IS 'Their seconds of real-time video. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.agent_daily.webcam_seconds       IS 'Their seconds with the web camera on. NULL: no session that tells.';
COMMENT ON COLUMN wheelhouse.agent_daily.recordings           IS 'Those that were recorded.';
COMMENT ON COLUMN wheelhouse.agent_daily.demos_handled        IS 'Demo requests of that day that the agent took.';
COMMENT ON COLUMN wheelhouse.agent_daily.demos_answered       IS 'Of demos_handled: those with a response time.';
COMMENT ON COLUMN wheelhouse.agent_daily.demos_call_confirmed IS 'Of demos_handled: those whose call was confirmed.';
COMMENT ON COLUMN wheelhouse.agent_daily.demos_screen_shared  IS 'Of demos_handled: those in which a screen was shared.';
COMMENT ON COLUMN wheelhouse.agent_daily.seconds_to_respond   IS 'Seconds to respond, summed over demos_answered. NULL: none answered.';
COMMENT ON COLUMN wheelhouse.agent_daily.shares               IS 'Video shares created that day.';
COMMENT ON COLUMN wheelhouse.agent_daily.plays                IS 'Plays that day of the agent''s video shares, whenever created.';

-- The rows of dirty days, summed. A refresh writes into a rollup what these say, so the figures before it and after it are the same.
CREATE VIEW wheelhouse.agent_daily_dirty AS
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
COMMENT ON VIEW wheelhouse.agent_daily_dirty IS
    'What agents did on dirty days, summed on the spot. Grain, key and columns: as wheelhouse.agent_daily.';

CREATE VIEW wheelhouse.request_hours_dirty AS
SELECT d.account_id, d.day, r.hour, r.requested, r.answered, r.call_confirmed, r.screen_shared, r.seconds_to_respond
FROM (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days) d
CROSS JOIN LATERAL (
    SELECT local_hour                                         AS hour,
           count(*)::integer                                  AS requested,
           (count(*) FILTER (WHERE answered))::integer        AS answered,
           (count(*) FILTER (WHERE call_confirmed))::integer  AS call_confirmed,
           (count(*) FILTER (WHERE screenshared))::integer    AS screen_shared,
           array_agg(seconds_to_respond ORDER BY seconds_to_respond) FILTER (WHERE seconds_to_respond IS NOT NULL) AS seconds_to_respond
    FROM crankwheel.demo_requests
    WHERE account_id = d.account_id AND local_day = d.day AND deleted_at IS NULL
    GROUP BY local_hour
) r;
COMMENT ON VIEW wheelhouse.request_hours_dirty IS
    'Requests of dirty days, summed on the spot. Grain, key and columns: as wheelhouse.request_hours.';

CREATE VIEW wheelhouse.video_daily_dirty AS
SELECT d.account_id, d.day, e.visits, e.plays, e.cta_clicks
FROM (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days) d
CROSS JOIN LATERAL (
    SELECT coalesce(sum(visits), 0) AS visits, coalesce(sum(plays), 0) AS plays, coalesce(sum(cta_clicks), 0) AS cta_clicks
    FROM crankwheel.share_engagement_daily
    WHERE account_id = d.account_id AND day = d.day
    HAVING count(*) > 0
) e;
COMMENT ON VIEW wheelhouse.video_daily_dirty IS
    'Visits of dirty days, summed on the spot. Grain, key and columns: as wheelhouse.video_daily.';

DO $$
DECLARE
    name   text;
    clause text;
BEGIN
    FOREACH name IN ARRAY ARRAY['agent_daily', 'request_hours', 'video_daily'] LOOP
        FOR clause IN
            SELECT format('COMMENT ON COLUMN wheelhouse.%I.%I IS %L', name || '_dirty', attname, col_description(attrelid, attnum))
            FROM pg_attribute WHERE attrelid = format('wheelhouse.%I', name)::regclass AND attnum > 0
        LOOP
            EXECUTE clause;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON TABLE wheelhouse.request_hours IS
    'Rollup of requests, for bi.request_hours. Grain: one row for each day and hour with a request. Key: account_id, day, hour. Old on the days of wheelhouse.dirty_days.';
COMMENT ON COLUMN wheelhouse.request_hours.seconds_to_respond       IS 'Seconds to respond of each one that was answered, ascending. NULL: none.';
COMMENT ON COLUMN wheelhouse.request_hours_dirty.seconds_to_respond IS 'Seconds to respond of each one that was answered, ascending. NULL: none.';
COMMENT ON TABLE wheelhouse.video_daily IS
    'Rollup of visits to video shares, those of deleted shares included, for bi.video_daily. Grain: one row for each day with a visit. Key: account_id, day. Old on the days of wheelhouse.dirty_days.';

-- NOT IN, here and below: a table of all dirty days is made once a query, and the planner takes half of the rows to be clean. With NOT EXISTS it
-- takes none to be, where many days are dirty, and sorts what it should hash. DISTINCT keeps that table small: 100,000 days fit into 4 MB of work_mem.
CREATE OR REPLACE VIEW bi.session_daily AS
SELECT t.account_id, t.day, t.agent_email, t.sessions, t.session_seconds, t.viewers, t.max_viewers, t.rtc_seconds, t.webcam_seconds, t.recordings
FROM wheelhouse.agent_daily t
WHERE t.sessions > 0 AND (t.account_id, t.day) NOT IN (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days)
UNION ALL
SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings
FROM wheelhouse.agent_daily_dirty
WHERE sessions > 0;

-- The name is looked up for the rows that come out, and only where somebody asks for it.
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

CREATE OR REPLACE VIEW bi.request_hours AS
SELECT h.account_id, h.day, extract(isodow FROM h.day)::integer AS weekday, h.hour::integer AS hour,
       h.requested, h.answered, h.call_confirmed, h.screen_shared, h.seconds_to_respond
FROM (
    SELECT t.account_id, t.day, t.hour, t.requested, t.answered, t.call_confirmed, t.screen_shared, t.seconds_to_respond
    FROM wheelhouse.request_hours t
    WHERE (t.account_id, t.day) NOT IN (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days)
    UNION ALL
    SELECT account_id, day, hour, requested, answered, call_confirmed, screen_shared, seconds_to_respond
    FROM wheelhouse.request_hours_dirty
) h;

-- Rollups count deleted shares, and they count nowhere. They are taken off here, so that the deletion of one marks no day.
CREATE OR REPLACE VIEW bi.video_daily AS
SELECT v.account_id, v.day, coalesce(sum(v.visits), 0)::bigint AS visits, coalesce(sum(v.plays), 0)::bigint AS plays, coalesce(sum(v.cta_clicks), 0)::bigint AS cta_clicks
FROM (
    SELECT t.account_id, t.day, t.visits, t.plays, t.cta_clicks
    FROM wheelhouse.video_daily t
    WHERE (t.account_id, t.day) NOT IN (SELECT DISTINCT account_id, day FROM wheelhouse.dirty_days)
    UNION ALL
    SELECT account_id, day, visits, plays, cta_clicks
    FROM wheelhouse.video_daily_dirty
    UNION ALL
    SELECT e.account_id, e.day, -e.visits, -e.plays, -e.cta_clicks
    FROM crankwheel.shares x
    JOIN crankwheel.share_engagement_daily e ON e.account_id = x.account_id AND e.slug = x.slug
    WHERE x.deleted_at IS NOT NULL
) v
GROUP BY v.account_id, v.day
HAVING sum(v.visits) <> 0 OR sum(v.plays) <> 0 OR sum(v.cta_clicks) <> 0;

CREATE OR REPLACE VIEW bi.agent_monthly AS
SELECT account_id, date_trunc('month', day::timestamp)::date AS month, agent_email,
       sum(sessions)::bigint AS sessions, sum(session_seconds)::bigint AS session_seconds, coalesce(sum(viewers), 0)::bigint AS viewers,
       sum(demos_handled)::bigint AS demos_handled, sum(demos_screen_shared)::bigint AS demos_screen_shared,
       sum(shares)::bigint AS shares, sum(plays)::bigint AS plays
FROM bi.agent_daily
GROUP BY 1, 2, 3;
COMMENT ON VIEW bi.agent_monthly IS
    'What agents did in a month: bi.agent_daily by the month. Grain: one row for each agent and month with anything in any stream. Key: account_id, month, agent_email.';

CREATE OR REPLACE VIEW bi.campaign_monthly AS
SELECT account_id, date_trunc('month', day::timestamp)::date AS month, coalesce(origin_channel, '') AS origin_channel, coalesce(origin_name, '') AS origin_name,
       coalesce(utm_source, '') AS utm_source, coalesce(utm_medium, '') AS utm_medium, coalesce(utm_campaign, '') AS utm_campaign,
       sum(requested)::bigint AS requested, sum(answered)::bigint AS answered, sum(call_confirmed)::bigint AS call_confirmed, sum(screen_shared)::bigint AS screen_shared
FROM bi.campaign_daily
GROUP BY 1, 2, 3, 4, 5, 6, 7;
COMMENT ON VIEW bi.campaign_monthly IS
    'What campaigns brought in a month: bi.campaign_daily by the month. Grain: one row for each month, channel, origin and combination of three UTM tags. Key: account_id, month and the five.';

CREATE OR REPLACE VIEW bi.share_monthly AS
SELECT account_id, date_trunc('month', day::timestamp)::date AS month, slug,
       coalesce(sum(visits), 0)::bigint AS visits, coalesce(sum(plays), 0)::bigint AS plays, coalesce(sum(cta_clicks), 0)::bigint AS cta_clicks
FROM bi.share_engagement_daily
GROUP BY 1, 2, 3;
COMMENT ON VIEW bi.share_monthly IS
    'How shares did in a month, without deleted ones: bi.share_engagement_daily by the month. Grain: one row for each month and share with a visit. Key: account_id, month, slug.';

-- The agent's name of the day, so that a name can be had without bi.agents, which looks at all dirty days.
CREATE OR REPLACE VIEW bi.share_usage_daily AS
SELECT account_id, day, agent_email, shares, plays, agent_name
FROM crankwheel.share_usage_daily;
COMMENT ON COLUMN bi.share_usage_daily.agent_name IS 'The agent''s name as sent that day. NULL: not sent.';

-- The recursion goes along an index from one agent of the rollup to the next: as many steps as there are agents, whatever the rows. Such an
-- agent counts if a clean day has a row; agents of dirty days are those of the rows themselves.
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
COMMENT ON VIEW bi.agents IS
    'Everyone who is a user or appears as an agent in any stream. Grain: one row an agent. Key: account_id, agent_email.';

DROP FUNCTION bi.stretches(text, date, date);
DROP VIEW bi.summed_days, wheelhouse.days_stale, wheelhouse.session_daily_stale, wheelhouse.session_days_stale, wheelhouse.session_gaps, wheelhouse.session_days;
DROP TABLE wheelhouse.session_daily, wheelhouse.session_summaries, wheelhouse.session_due, wheelhouse.agent_monthly, wheelhouse.campaign_monthly, wheelhouse.share_monthly;

-- Deleting rollups marks their days. So whoever deletes them, a refresh included, changes no figure.
CREATE FUNCTION wheelhouse.mark_deleted_rollups() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('INSERT INTO wheelhouse.dirty_days SELECT DISTINCT account_id, day, wheelhouse.own_mark() FROM %I.%I ON CONFLICT DO NOTHING',
                       TG_TABLE_SCHEMA, TG_TABLE_NAME);
    ELSE
        INSERT INTO wheelhouse.dirty_days SELECT DISTINCT account_id, day, wheelhouse.own_mark() FROM gone ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION wheelhouse.mark_deleted_rollups() IS 'Marks the days of rollups that are deleted in wheelhouse.dirty_days.';

TRUNCATE wheelhouse.request_hours, wheelhouse.video_daily;
CREATE TRIGGER deleted AFTER DELETE ON wheelhouse.agent_daily REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.mark_deleted_rollups();
CREATE TRIGGER truncated BEFORE TRUNCATE ON wheelhouse.agent_daily
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.mark_deleted_rollups();
CREATE TRIGGER deleted AFTER DELETE ON wheelhouse.request_hours REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.mark_deleted_rollups();
CREATE TRIGGER truncated BEFORE TRUNCATE ON wheelhouse.request_hours
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.mark_deleted_rollups();
CREATE TRIGGER deleted AFTER DELETE ON wheelhouse.video_daily REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.mark_deleted_rollups();
CREATE TRIGGER truncated BEFORE TRUNCATE ON wheelhouse.video_daily
    FOR EACH STATEMENT EXECUTE FUNCTION wheelhouse.mark_deleted_rollups();

-- A change of the zone cuts all days anew. Every row lies on a day that had a rollup or a mark, and moves two days at most: zones lie
-- up to 26 hours apart. So the sessions themselves need not be read.
CREATE FUNCTION wheelhouse.move_days() RETURNS trigger
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
DROP TRIGGER local_days ON wheelhouse.accounts;
DROP FUNCTION wheelhouse.move_local_days();
CREATE TRIGGER new_zone AFTER INSERT ON wheelhouse.accounts
    FOR EACH ROW EXECUTE FUNCTION wheelhouse.move_days();
CREATE TRIGGER other_zone AFTER UPDATE OF timezone ON wheelhouse.accounts
    FOR EACH ROW WHEN (OLD.timezone IS DISTINCT FROM NEW.timezone) EXECUTE FUNCTION wheelhouse.move_days();

-- All days with rows, by the first and the last session of each; also of accounts that are known by their loads alone.
SELECT wheelhouse.mark_dirty(a.account_id, wheelhouse.own_mark(),
    ARRAY(SELECT unnest(ARRAY[min(started_at), max(started_at)]) FROM crankwheel.screen_sessions
          WHERE account_id = a.account_id GROUP BY (started_at AT TIME ZONE coalesce(a.timezone, 'UTC'))::date),
    ARRAY(SELECT local_day FROM crankwheel.demo_requests WHERE account_id = a.account_id
          UNION SELECT day FROM crankwheel.share_usage_daily WHERE account_id = a.account_id
          UNION SELECT day FROM crankwheel.share_engagement_daily WHERE account_id = a.account_id))
FROM (SELECT account_id, timezone FROM wheelhouse.accounts FULL JOIN (SELECT DISTINCT account_id FROM wheelhouse.loads) l USING (account_id)) a;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wheelhouse, bi FROM PUBLIC;
