-- The keys in bi.load_rows do not depend on the DateStyle of the session that reads them, and the range of days that the view
-- searches does not depend on that session's time zone.

CREATE OR REPLACE VIEW bi.load_rows AS
SELECT l.id AS load_id,
       l.account_id,
       l.stream,
       k.table_name,
       k.key,
       k.deleted
FROM wheelhouse.loads l
CROSS JOIN LATERAL (
    SELECT 'demo_requests' AS table_name, r.demo_id::text AS key, r.deleted_at IS NOT NULL AS deleted
    FROM crankwheel.demo_requests r
    WHERE r.account_id = l.account_id AND r.load_id = l.id
      AND r.started_at >= lower(l.span) - interval '1 day' AND r.started_at < upper(l.span)
    UNION ALL
    SELECT 'demo_cancellations_daily', to_char(c.day::timestamp, 'YYYY-MM-DD'), false
    FROM crankwheel.demo_cancellations_daily c
    WHERE c.account_id = l.account_id AND c.load_id = l.id
      AND c.day >= (lower(l.span) AT TIME ZONE 'UTC')::date - 1 AND c.day <= (upper(l.span) AT TIME ZONE 'UTC')::date + 1
    UNION ALL
    SELECT 'screen_sessions', s.session_id::text, s.deleted_at IS NOT NULL
    FROM crankwheel.screen_sessions s
    WHERE s.account_id = l.account_id AND s.load_id = l.id
      AND s.started_at >= lower(l.span) - interval '1 day' AND s.started_at < upper(l.span)
    UNION ALL
    SELECT 'share_usage_daily', to_char(u.day::timestamp, 'YYYY-MM-DD') || ' ' || u.agent_email, false
    FROM crankwheel.share_usage_daily u
    WHERE u.account_id = l.account_id AND u.load_id = l.id
      AND u.day >= (lower(l.span) AT TIME ZONE 'UTC')::date - 1 AND u.day <= (upper(l.span) AT TIME ZONE 'UTC')::date + 1
    UNION ALL
    SELECT 'share_engagement_daily', to_char(e.day::timestamp, 'YYYY-MM-DD') || ' ' || e.slug, false
    FROM crankwheel.share_engagement_daily e
    WHERE e.account_id = l.account_id AND e.load_id = l.id
      AND e.day >= (lower(l.span) AT TIME ZONE 'UTC')::date - 1 AND e.day <= (upper(l.span) AT TIME ZONE 'UTC')::date + 1
    UNION ALL
    SELECT 'shares', s.slug, s.deleted_at IS NOT NULL
    FROM crankwheel.shares s
    WHERE s.account_id = l.account_id AND l.id IN (s.load_id, s.detail_load_id)
    UNION ALL
    SELECT 'share_visits', v.slug || ' ' || v.visit_id, v.deleted_at IS NOT NULL
    FROM crankwheel.share_visits v
    WHERE v.account_id = l.account_id AND v.load_id = l.id
      AND v.visited_at >= lower(l.span) - interval '1 day' AND v.visited_at < upper(l.span)
    UNION ALL
    SELECT 'share_details', d.slug, d.deleted_at IS NOT NULL
    FROM crankwheel.share_details d
    WHERE d.account_id = l.account_id AND d.load_id = l.id
    UNION ALL
    SELECT 'users', u.email, u.deleted_at IS NOT NULL
    FROM crankwheel.users u
    WHERE u.account_id = l.account_id AND u.load_id = l.id
    UNION ALL
    SELECT 'contents', c.content_id::text, c.deleted_at IS NOT NULL
    FROM crankwheel.contents c
    WHERE c.account_id = l.account_id AND c.load_id = l.id
) k;
