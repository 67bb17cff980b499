-- What the API says now beside what the warehouse has. Nothing but temporary tables is written.

-- name: start
-- The database's clock, before the API is asked.
SELECT clock_timestamp();

-- name: loaded_since
-- Whether anybody loaded of this window after it was asked for here: the comparison would be with something newer.
SELECT EXISTS (
    SELECT FROM wheelhouse.loads
    WHERE account_id = @account AND stream = @stream AND status = 'loaded' AND (@snapshot OR span && tstzrange(@from, @to))
      AND finished_at > @requested);

-- name: totals
-- What the API said of this very window when it was loaded last. The newest is the one asked for last.
SELECT source_count, source_seconds
FROM wheelhouse.loads
WHERE account_id = @account AND stream = @stream AND status = 'loaded' AND span = tstzrange(@from, @to)
ORDER BY requested_at DESC NULLS LAST, id DESC LIMIT 1;

-- name: differences
-- Follows api AS (...), warehouse AS (...), as the stream's own file has them. One row a column that differs; a row that
-- one side lacks is one row without a column.
SELECT tbl, key, col, ours, theirs
FROM (
    SELECT coalesce(a.tbl, w.tbl) AS tbl, coalesce(a.key, w.key) AS key,
           CASE WHEN w.key IS NULL OR w.gone THEN 'missing' WHEN a.key IS NULL THEN 'extra' END AS lack, w.doc AS have, a.doc AS want
    FROM api a
    FULL JOIN warehouse w ON w.tbl = a.tbl AND w.key = a.key
    WHERE a.key IS NOT NULL OR w.held AND NOT w.gone
) pair
CROSS JOIN LATERAL (
    SELECT '' AS col, CASE lack WHEN 'extra' THEN 'is there' ELSE 'is not there' END AS ours, CASE lack WHEN 'missing' THEN 'is there' ELSE 'is not there' END AS theirs
    WHERE lack IS NOT NULL
    UNION ALL
    SELECT e.key, coalesce(have ->> e.key, 'NULL'), coalesce(want ->> e.key, 'NULL')
    FROM jsonb_each(want) e
    WHERE lack IS NULL AND have -> e.key IS DISTINCT FROM want -> e.key
) d
ORDER BY tbl, key, col
