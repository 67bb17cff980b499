-- Runs and loads: claimed, loaded, failed and due windows.

-- name: now
-- The database's clock.
SELECT clock_timestamp();

-- name: server
SELECT server FROM wheelhouse.accounts WHERE account_id = @account;

-- name: account
-- known is the stored server that was compared with the new one. If another process has stored another server since, that one stays.
INSERT INTO wheelhouse.accounts AS a (account_id, server, timezone, history_from)
VALUES (@account, @server, @timezone, @history_from)
ON CONFLICT (account_id) DO UPDATE
SET server = CASE WHEN @accept OR a.server IN (@known, '') THEN excluded.server ELSE a.server END, timezone = excluded.timezone, history_from = excluded.history_from
WHERE (a.server, a.timezone, a.history_from) IS DISTINCT FROM (excluded.server, excluded.timezone, excluded.history_from);

-- name: start_run
-- An upgrade of the database server may have removed a zone, or added one.
WITH known AS (
    UPDATE wheelhouse.accounts SET timezone_known = NOT timezone_known
    WHERE timezone_known <> (bi.known_zone(timezone) IS NOT NULL)
)
INSERT INTO wheelhouse.runs (kind, version, host) VALUES (@kind, @version, @host) RETURNING id;

-- name: finish_run
UPDATE wheelhouse.runs SET finished_at = now(), outcome = @outcome WHERE id = @run;

-- name: lock_stream
-- One process at a time claims windows of a stream, so that two processes do not find the same window free. If a process stops
-- here, the server ends its transaction, so that the others need not wait.
SELECT set_config('idle_in_transaction_session_timeout', @idle, true), pg_advisory_xact_lock(hashtextextended('wheelhouse claim ' || @account || ' ' || @stream, 0));

-- name: abandon
-- The process of a lease that ran out is dead, or will be refused (invariant 2). A locked lease belongs to a load that is being
-- committed, and is not free.
WITH dead AS (
    DELETE FROM wheelhouse.leases
    WHERE load_id IN (
        SELECT load_id FROM wheelhouse.leases
        WHERE account_id = @account AND stream = @stream AND expires_at < now()
          AND EXISTS (SELECT FROM unnest(@froms::timestamptz[], @tos::timestamptz[]) AS w (start, stop) WHERE span && tstzrange(start, stop))
        FOR UPDATE SKIP LOCKED)
    RETURNING load_id
)
UPDATE wheelhouse.loads l
SET status = 'failed', finished_at = now(), error = 'abandoned: its process stopped'
FROM dead WHERE l.id = dead.load_id AND l.status = 'running';

-- name: abandon_all
-- The leases of dead processes on windows that no process has claimed since. Such a window may be covered by an earlier load.
WITH dead AS (
    DELETE FROM wheelhouse.leases
    WHERE load_id IN (SELECT load_id FROM wheelhouse.leases WHERE expires_at < now() FOR UPDATE SKIP LOCKED)
    RETURNING load_id
)
UPDATE wheelhouse.loads l
SET status = 'failed', finished_at = now(), error = 'abandoned: its process stopped'
FROM dead WHERE l.id = dead.load_id AND l.status = 'running';

-- name: claim
-- Claims each window, except one that is busy (a process has a lease of it, or of a window that overlaps it) or done (a process
-- loaded it after it was planned). A process ends its lease in the transaction that loads the window, so one statement sees
-- both. Also returned: the hash of the answer, if the newest load that overlaps the window was of exactly this window.
WITH wanted AS (
    SELECT w.n, w.known, tstzrange(w.start, w.stop) AS span
    FROM unnest(@froms::timestamptz[], @tos::timestamptz[], @known::bigint[]) WITH ORDINALITY AS w (start, stop, known, n)
), looked AS (
    SELECT w.n, w.span,
           EXISTS (SELECT FROM wheelhouse.leases s
                   WHERE s.account_id = @account AND s.stream = @stream AND s.span && w.span) AS busy,
           EXISTS (SELECT FROM wheelhouse.loads l
                   WHERE l.account_id = @account AND l.stream = @stream AND l.status = 'loaded' AND lower(l.span) = lower(w.span) AND l.span = w.span
                     AND l.id > w.known) AS done
    FROM wanted w
), load AS (
    INSERT INTO wheelhouse.loads (run_id, account_id, stream, span, status)
    SELECT @run, @account, @stream, span, 'running' FROM looked WHERE NOT busy AND NOT done ORDER BY n
    RETURNING id, span
), lease AS (
    INSERT INTO wheelhouse.leases (load_id, account_id, stream, span, expires_at)
    SELECT id, @account, @stream, span, now() + make_interval(secs => @lease) FROM load
)
SELECT k.busy, k.done, coalesce(load.id, 0), clock_timestamp(),
       (SELECT CASE WHEN l.span = k.span THEN l.response_hash END
        FROM wheelhouse.loads_over(@account, @stream, k.span) l
        WHERE l.status = 'loaded'
        ORDER BY l.requested_at DESC NULLS LAST, l.id DESC LIMIT 1)
