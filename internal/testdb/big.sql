-- A large account's five years: 200 agents, 2 million sessions with their events, 420,000 requests, 150,000 shares
-- with 700,000 visits, and the ledger of it all. Written straight into the tables: what is measured upon it is reading.
-- The figures follow no pattern worth looking at, but volumes, widths and spreads are those of the simulated account.
SELECT setseed(0.5);

INSERT INTO wheelhouse.accounts VALUES ('default', 'https://crankwheel.example', 'America/New_York', current_date - 1826);
INSERT INTO wheelhouse.runs (kind, version, host, finished_at, outcome) VALUES ('run', 'big', 'here', now(), 'loaded');

CREATE TEMP TABLE days AS
SELECT day, bi.day_start(day, 'America/New_York') AS starts, bi.day_start(day + 1, 'America/New_York') AS stops
FROM (SELECT current_date - 1826 + n AS day FROM generate_series(0, 1826) n) d;

INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status, rows_read, rows_inserted, source_count, reconciled, requested_at, finished_at)
SELECT 1, 'default', s, tstzrange(starts, least(stops, date_trunc('second', now()))), 'loaded', 1000, 1000, 1000, s NOT LIKE 'demo%' OR NULL, now(), now()
FROM days, unnest(ARRAY['demo_usage', 'usage_new', 'usage_shares', 'shares', 'share_visits', 'share_details']) s
WHERE starts < date_trunc('second', now())
ORDER BY starts;

-- demo_usage, oldest first, as it is loaded. As on a real page, most origins are a few addresses, and a campaign link has its addressee in it.
INSERT INTO crankwheel.demo_requests (account_id, demo_id, started_at, local_day, local_hour, last_event_at, availability_bucket, answered, seconds_to_respond,
    handled_by, call_confirmed, screenshared, accepted_from, prospect_name, prospect_email, prospect_phone, prospect_company,
    prospect_location, request_origin, origin_channel, utm_source, utm_medium, utm_campaign, load_id, loaded_at)
SELECT 'default', n, at, (at AT TIME ZONE 'America/New_York')::date, extract(hour FROM at AT TIME ZONE 'America/New_York'), at + interval '1 minute', (ARRAY['full_capacity', 'half_capacity', 'no_capacity'])[1 + (a * 3)::int % 3],
       seconds IS NOT NULL, seconds, CASE WHEN seconds IS NOT NULL THEN 'agent' || (b * 199)::int || '@acme.example' END,
       CASE WHEN seconds IS NOT NULL THEN c < 0.8 END, CASE WHEN seconds IS NOT NULL AND c < 0.8 THEN c < 0.5 END, 'extension',
       'Prospect ' || n, 'prospect' || n || '@example.com', '+1 212 555 0100', 'Company ' || n % 1000, 'Kopavogur, Iceland',
       CASE WHEN d < 0.3 THEN 'https://meeting.is/ss/showu/ACME' || n % 5 || '?to=' || n
            ELSE 'https://www.acme.example/' || (ARRAY['', 'pricing', 'product', 'blog/post-' || n % 40])[1 + n % 4] END,
       CASE WHEN d < 0.3 THEN 'email_campaign' ELSE 'website' END,
       CASE WHEN d < 0.5 THEN (ARRAY['google', 'newsletter', 'facebook', 'linkedin'])[1 + n % 4] END,
       CASE WHEN d < 0.5 THEN (ARRAY['cpc', 'email', 'paid_social', 'paid_social'])[1 + n % 4] END,
       CASE WHEN d < 0.5 THEN 'campaign-' || to_char(at, 'YYYY-MM') END, 1, now()
FROM (
    SELECT row_number() OVER () AS n, starts + (stops - starts) * sqrt(random()) AS at, random() AS a, random() AS b, random() AS c, random() AS d,
           CASE WHEN random() < 0.8 THEN (5 + 60 * -ln(random() + 1e-9))::int END AS seconds
    FROM days, generate_series(1, 230)
) r
WHERE at < now()
ORDER BY at;
INSERT INTO crankwheel.demo_cancellations_daily
SELECT 'default', day, (random() * 50)::int, 1, now() FROM days WHERE starts < now();

-- usage_new, oldest first, as it is loaded.
INSERT INTO crankwheel.screen_sessions (account_id, session_id, agent_email, started_at, local_day, occurrence, ended_at, duration_seconds, ended,
    max_viewers, viewers, viewer_locations, rtc_seconds, webcam_seconds, recording_content_id, load_id, loaded_at)
