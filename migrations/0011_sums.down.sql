-- Sums of sessions stay as they are: they hold without the others.
DROP VIEW bi.agent_monthly, bi.campaign_monthly, bi.share_monthly;
DROP FUNCTION bi.stretches(text, date, date);
DROP VIEW bi.summed_days, bi.request_hours, bi.video_daily, wheelhouse.days_stale;
DROP AGGREGATE bi.join_arrays(integer[]);
DROP TABLE wheelhouse.request_hours, wheelhouse.video_daily, wheelhouse.agent_monthly, wheelhouse.campaign_monthly, wheelhouse.share_monthly;
COMMENT ON TABLE wheelhouse.session_summaries IS
    'Of which days wheelhouse.session_daily holds the sums. Grain: one row for each account. Key: account_id.';
COMMENT ON TABLE wheelhouse.session_due IS
    'Stretches of time whose sessions a load changed since they were added up. Grain: one row for each load that wrote. Key: load_id. Written in the transaction of the load, taken away when the days are added up.';
COMMENT ON COLUMN wheelhouse.session_due.starts IS 'From the first to the last moment at which a session that it wrote may have begun.';
ALTER TABLE wheelhouse.session_due DROP CONSTRAINT session_due_pkey;
WITH due AS (DELETE FROM wheelhouse.session_due RETURNING *)
INSERT INTO wheelhouse.session_due (load_id, account_id, starts)
SELECT load_id, account_id, tstzrange(min(lower(starts)), max(upper(starts)), '[]') FROM due GROUP BY load_id, account_id;
ALTER TABLE wheelhouse.session_due ADD PRIMARY KEY (load_id);
ALTER TABLE wheelhouse.session_summaries RENAME COLUMN summed_days TO days;
CREATE OR REPLACE VIEW wheelhouse.session_days AS
SELECT a.account_id,
       a.timezone,
       coalesce(s.days, '{}') - coalesce(d.days, '{}')                               AS days,
       '{(,)}'::datemultirange - coalesce(s.days, '{}') + coalesce(d.days, '{}') AS gaps
FROM wheelhouse.accounts a
LEFT JOIN wheelhouse.session_summaries s ON s.account_id = a.account_id AND s.timezone = a.timezone
CROSS JOIN LATERAL (
    SELECT range_agg(daterange((lower(d.starts) AT TIME ZONE a.timezone)::date,
                               ((upper(d.starts) + interval '1 hour') AT TIME ZONE a.timezone)::date, '[]')) AS days
    FROM wheelhouse.session_due d
    WHERE d.account_id = a.account_id
) d
OFFSET 0;
CREATE OR REPLACE VIEW wheelhouse.session_days_stale AS
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