FROM looked k LEFT JOIN load ON load.span = k.span
ORDER BY k.n;

-- name: claimed
-- The windows that this run has claimed already. A run claims a window once at a time.
SELECT l.id IS NULL, false, coalesce(l.id, 0), clock_timestamp(), NULL::bytea
FROM unnest(@froms::timestamptz[], @tos::timestamptz[]) WITH ORDINALITY AS w (start, stop, n)
LEFT JOIN (wheelhouse.leases s JOIN wheelhouse.loads l ON l.id = s.load_id AND l.run_id = @run)
  ON s.account_id = @account AND s.stream = @stream AND s.span = tstzrange(w.start, w.stop)
ORDER BY w.n;

-- name: renew
UPDATE wheelhouse.leases SET expires_at = now() + make_interval(secs => @lease) WHERE load_id = @load;

-- name: fence
-- The fence (invariant 2): the leases stay locked until the transaction ends, so that no other process can take them while this one
-- writes. A process writes nothing of a window whose lease it does not find here.
SELECT load_id FROM wheelhouse.leases WHERE load_id = ANY (@loads::bigint[]) ORDER BY load_id FOR UPDATE;

-- name: return
-- Removes the load with the lease, because the window was not tried.
WITH given AS (DELETE FROM wheelhouse.leases WHERE load_id = @load RETURNING load_id)
DELETE FROM wheelhouse.loads USING given WHERE id = given.load_id AND status = 'running';

-- name: release
DELETE FROM wheelhouse.leases WHERE load_id = @load;

-- name: state
-- For each window:
-- superseded: whether an answer that was asked for later than this one, for all of this window, is loaded (invariant 5).
-- last, response_hash: the newest load of any part of the window, if that load was of exactly this window; of a snapshot,
-- the newest load of the stream. The newest is the one whose answer was asked for last.
-- rejects: whether the window has open rejects, which may be resolved.
SELECT EXISTS (
           SELECT FROM wheelhouse.loads_over(@account, @stream, w.over) l
           WHERE l.status = 'loaded' AND l.span @> w.all_of AND l.requested_at > w.requested) AS superseded,
       last.id, last.response_hash,
       EXISTS (
           SELECT FROM wheelhouse.rejects r
           JOIN wheelhouse.loads l ON l.id = r.load_id
           WHERE r.account_id = @account AND r.stream = @stream AND r.resolved_at IS NULL
             AND (l.span && w.span OR @snapshot)) AS rejects
FROM (SELECT n, requested, tstzrange(start, stop) AS span,
             -- Every snapshot is about everything, whatever its window.
             CASE WHEN @snapshot THEN '(-infinity,infinity)' ELSE tstzrange(start, stop) END AS over,
             CASE WHEN @snapshot THEN 'empty' ELSE tstzrange(start, stop) END                AS all_of
      FROM unnest(@froms::timestamptz[], @tos::timestamptz[], @requested::timestamptz[]) WITH ORDINALITY AS u (start, stop, requested, n)) w
LEFT JOIN LATERAL (
    SELECT l.* FROM (
        SELECT * FROM wheelhouse.loads_over(@account, @stream, w.over)
        WHERE status = 'loaded'
        ORDER BY requested_at DESC NULLS LAST, id DESC LIMIT 1
    ) l
    WHERE @snapshot OR l.span = w.span
) AS last ON true
ORDER BY w.n;

-- name: newer
-- Loads of the stream whose answers were asked for later than this one (invariant 5). A loaded one with an error is not complete.
SELECT id, lower(span), upper(span), error IS NULL
FROM wheelhouse.loads
WHERE account_id = @account AND stream = @stream AND status = 'loaded' AND requested_at > @requested;

-- name: unknown_members
-- Keeps the names of the members of a load's answers that the stream does not know, and returns those that no earlier load of the
-- stream had.
WITH kept AS (
    INSERT INTO wheelhouse.unknown_members (load_id, account_id, stream, members) VALUES (@load, @account, @stream, @members::text[])
)
SELECT m FROM unnest(@members::text[]) m
WHERE NOT EXISTS (SELECT FROM wheelhouse.unknown_members u WHERE u.account_id = @account AND u.stream = @stream AND m = ANY (u.members));

-- name: loaded_same
-- The answer came again byte for byte: the load gets the counts, totals and unknown members of the last load.
WITH kept AS (
    INSERT INTO wheelhouse.unknown_members (load_id, account_id, stream, members)
    SELECT @load, account_id, stream, members FROM wheelhouse.unknown_members WHERE load_id = @last
)
UPDATE wheelhouse.loads l
SET status = 'loaded', rows_read = p.rows_read, rows_inserted = 0, rows_updated = 0, rows_unchanged = p.rows_read - p.rows_rejected,
    rows_deleted = 0, rows_rejected = p.rows_rejected, rows_merged = 0, source_count = p.source_count,
    source_seconds = p.source_seconds, reconciled = p.reconciled, response_hash = p.response_hash,
    request_ids = @request_ids, attempts = @attempts, requested_at = @requested, finished_at = now(), error = NULL
