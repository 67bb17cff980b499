-- Whether a pass has served a tick of a stream: it went to its end, and loaded something that reaches up to the
-- tick (a pass asks for the present day up to its own moment; a snapshot stands for its whole day). What it failed
-- to load is a gap. A backfill does not count: it does not look back.
SELECT EXISTS (
    SELECT FROM wheelhouse.loads l
    JOIN wheelhouse.runs r ON r.id = l.run_id
    WHERE l.account_id = @account AND l.stream = @stream AND l.status = 'loaded'
      AND (upper(l.span) > @due OR upper(l.span) = @due AND NOT @snapshot)  -- yesterday's snapshot ends where today begins
      AND r.kind IN ('run', 'schedule') AND r.finished_at IS NOT NULL AND r.outcome <> 'interrupted');
