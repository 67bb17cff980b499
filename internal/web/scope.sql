-- The statements that every page begins with.

-- name: accounts
-- today is NULL if the database server does not know the account's zone.
SELECT account_id, timezone, history_from, coalesce(today, current_date), today IS NOT NULL FROM bi.accounts ORDER BY account_id;

-- name: moments
SELECT bi.day_start(@from::date - (@to::date - @from::date + 1), @zone), bi.day_start(@from::date, @zone), bi.day_start(@to::date + 1, @zone);
