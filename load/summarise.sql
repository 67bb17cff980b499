-- Sums of sessions by agent and day, kept beside them for bi.session_daily: see migration 0007_bi_sales.

-- name: touched
-- In the transaction of the load: from now on the days are added up on the spot, until summarise has been there again.
INSERT INTO wheelhouse.session_due (load_id, account_id, starts)
VALUES (@load, @account, tstzrange(@first, @last, '[]'));

-- name: alone
-- One process at a time adds up, for all accounts. Held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtext('wheelhouse.session_daily'), 0), set_config('jit', 'off', true);

-- name: accounts
-- Those that have something to be added up.
SELECT DISTINCT account_id FROM wheelhouse.session_days_stale ORDER BY account_id;

-- name: stale
SELECT day::text FROM wheelhouse.session_days_stale WHERE account_id = @account ORDER BY day LIMIT @most;

-- name: forget_zone
-- Sums of days that were cut in another zone: a day between that has no session in this one would show them.
DELETE FROM wheelhouse.session_daily t
USING wheelhouse.session_summaries s
JOIN wheelhouse.accounts a ON a.account_id = s.account_id AND a.timezone <> s.timezone
WHERE s.account_id = @account AND t.account_id = @account;

-- name: forget
DELETE FROM wheelhouse.session_daily WHERE account_id = @account AND day = ANY (@days::text[]::date[]);

-- name: sums
-- As wheelhouse.session_daily_stale, for days that are known already.
INSERT INTO wheelhouse.session_daily (account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings)
SELECT @account, d.day, s.*
FROM wheelhouse.accounts a
CROSS JOIN unnest(@days::text[]::date[]) AS d (day)
CROSS JOIN LATERAL (
    SELECT agent_email, count(*), sum(duration_seconds), sum(viewers), max(max_viewers), sum(rtc_seconds), sum(webcam_seconds), count(recording_content_id)
    FROM crankwheel.screen_sessions
    WHERE session_id >= wheelhouse.session_floor(bi.day_start(d.day, a.timezone))
      AND session_id < wheelhouse.session_floor(bi.day_start(d.day + 1, a.timezone))
      AND account_id = a.account_id AND deleted_at IS NULL
    GROUP BY agent_email
    ORDER BY agent_email
) s
WHERE a.account_id = @account;

-- name: mark
-- What loads touched is taken off first; what was added up just now is put on, with the days without sessions between.
INSERT INTO wheelhouse.session_summaries AS s (account_id, timezone, days, summarised_at)
SELECT d.account_id, d.timezone,
       d.days + (SELECT datemultirange(daterange(min(day), max(day), '[]')) FROM unnest(@days::text[]::date[]) AS day),
       now()
FROM wheelhouse.session_days d
WHERE d.account_id = @account
ON CONFLICT (account_id) DO UPDATE
SET timezone = excluded.timezone, days = excluded.days, summarised_at = excluded.summarised_at;

-- name: settle
-- Those that this transaction sees: what a load commits meanwhile stays due.
DELETE FROM wheelhouse.session_due WHERE account_id = @account;
