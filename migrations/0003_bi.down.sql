-- No CASCADE: a view that somebody built on these stops the migration instead of vanishing.
DROP VIEW
    bi.coverage,
    bi.share_engagement_daily,
    bi.share_engagement,
    bi.utm_performance,
    bi.agent_daily,
    bi.screen_sessions,
    bi.demo_funnel_daily,
    bi.demo_answers,
    bi.demo_requests;
DROP FUNCTION bi.day_start(date, text);
DROP FUNCTION bi.mask_tag(text);
DROP FUNCTION bi.mask_origin(text);
DROP FUNCTION bi.mask_locations(text[]);
DROP FUNCTION bi.mask_location(text);
DROP FUNCTION bi.mask(text);
DROP FUNCTION bi.may_read_personal_data();
DROP SCHEMA bi;
