-- name: counts
-- Live rows of each table of what the API says.
SELECT 'demo_requests', count(*) FROM crankwheel.demo_requests WHERE deleted_at IS NULL
UNION ALL SELECT 'demo_answers', count(*) FROM crankwheel.demo_answers
UNION ALL SELECT 'demo_cancellations_daily', count(*) FROM crankwheel.demo_cancellations_daily
UNION ALL SELECT 'screen_sessions', count(*) FROM crankwheel.screen_sessions WHERE deleted_at IS NULL
UNION ALL SELECT 'screen_session_events', count(*) FROM crankwheel.screen_session_events
UNION ALL SELECT 'share_usage_daily', count(*) FROM crankwheel.share_usage_daily
UNION ALL SELECT 'shares', count(*) FROM crankwheel.shares WHERE deleted_at IS NULL
UNION ALL SELECT 'share_engagement_daily', count(*) FROM crankwheel.share_engagement_daily
UNION ALL SELECT 'share_visits', count(*) FROM crankwheel.share_visits WHERE deleted_at IS NULL
UNION ALL SELECT 'share_details', count(*) FROM crankwheel.share_details WHERE deleted_at IS NULL
UNION ALL SELECT 'users', count(*) FROM crankwheel.users WHERE deleted_at IS NULL
UNION ALL SELECT 'contents', count(*) FROM crankwheel.contents WHERE deleted_at IS NULL
UNION ALL SELECT 'content_events', count(*) FROM crankwheel.content_events;
