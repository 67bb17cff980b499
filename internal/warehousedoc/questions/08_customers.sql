-- Which customers watch the videos that they are sent?
-- By the share's account in the CRM: the ten accounts that watched longest.
SELECT customer_account_id                              AS customer,
       count(*)                                         AS shares,
       sum(visits)                                      AS visits,
       sum(plays)                                       AS plays,
       sum(cta_clicks)                                  AS clicks,
       round((sum(watch_time_seconds) / 60)::numeric, 1) AS minutes_watched
FROM bi.share_engagement
WHERE customer_account_id IS NOT NULL
GROUP BY customer
ORDER BY sum(watch_time_seconds) DESC, customer
LIMIT 10;
