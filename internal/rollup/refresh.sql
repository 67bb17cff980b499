-- Rollups by day: see doc.go, and migration 0013_rollups, whose views *_dirty sum the rows of dirty days.

-- name: accounts
SELECT account_id FROM wheelhouse.accounts a
WHERE EXISTS (SELECT FROM wheelhouse.dirty_days d WHERE d.account_id = a.account_id)
ORDER BY account_id;

-- name: alone
-- One process at a time refreshes an account. If the process stops in the middle, the server ends the transaction after 60 s, because
-- a change of the zone waits for it.
SELECT pg_try_advisory_xact_lock(hashtext('wheelhouse.rollups'), hashtext(@account));

-- name: zone
-- A later change of the zone waits for this transaction. After an earlier one that has not committed yet, this transaction fails.
SELECT timezone FROM wheelhouse.accounts WHERE account_id = @account FOR SHARE;

-- name: dirty
-- The newest first, because people look at them most.
SELECT day::text FROM (SELECT DISTINCT day FROM wheelhouse.dirty_days WHERE account_id = @account) d ORDER BY d.day DESC LIMIT @most;

-- name: agent_daily
WITH fresh AS MATERIALIZED (
    SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings,
           demos_handled, demos_answered, demos_call_confirmed, demos_screen_shared, seconds_to_respond, shares, plays
    FROM wheelhouse.agent_daily_dirty WHERE account_id = @account AND day = ANY (@days::text[]::date[])
), removed AS (
    DELETE FROM wheelhouse.agent_daily t
    WHERE account_id = @account AND day = ANY (@days::text[]::date[])
      AND NOT EXISTS (SELECT FROM fresh f WHERE f.day = t.day AND f.agent_email = t.agent_email)
)
INSERT INTO wheelhouse.agent_daily AS t
      (account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings,
       demos_handled, demos_answered, demos_call_confirmed, demos_screen_shared, seconds_to_respond, shares, plays)
SELECT * FROM fresh
EXCEPT
SELECT account_id, day, agent_email, sessions, session_seconds, viewers, max_viewers, rtc_seconds, webcam_seconds, recordings,
       demos_handled, demos_answered, demos_call_confirmed, demos_screen_shared, seconds_to_respond, shares, plays
FROM wheelhouse.agent_daily WHERE account_id = @account AND day = ANY (@days::text[]::date[])
ORDER BY day, agent_email
ON CONFLICT (account_id, day, agent_email) DO UPDATE
SET sessions = excluded.sessions, session_seconds = excluded.session_seconds, viewers = excluded.viewers, max_viewers = excluded.max_viewers,
    rtc_seconds = excluded.rtc_seconds, webcam_seconds = excluded.webcam_seconds, recordings = excluded.recordings, demos_handled = excluded.demos_handled,
    demos_answered = excluded.demos_answered, demos_call_confirmed = excluded.demos_call_confirmed, demos_screen_shared = excluded.demos_screen_shared, seconds_to_respond = excluded.seconds_to_respond,
    shares = excluded.shares, plays = excluded.plays;

-- name: request_hours
WITH fresh AS MATERIALIZED (
    SELECT account_id, day, hour, requested, answered, call_confirmed, screen_shared, seconds_to_respond
    FROM wheelhouse.request_hours_dirty WHERE account_id = @account AND day = ANY (@days::text[]::date[])
), removed AS (
    DELETE FROM wheelhouse.request_hours t
    WHERE account_id = @account AND day = ANY (@days::text[]::date[])
      AND NOT EXISTS (SELECT FROM fresh f WHERE f.day = t.day AND f.hour = t.hour)
)
INSERT INTO wheelhouse.request_hours AS t (account_id, day, hour, requested, answered, call_confirmed, screen_shared, seconds_to_respond)
SELECT * FROM fresh
EXCEPT
SELECT account_id, day, hour, requested, answered, call_confirmed, screen_shared, seconds_to_respond
FROM wheelhouse.request_hours WHERE account_id = @account AND day = ANY (@days::text[]::date[])
ORDER BY day, hour
ON CONFLICT (account_id, day, hour) DO UPDATE
SET requested = excluded.requested, answered = excluded.answered, call_confirmed = excluded.call_confirmed,
    screen_shared = excluded.screen_shared, seconds_to_respond = excluded.seconds_to_respond;

-- name: video_daily
WITH fresh AS MATERIALIZED (
    SELECT account_id, day, visits, plays, cta_clicks
    FROM wheelhouse.video_daily_dirty WHERE account_id = @account AND day = ANY (@days::text[]::date[])
), removed AS (
    DELETE FROM wheelhouse.video_daily t
    WHERE account_id = @account AND day = ANY (@days::text[]::date[]) AND NOT EXISTS (SELECT FROM fresh f WHERE f.day = t.day)
)
INSERT INTO wheelhouse.video_daily AS t (account_id, day, visits, plays, cta_clicks)
SELECT * FROM fresh
EXCEPT
SELECT account_id, day, visits, plays, cta_clicks
FROM wheelhouse.video_daily WHERE account_id = @account AND day = ANY (@days::text[]::date[])
ORDER BY day
ON CONFLICT (account_id, day) DO UPDATE SET visits = excluded.visits, plays = excluded.plays, cta_clicks = excluded.cta_clicks;

-- name: clean
-- The marks that this transaction sees, and its own, because deleting a rollup marks its day. Marks that a load commits meanwhile are
-- not seen, and stay.
DELETE FROM wheelhouse.dirty_days WHERE account_id = @account AND day = ANY (@days::text[]::date[]);
