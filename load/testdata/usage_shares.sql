-- share_usage_daily: existing
SELECT t.day, t.agent_email, t.agent_name, t.shares, t.plays, t.extra, coalesce(t.load_id, 0), false
FROM crankwheel.share_usage_daily t
WHERE t.account_id = @account AND t.day = @day
  AND (@after_0::text IS NULL OR (t.day, t.agent_email COLLATE "C") > (@after_0::text::date, @after_1::text::text))
  AND (@through_0::text IS NULL OR (t.day, t.agent_email COLLATE "C") <= (@through_0::text::date, @through_1::text::text))
ORDER BY t.day, t.agent_email COLLATE "C"
LIMIT @limit;

-- share_usage_daily: stage
CREATE TEMP TABLE IF NOT EXISTS stage_share_usage_daily_7fe94a78 (day date, agent_email text, agent_name text, shares integer, plays integer, extra jsonb) ON COMMIT DELETE ROWS;

-- share_usage_daily: update
UPDATE crankwheel.share_usage_daily t
SET agent_name = s.agent_name, shares = s.shares, plays = s.plays, extra = s.extra,
    load_id = @load, loaded_at = now()
FROM pg_temp.stage_share_usage_daily_7fe94a78 s
WHERE t.account_id = @account AND t.day = s.day AND t.agent_email = s.agent_email;

-- share_usage_daily: remove
DELETE FROM crankwheel.share_usage_daily t
USING unnest(@keys_0::text[]::date[], @keys_1::text[]::text[]) AS s (day, agent_email)
WHERE t.account_id = @account AND t.day = s.day AND t.agent_email = s.agent_email;

-- share_usage_daily: counts
SELECT agent_email, coalesce(sum(t.shares), 0), coalesce(sum(t.plays), 0)
FROM crankwheel.share_usage_daily t
WHERE t.account_id = @account AND t.day BETWEEN @first_day AND @last_day
GROUP BY agent_email;

