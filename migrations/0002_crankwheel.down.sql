-- No CASCADE: a view that somebody built on these tables stops the migration instead of vanishing.
DROP FUNCTION wheelhouse.session_id(text, text, timestamptz, integer);
DROP FUNCTION wheelhouse.session_floor(timestamptz);
DROP TABLE
    crankwheel.content_events,
    crankwheel.contents,
    crankwheel.users,
    crankwheel.share_details,
    crankwheel.share_visits,
    crankwheel.share_engagement_daily,
    crankwheel.shares,
    crankwheel.share_usage_daily,
    crankwheel.screen_session_events,
    crankwheel.screen_sessions,
    crankwheel.demo_cancellations_daily,
    crankwheel.demo_answers,
    crankwheel.demo_requests;
DROP SCHEMA crankwheel;
