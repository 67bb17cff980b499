-- The statements that every page begins with.

-- name: accounts
SELECT account_id, timezone, history_from, today FROM bi.accounts ORDER BY account_id;

-- name: moments
SELECT bi.day_start(@from::date - (@to::date - @from::date + 1), @zone), bi.day_start(@from::date, @zone), bi.day_start(@to::date + 1, @zone);