SELECT 'default', wheelhouse.session_id('default', agent, at, 1), agent, at, (at AT TIME ZONE 'America/New_York')::date, 1, at + make_interval(secs => seconds), seconds, true,
       1 + n % 3, 1 + n % 4, ARRAY['Kopavogur, Iceland', 'Boston, United States'], seconds / 2, seconds / 10, CASE WHEN n % 10 = 0 THEN n % 5000 END, 1, now()
FROM (
    SELECT row_number() OVER () AS n, agent, at, (60 + 600 * -ln(random() + 1e-9))::int AS seconds
    FROM (SELECT DISTINCT ON (at, agent) * FROM (
              SELECT 'agent' || (random() * 199)::int || '@acme.example' AS agent,
                     date_trunc('second', starts + (stops - starts) * random()) AS at
              FROM days, generate_series(1, 1100)) x
          WHERE at < now() - interval '1 hour'
          ORDER BY at, agent) y
) s;
INSERT INTO crankwheel.screen_session_events (account_id, session_id, seq, occurred_at, kind, agent_email)
SELECT account_id, session_id, k, started_at + k * interval '20 seconds', 'screen', agent_email
FROM crankwheel.screen_sessions, generate_series(1, 2) k;

-- The video side.
INSERT INTO crankwheel.contents (account_id, content_id, name, type, state, created_by, recorded_at, runtime_ms, view, load_id, loaded_at)
SELECT 'default', n, 'Video ' || n, 'recording', 'ready', 'agent' || n % 200 || '@acme.example', now() - n * interval '5 hours', 60000 + n, 'active', 1, now()
FROM generate_series(1, 9000) n;
INSERT INTO crankwheel.users (account_id, email, privilege, in_demo_pool, load_id, loaded_at)
SELECT 'default', 'agent' || n || '@acme.example', 'user', n % 2 = 0, 1, now() FROM generate_series(0, 199) n;
INSERT INTO crankwheel.shares (account_id, slug, content_id, content_name, created_at, local_day, created_by_email, created_by_name, segment, has_cta, content_runtime_ms, load_id, loaded_at)
SELECT 'default', md5(n::text), n % 9000 + 1, 'Video ' || n % 9000 + 1, starts + (stops - starts) * random(), day, 'agent' || n % 200 || '@acme.example', 'Agent ' || n % 200, 'new', n % 2 = 0, 90000, 1, now()
FROM (SELECT *, row_number() OVER () AS n FROM days, generate_series(1, 82) WHERE stops < now()) s;
INSERT INTO crankwheel.share_details (account_id, slug, created_at, local_day, customer_account_id, content_created_by, video_url, access_sharing_enabled, load_id, loaded_at)
SELECT account_id, slug, created_at, local_day, 'ACCT-1', created_by_email, 'https://meeting.is/ss/share/' || slug, true, 1, now() FROM crankwheel.shares;
INSERT INTO crankwheel.share_visits (account_id, slug, visit_id, visited_at, local_day, played, percent_watched, watch_time_seconds, cta_clicked, load_id, loaded_at)
SELECT account_id, slug, md5(slug || k), at, (at AT TIME ZONE 'America/New_York')::date, random() < 0.66, random(), random() * 90, random() < 0.1, 1, now()
FROM (SELECT account_id, slug, k, created_at + interval '5 days' * -ln(random() + 1e-9) AS at FROM crankwheel.shares, generate_series(1, 5) k) v
WHERE at < now() ORDER BY at;
INSERT INTO crankwheel.share_engagement_daily
SELECT account_id, (visited_at AT TIME ZONE 'America/New_York')::date, slug, count(*), count(*) FILTER (WHERE played), count(*) FILTER (WHERE cta_clicked),
       avg(percent_watched) FILTER (WHERE played), 10 + 40 * random(), 1, now()
FROM crankwheel.share_visits GROUP BY 1, 2, 3 ORDER BY 2;
INSERT INTO crankwheel.share_usage_daily (account_id, day, agent_email, agent_name, shares, plays, load_id, loaded_at)
SELECT 'default', day, 'agent' || n || '@acme.example', 'Agent ' || n, (random() * 2)::int, (random() * 3)::int, 1, now()
FROM days, generate_series(0, 199) n WHERE random() < 0.6 AND starts < now();

SELECT wheelhouse.mark_dirty('default', 1, '{}', array_agg(day)) FROM days;
DROP TABLE days;
