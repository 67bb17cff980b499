-- screen_sessions: existing
SELECT t.session_id, t.occurrence, t.agent_email, t.started_at, t.ended_at, t.ended, t.duration_seconds, t.max_viewers, t.viewers, t.viewer_locations, t.rtc_seconds, t.webcam_seconds, t.recording_content_id, t.recording_url, t.local_day, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.screen_sessions t
WHERE t.account_id = @account AND t.session_id >= @low::uuid AND t.session_id < @high::uuid
ORDER BY t.session_id
LIMIT @limit;

-- screen_sessions: children of existing
SELECT t.session_id, t.seq, t.occurred_at, t.kind, t.agent_email, t.content_id, t.content_name, t.content, t.extra
FROM crankwheel.screen_session_events t
WHERE t.account_id = @account AND t.session_id >= @low::uuid AND t.session_id < @high::uuid
ORDER BY t.session_id, t.seq;

-- screen_sessions: existing outside of the window
SELECT t.session_id, t.occurrence, t.agent_email, t.started_at, t.ended_at, t.ended, t.duration_seconds, t.max_viewers, t.viewers, t.viewer_locations, t.rtc_seconds, t.webcam_seconds, t.recording_content_id, t.recording_url, t.local_day, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM unnest(@lows::text[]::uuid[], @highs::text[]::uuid[]) AS s (low, high)
JOIN crankwheel.screen_sessions t ON t.account_id = @account AND t.session_id >= s.low AND t.session_id < s.high
ORDER BY t.session_id;

-- screen_sessions: children of existing outside of the window
SELECT t.session_id, t.seq, t.occurred_at, t.kind, t.agent_email, t.content_id, t.content_name, t.content, t.extra
FROM unnest(@lows::text[]::uuid[], @highs::text[]::uuid[]) AS s (low, high)
JOIN crankwheel.screen_session_events t ON t.account_id = @account AND t.session_id >= s.low AND t.session_id < s.high
ORDER BY t.session_id, t.seq;

-- screen_sessions: stage
CREATE TEMP TABLE IF NOT EXISTS stage_screen_sessions_784de376 (session_id uuid, occurrence smallint, agent_email text, started_at timestamptz, ended_at timestamptz, ended boolean, duration_seconds integer, max_viewers integer, viewers integer, viewer_locations text[], rtc_seconds integer, webcam_seconds integer, recording_content_id bigint, recording_url text, local_day date, extra jsonb) ON COMMIT DELETE ROWS;

-- screen_sessions: update
UPDATE crankwheel.screen_sessions t
SET occurrence = s.occurrence, agent_email = s.agent_email, started_at = s.started_at, ended_at = s.ended_at, ended = s.ended, duration_seconds = s.duration_seconds, max_viewers = s.max_viewers, viewers = s.viewers, viewer_locations = s.viewer_locations, rtc_seconds = s.rtc_seconds, webcam_seconds = s.webcam_seconds, recording_content_id = s.recording_content_id, recording_url = s.recording_url, local_day = s.local_day, extra = s.extra,
    load_id = @load, loaded_at = now(), deleted_at = NULL
FROM pg_temp.stage_screen_sessions_784de376 s
WHERE t.account_id = @account AND t.session_id = s.session_id;

-- screen_sessions: remove
UPDATE crankwheel.screen_sessions t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM unnest(@keys_0::text[]::uuid[]) AS s (session_id)
WHERE t.account_id = @account AND t.session_id = s.session_id;

-- screen_sessions: remove children
DELETE FROM crankwheel.screen_session_events t
USING unnest(@keys_0::text[]::uuid[]) AS s (session_id)
WHERE t.account_id = @account AND t.session_id = s.session_id;

