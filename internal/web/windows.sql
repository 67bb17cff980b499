-- name: windows
-- The windows that overlap the range, each with its newest load. No window is longer than a month, so that reading the
-- ledger from shortly before the range is enough.
SELECT load_id, run_id, stream, window_start, window_end, status, rows_read, rows_inserted, rows_updated, rows_unchanged, rows_deleted,
       rows_rejected, rows_merged, source_count, source_seconds, reconciled, request_ids, attempts, started_at, finished_at, left(error, 2000), times
FROM (
    SELECT *, count(*) OVER w AS times, row_number() OVER w_newest AS n
    FROM bi.loads
    WHERE account_id = @account AND stream = @stream
      AND window_start >= @start::timestamptz - interval '40 days' AND window_start < @stop AND window_end > @start
    WINDOW w AS (PARTITION BY window_start, window_end),
           w_newest AS (PARTITION BY window_start, window_end ORDER BY load_id DESC)
) l
WHERE n = 1
ORDER BY window_start DESC, window_end DESC
LIMIT @most;
