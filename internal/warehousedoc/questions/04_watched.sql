-- Which video shares are watched to the end?
-- The ten shares with the highest proportion of plays that reached 95 per cent of the video, among shares with at least three plays.
SELECT v.slug                                                          AS share,
       s.content_name                                                  AS video,
       s.created_by_email                                              AS shared_by,
       count(*) FILTER (WHERE v.played)                                AS plays,
       count(*) FILTER (WHERE v.played AND v.percent_watched >= 0.95)  AS to_the_end,
       round(100 * avg(v.percent_watched) FILTER (WHERE v.played))     AS percent_watched
FROM bi.share_visits v
JOIN bi.shares s ON s.account_id = v.account_id AND s.slug = v.slug
GROUP BY v.slug, s.content_name, s.created_by_email
HAVING count(*) FILTER (WHERE v.played) >= 3
ORDER BY avg((v.percent_watched >= 0.95)::integer) FILTER (WHERE v.played) DESC NULLS LAST, plays DESC, share
LIMIT 10;
