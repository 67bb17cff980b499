-- demo_usage -> crankwheel.demo_requests, demo_answers, demo_cancellations_daily.

-- name: stage
CREATE TEMP TABLE IF NOT EXISTS stage_demo_requests_1 (
    n                   bigint NOT NULL,
    demo_id             bigint NOT NULL,
    started_at          timestamptz NOT NULL,
    last_event_at       timestamptz,
    availability_bucket text,
    answered            boolean NOT NULL,
    seconds_to_respond  integer,
    handled_by          text,
    call_confirmed      boolean,
    screenshared        boolean,
    accepted_from       text,
    prospect_name       text,
    prospect_email      text,
    prospect_phone      text,
    prospect_company    text,
    prospect_job_title  text,
    prospect_website    text,
    prospect_location   text,
    request_origin      text,
    origin_channel      text,
    utm_source          text,
    utm_medium          text,
    utm_campaign        text,
    utm_term            text,
    utm_content         text,
    extra               jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_demo_answers_1 (
    n        bigint NOT NULL,
    question text NOT NULL,
    answer   text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_changed_requests_2 (n bigint NOT NULL, demo_id bigint NOT NULL, started_before timestamptz NOT NULL) ON COMMIT DELETE ROWS;

-- name: merge_twice
-- One request that came twice is one row: the later record's.
DELETE FROM stage_demo_requests_1 a USING stage_demo_requests_1 b
WHERE a.demo_id = b.demo_id AND a.n < b.n;

-- name: changed
INSERT INTO stage_changed_requests_2
WITH known AS (
    SELECT s.n, s.demo_id, t.started_at AS started_before,
           t.deleted_at IS NOT NULL
           OR (t.started_at, t.last_event_at, t.availability_bucket, t.answered, t.seconds_to_respond, t.handled_by, t.call_confirmed,
               t.screenshared, t.accepted_from, t.prospect_name, t.prospect_email, t.prospect_phone, t.prospect_company,
               t.prospect_job_title, t.prospect_website, t.prospect_location, t.request_origin, t.origin_channel,
               t.utm_source, t.utm_medium, t.utm_campaign, t.utm_term, t.utm_content, t.extra)
              IS DISTINCT FROM
              (s.started_at, s.last_event_at, s.availability_bucket, s.answered, s.seconds_to_respond, s.handled_by, s.call_confirmed,
               s.screenshared, s.accepted_from, s.prospect_name, s.prospect_email, s.prospect_phone, s.prospect_company,
               s.prospect_job_title, s.prospect_website, s.prospect_location, s.request_origin, s.origin_channel,
               s.utm_source, s.utm_medium, s.utm_campaign, s.utm_term, s.utm_content, s.extra) AS differs,
           t.load_id
    FROM stage_demo_requests_1 s
    JOIN crankwheel.demo_requests t ON t.account_id = @account AND t.demo_id = s.demo_id
), answers_differ AS (
    SELECT k.n FROM known k
    JOIN stage_demo_answers_1 s ON s.n = k.n
    LEFT JOIN crankwheel.demo_answers t ON t.account_id = @account AND t.demo_id = k.demo_id AND t.question = s.question
    WHERE t.question IS NULL OR t.answer IS DISTINCT FROM s.answer
    UNION
    SELECT k.n FROM known k
    JOIN crankwheel.demo_answers t ON t.account_id = @account AND t.demo_id = k.demo_id
    LEFT JOIN stage_demo_answers_1 s ON s.n = k.n AND s.question = t.question
    WHERE s.n IS NULL
)
SELECT n, demo_id, started_before FROM known
WHERE (differs OR n IN (SELECT n FROM answers_differ))
  AND NOT EXISTS (SELECT FROM wheelhouse.loads l WHERE l.id = known.load_id AND l.requested_at > @requested);

-- name: held
-- Rows that a load of the window may find gone: those that it holds whole.
SELECT count(*) FROM crankwheel.demo_requests t
WHERE t.account_id = @account AND t.deleted_at IS NULL
  AND t.started_at >= @from AND t.started_at < @to
  AND coalesce(t.last_event_at, t.started_at) >= @from AND coalesce(t.last_event_at, t.started_at) < @to;

-- name: tally
SELECT count(*) FILTER (WHERE NOT known), count(*), count(*) FILTER (WHERE known),
       (SELECT count(*) FROM stage_changed_requests_2), (SELECT count(*) FROM stage_changed_requests_2)
FROM (SELECT EXISTS (SELECT FROM crankwheel.demo_requests t WHERE t.account_id = @account AND t.demo_id = s.demo_id) AS known
      FROM stage_demo_requests_1 s) s;

-- name: insert_children_due
SELECT count(*)
FROM stage_demo_requests_1 s
JOIN stage_demo_answers_1 a ON a.n = s.n
WHERE NOT EXISTS (SELECT FROM crankwheel.demo_requests t WHERE t.account_id = @account AND t.demo_id = s.demo_id);

-- name: insert_children
INSERT INTO crankwheel.demo_answers (account_id, demo_id, question, answer)
SELECT @account, s.demo_id, a.question, a.answer
FROM stage_demo_requests_1 s
JOIN stage_demo_answers_1 a ON a.n = s.n
WHERE NOT EXISTS (SELECT FROM crankwheel.demo_requests t WHERE t.account_id = @account AND t.demo_id = s.demo_id)
ORDER BY s.demo_id, a.question;

-- name: insert
INSERT INTO crankwheel.demo_requests
      (account_id, demo_id, started_at, last_event_at, availability_bucket, answered, seconds_to_respond, handled_by, call_confirmed,
       screenshared, accepted_from, prospect_name, prospect_email, prospect_phone, prospect_company, prospect_job_title,
       prospect_website, prospect_location, request_origin, origin_channel, utm_source, utm_medium, utm_campaign, utm_term,
       utm_content, extra, load_id, loaded_at)
SELECT @account, s.demo_id, s.started_at, s.last_event_at, s.availability_bucket, s.answered, s.seconds_to_respond, s.handled_by, s.call_confirmed,
       s.screenshared, s.accepted_from, s.prospect_name, s.prospect_email, s.prospect_phone, s.prospect_company, s.prospect_job_title,
       s.prospect_website, s.prospect_location, s.request_origin, s.origin_channel, s.utm_source, s.utm_medium, s.utm_campaign, s.utm_term,
       s.utm_content, s.extra, @load, now()
FROM stage_demo_requests_1 s
WHERE NOT EXISTS (SELECT FROM crankwheel.demo_requests t WHERE t.account_id = @account AND t.demo_id = s.demo_id)
ORDER BY s.demo_id;

-- name: lock
SELECT FROM crankwheel.demo_requests t
WHERE t.account_id = @account AND t.demo_id IN (SELECT demo_id FROM stage_changed_requests_2)
ORDER BY t.demo_id FOR UPDATE;

-- name: update
UPDATE crankwheel.demo_requests t
SET started_at = s.started_at, last_event_at = s.last_event_at, availability_bucket = s.availability_bucket, answered = s.answered,
    seconds_to_respond = s.seconds_to_respond, handled_by = s.handled_by, call_confirmed = s.call_confirmed,
    screenshared = s.screenshared, accepted_from = s.accepted_from, prospect_name = s.prospect_name,
    prospect_email = s.prospect_email, prospect_phone = s.prospect_phone, prospect_company = s.prospect_company,
    prospect_job_title = s.prospect_job_title, prospect_website = s.prospect_website, prospect_location = s.prospect_location,
    request_origin = s.request_origin, origin_channel = s.origin_channel, utm_source = s.utm_source, utm_medium = s.utm_medium,
    utm_campaign = s.utm_campaign, utm_term = s.utm_term, utm_content = s.utm_content, extra = s.extra,
    load_id = @load, loaded_at = now(), deleted_at = NULL
FROM stage_changed_requests_2 c
JOIN stage_demo_requests_1 s ON s.n = c.n
WHERE t.account_id = @account AND t.demo_id = c.demo_id;

-- name: delete_children
DELETE FROM crankwheel.demo_answers t
USING stage_changed_requests_2 c
WHERE t.account_id = @account AND t.demo_id = c.demo_id;

-- name: replace_children_due
SELECT count(*) FROM stage_changed_requests_2 c JOIN stage_demo_answers_1 a ON a.n = c.n;

-- name: replace_children
INSERT INTO crankwheel.demo_answers (account_id, demo_id, question, answer)
SELECT @account, c.demo_id, a.question, a.answer
FROM stage_changed_requests_2 c
JOIN stage_demo_answers_1 a ON a.n = c.n
ORDER BY c.demo_id, a.question;

-- name: delete
-- What the window holds whole, from its start to its last event, and no longer brings.
WITH lacking AS (
    SELECT t.demo_id FROM crankwheel.demo_requests t
    WHERE t.account_id = @account AND t.deleted_at IS NULL
      AND t.started_at >= @from AND t.started_at < @to
      AND coalesce(t.last_event_at, t.started_at) >= @from AND coalesce(t.last_event_at, t.started_at) < @to
    EXCEPT
    SELECT demo_id FROM stage_demo_requests_1
), locked AS (
    SELECT t.demo_id FROM crankwheel.demo_requests t
    WHERE t.account_id = @account AND t.demo_id IN (SELECT demo_id FROM lacking)
      AND t.demo_id::text NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1)
    ORDER BY t.demo_id FOR UPDATE
)
UPDATE crankwheel.demo_requests t
SET deleted_at = now(), load_id = @load, loaded_at = now()
FROM locked WHERE t.account_id = @account AND t.demo_id = locked.demo_id;

-- name: day_due
SELECT count(*)
WHERE @canceled::integer IS NOT NULL
  AND NOT EXISTS (SELECT FROM crankwheel.demo_cancellations_daily t
                  WHERE t.account_id = @account AND t.day = @day AND t.canceled = @canceled::integer);

-- name: day
-- The count of cancelled requests is the window's, and the window is a day. An answer without it takes none away.
INSERT INTO crankwheel.demo_cancellations_daily AS t (account_id, day, canceled, load_id, loaded_at)
SELECT @account, @day, @canceled::integer, @load, now()
WHERE @canceled::integer IS NOT NULL
  AND NOT EXISTS (SELECT FROM crankwheel.demo_cancellations_daily t
                  WHERE t.account_id = @account AND t.day = @day AND t.canceled = @canceled::integer)
ON CONFLICT (account_id, day) DO UPDATE
SET canceled = excluded.canceled, load_id = excluded.load_id, loaded_at = excluded.loaded_at;

-- name: dirty_apart
-- The days that its requests began on, and had begun on before, also outside of the window.
SELECT wheelhouse.mark_dirty(@account, @load, ARRAY(SELECT started_at FROM stage_demo_requests_1 UNION SELECT started_before FROM stage_changed_requests_2), '{}');

-- name: api
SELECT 'demo_requests' AS tbl, s.demo_id::text AS key, to_jsonb(s) - 'n' AS doc FROM stage_demo_requests_1 s
UNION ALL
SELECT 'demo_answers', concat_ws(' ', s.demo_id, a.question), jsonb_build_object('demo_id', s.demo_id, 'question', a.question, 'answer', a.answer)
FROM stage_demo_requests_1 s
JOIN stage_demo_answers_1 a ON a.n = s.n
UNION ALL
SELECT 'demo_cancellations_daily', @day::date::text, jsonb_build_object('day', @day::date, 'canceled', @canceled::integer)
WHERE @canceled::integer IS NOT NULL

-- name: warehouse
-- held: a load of this window that does not bring the row deletes it.
SELECT 'demo_requests' AS tbl, t.demo_id::text AS key, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[] AS doc, t.deleted_at IS NOT NULL AS gone,
       t.started_at >= @from AND t.started_at < @to
       AND coalesce(t.last_event_at, t.started_at) >= @from AND coalesce(t.last_event_at, t.started_at) < @to
       AND t.demo_id::text NOT IN (SELECT key FROM stage_rejects_1) AND '' NOT IN (SELECT key FROM stage_rejects_1) AS held
FROM crankwheel.demo_requests t
WHERE t.account_id = @account
  AND t.demo_id IN (SELECT demo_id FROM stage_demo_requests_1
                    UNION SELECT demo_id FROM crankwheel.demo_requests WHERE account_id = @account AND started_at >= @from AND started_at < @to)
UNION ALL
SELECT 'demo_answers', concat_ws(' ', t.demo_id, t.question), to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[], false, true
FROM crankwheel.demo_answers t
WHERE t.account_id = @account AND t.demo_id IN (SELECT demo_id FROM stage_demo_requests_1)
UNION ALL
SELECT 'demo_cancellations_daily', t.day::text, to_jsonb(t) - '{account_id,load_id,loaded_at,deleted_at}'::text[], false, @canceled::integer IS NOT NULL
FROM crankwheel.demo_cancellations_daily t
WHERE t.account_id = @account AND t.day = @day

-- name: border
-- The sum of the days beside the count of the whole range: what a day's border loses or doubles.
SELECT 'demo_cancellations_daily', 'total', 'canceled', days::text, @canceled::integer::text
FROM (SELECT coalesce(sum(canceled), 0) AS days FROM crankwheel.demo_cancellations_daily
      WHERE account_id = @account AND day BETWEEN @first_day AND @last_day) d
WHERE @canceled::integer IS NOT NULL AND days <> @canceled::integer
