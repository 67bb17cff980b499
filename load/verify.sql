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
