-- From staging into the tables, for both peers. A session is identified by agent and start: of two with the same, one is kept.
INSERT INTO peer.screen_sessions AS t (
    session_id, agent_email, started_at, local_day, ended_at, duration_seconds, ended, max_viewers, viewers,
    viewer_locations, rtc_seconds, webcam_seconds, recording_url)
SELECT DISTINCT ON (1)
    md5(lower(email) || start_date)::uuid, lower(email), start_date::timestamptz, (start_date::timestamptz AT TIME ZONE 'UTC')::date, end_date::timestamptz, duration, session_ended,
    max_viewers, viewers, string_to_array(nullif(locations, ''), '|'), rtc_seconds, webcam_seconds, nullif(recording, '')
FROM staged_sessions
ORDER BY 1
ON CONFLICT (session_id, account_id) DO UPDATE SET
    ended_at         = excluded.ended_at,
    duration_seconds = excluded.duration_seconds,
    ended            = excluded.ended,
    max_viewers      = excluded.max_viewers,
    viewers          = excluded.viewers,
    viewer_locations = excluded.viewer_locations,
    rtc_seconds      = excluded.rtc_seconds,
    webcam_seconds   = excluded.webcam_seconds,
    recording_url    = excluded.recording_url,
    loaded_at        = now();

INSERT INTO peer.screen_session_events AS t (session_id, seq, occurred_at, kind, agent_email, content)
SELECT DISTINCT ON (1, 2)
    md5(lower(email) || start_date)::uuid, seq, date::timestamptz, type, lower(log_email), nullif(content, '')
FROM staged_events
ORDER BY 1, 2
ON CONFLICT (session_id, account_id, seq) DO UPDATE SET
    occurred_at = excluded.occurred_at,
    kind        = excluded.kind,
    agent_email = excluded.agent_email,
    content     = excluded.content;
