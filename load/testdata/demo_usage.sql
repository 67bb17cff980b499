-- demo_requests: existing
SELECT t.demo_id, t.started_at, t.last_event_at, t.availability_bucket, t.answered, t.seconds_to_respond, t.handled_by, t.call_confirmed, t.screenshared, t.accepted_from, t.prospect_name, t.prospect_email, t.prospect_phone, t.prospect_company, t.prospect_job_title, t.prospect_website, t.prospect_location, t.request_origin, t.origin_channel, t.utm_source, t.utm_medium, t.utm_campaign, t.utm_term, t.utm_content, t.local_day, t.local_hour, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.demo_requests t
WHERE t.account_id = @account AND t.started_at >= @from AND t.started_at < @to
  AND (@after_0::text IS NULL OR (t.demo_id) > (@after_0::text::bigint))
  AND (@through_0::text IS NULL OR (t.demo_id) <= (@through_0::text::bigint))
ORDER BY t.demo_id
LIMIT @limit;

-- demo_requests: by key
SELECT t.demo_id, t.started_at, t.last_event_at, t.availability_bucket, t.answered, t.seconds_to_respond, t.handled_by, t.call_confirmed, t.screenshared, t.accepted_from, t.prospect_name, t.prospect_email, t.prospect_phone, t.prospect_company, t.prospect_job_title, t.prospect_website, t.prospect_location, t.request_origin, t.origin_channel, t.utm_source, t.utm_medium, t.utm_campaign, t.utm_term, t.utm_content, t.local_day, t.local_hour, t.extra, coalesce(t.load_id, 0), t.deleted_at IS NOT NULL
FROM crankwheel.demo_requests t
JOIN unnest(@keys_0::text[]::bigint[]) AS s (demo_id) ON t.demo_id = s.demo_id
WHERE t.account_id = @account
ORDER BY t.demo_id;

-- demo_requests: children of existing
SELECT t.demo_id, t.question, t.answer
FROM crankwheel.demo_answers t
JOIN unnest(@keys_0::text[]::bigint[]) AS s (demo_id) ON t.demo_id = s.demo_id
WHERE t.account_id = @account
ORDER BY t.demo_id, t.question COLLATE "C";

-- demo_requests: stage
CREATE TEMP TABLE IF NOT EXISTS stage_demo_requests_b5643d51 (demo_id bigint, started_at timestamptz, last_event_at timestamptz, availability_bucket text, answered boolean, seconds_to_respond integer, handled_by text, call_confirmed boolean, screenshared boolean, accepted_from text, prospect_name text, prospect_email text, prospect_phone text, prospect_company text, prospect_job_title text, prospect_website text, prospect_location text, request_origin text, origin_channel text, utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text, local_day date, local_hour smallint, extra jsonb) ON COMMIT DELETE ROWS;

-- demo_requests: update
UPDATE crankwheel.demo_requests t
SET started_at = s.started_at, last_event_at = s.last_event_at, availability_bucket = s.availability_bucket, answered = s.answered, seconds_to_respond = s.seconds_to_respond, handled_by = s.handled_by, call_confirmed = s.call_confirmed, screenshared = s.screenshared, accepted_from = s.accepted_from, prospect_name = s.prospect_name, prospect_email = s.prospect_email, prospect_phone = s.prospect_phone, prospect_company = s.prospect_company, prospect_job_title = s.prospect_job_title, prospect_website = s.prospect_website, prospect_location = s.prospect_location, request_origin = s.request_origin, origin_channel = s.origin_channel, utm_source = s.utm_source, utm_medium = s.utm_medium, utm_campaign = s.utm_campaign, utm_term = s.utm_term, utm_content = s.utm_content, local_day = s.local_day, local_hour = s.local_hour, extra = s.extra,
    load_id = @load, loaded_at = now(), deleted_at = NULL
FROM pg_temp.stage_demo_requests_b5643d51 s
WHERE t.account_id = @account AND t.demo_id = s.demo_id;

-- demo_requests: remove
UPDATE crankwheel.demo_requests t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM unnest(@keys_0::text[]::bigint[]) AS s (demo_id)
WHERE t.account_id = @account AND t.demo_id = s.demo_id;

-- demo_requests: remove children
DELETE FROM crankwheel.demo_answers t
USING unnest(@keys_0::text[]::bigint[]) AS s (demo_id)
WHERE t.account_id = @account AND t.demo_id = s.demo_id;

-- demo_cancellations_daily: existing
SELECT t.day, t.canceled, coalesce(t.load_id, 0), false
FROM crankwheel.demo_cancellations_daily t
WHERE t.account_id = @account AND t.day = @day
  AND (@after_0::text IS NULL OR (t.day) > (@after_0::text::date))
  AND (@through_0::text IS NULL OR (t.day) <= (@through_0::text::date))
ORDER BY t.day
LIMIT @limit;

-- demo_cancellations_daily: stage
CREATE TEMP TABLE IF NOT EXISTS stage_demo_cancellations_daily_32bdd42d (day date, canceled integer) ON COMMIT DELETE ROWS;

-- demo_cancellations_daily: update
UPDATE crankwheel.demo_cancellations_daily t
SET canceled = s.canceled,
    load_id = @load, loaded_at = now()
FROM pg_temp.stage_demo_cancellations_daily_32bdd42d s
WHERE t.account_id = @account AND t.day = s.day;

-- demo_cancellations_daily: counts
SELECT coalesce(sum(t.canceled), 0)
FROM crankwheel.demo_cancellations_daily t
WHERE t.account_id = @account AND t.day BETWEEN @first_day AND @last_day;

