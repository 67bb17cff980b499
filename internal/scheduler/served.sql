-- Whether a pass has served a tick of a stream: the pass ended, and it loaded a window that ends at the tick or later (a
-- pass loads the present day up to its own time; a snapshot covers its whole day). Windows that failed are gaps. A
-- backfill does not count, because it does not look back.
SELECT EXISTS (
    SELECT FROM wheelhouse.loads l
    JOIN wheelhouse.runs r ON r.id = l.run_id
    WHERE l.account_id = @account AND l.stream = @stream AND l.status = 'loaded'
      AND (upper(l.span) > @tick OR upper(l.span) = @tick AND NOT @snapshot)  -- yesterday's snapshot ends when today begins
      AND r.kind IN ('run', 'schedule') AND r.finished_at IS NOT NULL AND r.outcome <> 'interrupted');
