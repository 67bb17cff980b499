-- Five years of nights: each stream's window of the day, and its look-back again. Some failed, some are not reconciled.
INSERT INTO wheelhouse.accounts VALUES ('default', 'https://meeting.is', 'Europe/Berlin', (now() AT TIME ZONE 'Europe/Berlin')::date - 1826);

CREATE TEMPORARY TABLE nights AS
SELECT n, d, bi.day_start(d + 1, 'Europe/Berlin') + interval '4 hours' AS at
FROM generate_series(0, 1825) n CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE 'Europe/Berlin')::date - 1826 + n AS d) x;

INSERT INTO wheelhouse.runs (kind, started_at, finished_at, outcome, version, host)
SELECT 'schedule', at, at + interval '2 minutes', 'loaded', 'v', 'h' FROM nights ORDER BY n;

INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, rows_read, rows_inserted, source_count, reconciled, started_at, finished_at, requested_at, attempts, error)
SELECT n + 1, 'default', s.stream, tstzrange(bi.day_start(d - back, 'Europe/Berlin'), bi.day_start(d - back + days, 'Europe/Berlin')),
       CASE WHEN bad THEN 'failed' ELSE 'loaded' END, 100, CASE WHEN back = 0 THEN 100 ELSE back % 2 END, 100, CASE WHEN NOT bad THEN n % 301 <> 0 END,
       at, at + interval '1 minute', at, 1, CASE WHEN bad THEN 'HTTP 503' END
FROM nights
CROSS JOIN (VALUES ('demo_usage', 7, 1), ('usage_new', 3, 1), ('usage_shares', 3, 1), ('shares', 3, 1), ('share_visits', 3, 1), ('share_details', 28, 7)) s (stream, most, days)
CROSS JOIN LATERAL (SELECT back, (n * 7 + back) % 97 = 0 AS bad FROM generate_series(0, s.most, s.days) AS back) b
WHERE d - back >= (now() AT TIME ZONE 'Europe/Berlin')::date - 1826
ORDER BY n, s.stream, back DESC;

INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, rows_read, started_at, finished_at, requested_at, attempts)
SELECT n + 1, 'default', stream, tstzrange(at, at + interval '1 second'), 'loaded', 200, at, at + interval '1 second', at, 1
FROM nights CROSS JOIN (VALUES ('user_access'), ('company_content')) s (stream)
ORDER BY n;

INSERT INTO wheelhouse.rejects (load_id, account_id, stream, path, reason, raw_hash)
SELECT id, 'default', 'usage_new', '$.sessions[3]', 'started_at is not a time', decode(md5(id::text), 'hex') FROM wheelhouse.loads WHERE stream = 'usage_new' AND id % 50 = 0;

ANALYZE wheelhouse.loads, wheelhouse.runs, wheelhouse.accounts, wheelhouse.rejects;