FROM wheelhouse.loads p
WHERE l.id = @load AND l.status = 'running' AND p.id = @last
RETURNING l.rows_read, l.rows_rejected, l.reconciled;

-- name: loaded
UPDATE wheelhouse.loads
SET status = 'loaded', rows_read = @read, rows_inserted = @inserted, rows_updated = @updated, rows_unchanged = @unchanged,
    rows_deleted = @deleted, rows_rejected = @rejected, rows_merged = @merged, source_count = @source_count,
    source_seconds = @source_seconds, reconciled = @reconciled, response_hash = @response_hash, request_ids = @request_ids,
    attempts = @attempts, requested_at = @requested, finished_at = now(), error = nullif(@missing, '')
WHERE id = @load AND status = 'running';

-- name: failed
UPDATE wheelhouse.loads
SET status = 'failed', request_ids = @request_ids, attempts = @attempts, finished_at = now(), error = @error
WHERE id = @load AND status = 'running';

-- name: outcome
SELECT status FROM wheelhouse.loads WHERE id = @load;

-- name: problems
-- The time of failed and not reconciled loads that newer loads do not cover. A load counts unless a newer one begins with it and ends
-- no earlier. A load that is not reconciled counts until its window was loaded five times with this result, unless parts of its
-- window could not be had (error).
SELECT lower(m.span), upper(m.span), CASE WHEN t.status = 'failed' THEN @failed::text ELSE @unreconciled::text END
FROM wheelhouse.loads t
CROSS JOIN LATERAL unnest(tstzmultirange(t.span) - (
    SELECT coalesce(range_agg(l.span), '{}')
    FROM wheelhouse.loads_over(@account, @stream, t.span) l
    WHERE l.status = 'loaded' AND l.id > t.id)) AS m (span)
WHERE t.account_id = @account AND t.stream = @stream AND (t.status = 'failed' OR t.status = 'loaded' AND NOT t.reconciled)
  AND NOT EXISTS (SELECT FROM wheelhouse.loads l
                  WHERE l.account_id = @account AND l.stream = @stream AND l.status <> 'running'
                    AND lower(l.span) = lower(t.span) AND upper(l.span) >= upper(t.span) AND l.id > t.id)
  AND (t.status = 'failed' OR t.error IS NOT NULL
       OR (SELECT count(*) FROM wheelhouse.loads l
           WHERE l.account_id = @account AND l.stream = @stream AND l.status = 'loaded' AND lower(l.span) = lower(t.span) AND l.span = t.span AND NOT l.reconciled) < 5)
ORDER BY 1;

-- name: covered
SELECT tstzrange(w.start, w.stop) <@ c.spans
FROM (SELECT bi.covered(@account, @stream, @timezone,
                        (SELECT min(f) FROM unnest(@froms::timestamptz[]) f), (SELECT max(t) FROM unnest(@tos::timestamptz[]) t)) AS spans) c,
     unnest(@froms::timestamptz[], @tos::timestamptz[]) WITH ORDINALITY AS w (start, stop, n)
ORDER BY w.n;

-- name: last_load
SELECT coalesce(max(id), 0) FROM wheelhouse.loads;

-- name: open_sessions
-- Starts of sessions that were running when they were last loaded.
SELECT started_at FROM crankwheel.screen_sessions
WHERE account_id = @account AND NOT ended AND deleted_at IS NULL
  AND session_id >= wheelhouse.session_floor(@since) AND started_at >= @since;

-- name: open_requests
-- Starts of requests that were not answered when they were last loaded.
SELECT started_at FROM crankwheel.demo_requests
WHERE account_id = @account AND NOT answered AND deleted_at IS NULL AND started_at >= @since;

-- name: snapshot_since
-- Whether the newest snapshot of the day that ends at @end, or of a later day, is complete. No row: there is none.
SELECT error IS NULL
FROM wheelhouse.loads
WHERE account_id = @account AND stream = @stream AND status = 'loaded' AND upper(span) >= @end
ORDER BY id DESC LIMIT 1;

-- name: loaded_since
-- Whether a load that overlaps the window committed after a moment.
SELECT EXISTS (
    SELECT FROM wheelhouse.loads_over(@account, @stream, CASE WHEN @snapshot THEN '(-infinity,infinity)' ELSE tstzrange(@from, @to) END)
    WHERE status = 'loaded' AND finished_at > @since);

-- name: totals
-- The API's own totals of the newest load of exactly this window. The newest is the one that was asked for last.
SELECT source_count, source_seconds
FROM wheelhouse.loads
WHERE account_id = @account AND stream = @stream AND status = 'loaded' AND span = tstzrange(@from, @to)
ORDER BY requested_at DESC NULLS LAST, id DESC LIMIT 1;
