-- The pipeline's books for readers: what was loaded when, by which run, and what was set aside. No raw data.
-- Predicates reach the ledger's indexes: account_id, stream, window_start are columns or expressions of loads_window.

CREATE VIEW bi.accounts AS
SELECT account_id,
       server,
       timezone,
       history_from,
       (now() AT TIME ZONE timezone)::date AS today
FROM wheelhouse.accounts;
COMMENT ON VIEW bi.accounts IS
    'The CrankWheel accounts that this warehouse holds. Grain: one row an account. Key: account_id.';
COMMENT ON COLUMN bi.accounts.account_id   IS 'The account''s name in the settings, and in every other view.';
COMMENT ON COLUMN bi.accounts.server       IS 'Base URL of the account''s CrankWheel server, without path.';
COMMENT ON COLUMN bi.accounts.timezone     IS 'IANA name of the reporting time zone: every "day" in bi begins and ends at its midnight.';
COMMENT ON COLUMN bi.accounts.history_from IS 'First day, in the reporting zone, that the pipeline is to hold.';
COMMENT ON COLUMN bi.accounts.today        IS 'The day that it is now in the reporting zone.';

CREATE VIEW bi.runs AS
SELECT id AS run_id,
       kind,
       started_at,
       finished_at,
       outcome,
       version,
       host
FROM wheelhouse.runs;
COMMENT ON VIEW bi.runs IS
    'Invocations of the pipeline. Grain: one row for each run, backfill, scheduled pass or verification. Key: run_id. What each did is in bi.loads.';
COMMENT ON COLUMN bi.runs.run_id      IS 'Number of the invocation; later ones have higher numbers.';
COMMENT ON COLUMN bi.runs.kind        IS 'run (by hand or by an outside scheduler), backfill, schedule (serve) or verify.';
COMMENT ON COLUMN bi.runs.started_at  IS 'When it began.';
COMMENT ON COLUMN bi.runs.finished_at IS 'When it ended. NULL: still going, or the process died.';
COMMENT ON COLUMN bi.runs.outcome     IS 'How it ended, in the pipeline''s words. NULL until it ends.';
COMMENT ON COLUMN bi.runs.version     IS 'Version of the wheelhouse program.';
COMMENT ON COLUMN bi.runs.host        IS 'Name of the machine it ran on.';

CREATE VIEW bi.loads AS
SELECT id AS load_id,
       run_id,
       account_id,
       stream,
       lower(span) AS window_start,
       upper(span) AS window_end,
       status,
       rows_read,
       rows_inserted,
       rows_updated,
       rows_unchanged,
       rows_deleted,
       rows_rejected,
       rows_merged,
       source_count,
       source_seconds,
       reconciled,
       request_ids,
       attempts,
       requested_at,
       started_at,
       finished_at,
       extract(epoch FROM finished_at - started_at)::double precision AS duration_seconds,
       error
FROM wheelhouse.loads;
COMMENT ON VIEW bi.loads IS
    'The ledger. Grain: one row for each window (account, stream, stretch of time) loaded or tried. Key: load_id. A row with status loaded was committed in one transaction with the data it describes.';
COMMENT ON COLUMN bi.loads.load_id          IS 'Number of the load, rising.';
COMMENT ON COLUMN bi.loads.run_id           IS 'The invocation that tried it: bi.runs.run_id.';
COMMENT ON COLUMN bi.loads.account_id       IS 'Which CrankWheel account: bi.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.loads.stream           IS 'demo_usage, usage_new, usage_shares, shares, share_visits, share_details, user_access or company_content.';
COMMENT ON COLUMN bi.loads.window_start     IS 'First moment of the window. NULL: endless.';
COMMENT ON COLUMN bi.loads.window_end       IS 'First moment after the window. NULL: endless.';
COMMENT ON COLUMN bi.loads.status           IS 'loaded (data and this row are committed), failed (nothing was written; see error) or running (being worked on, or its process died).';
COMMENT ON COLUMN bi.loads.rows_read        IS 'Rows that the API''s answer held.';
COMMENT ON COLUMN bi.loads.rows_inserted    IS 'Rows that were new here.';
COMMENT ON COLUMN bi.loads.rows_updated     IS 'Rows that differed from what was here.';
COMMENT ON COLUMN bi.loads.rows_unchanged   IS 'Rows that were here already with the same facts.';
COMMENT ON COLUMN bi.loads.rows_deleted     IS 'Rows of the window that the answer no longer brought.';
COMMENT ON COLUMN bi.loads.rows_rejected    IS 'Rows that could not be understood: see bi.rejects.';
COMMENT ON COLUMN bi.loads.rows_merged      IS 'Rows of the answer that were joined into another one (the same key twice in one answer).';
COMMENT ON COLUMN bi.loads.source_count     IS 'How many rows the API itself says the window has. NULL where it says none.';
COMMENT ON COLUMN bi.loads.source_seconds   IS 'How many seconds the API itself says the window''s sessions lasted. NULL where it says none.';
COMMENT ON COLUMN bi.loads.reconciled       IS 'Whether the API''s own totals equal what was read, rejects included. NULL where there is nothing to compare.';
COMMENT ON COLUMN bi.loads.request_ids      IS 'x-request-id of the API''s responses, for questions to CrankWheel. NULL when none came.';
COMMENT ON COLUMN bi.loads.attempts         IS 'How many times the API was asked, retries included.';
COMMENT ON COLUMN bi.loads.requested_at     IS 'When the answer that was loaded was asked for, by the database''s clock.';
COMMENT ON COLUMN bi.loads.started_at       IS 'When work on the window began.';
COMMENT ON COLUMN bi.loads.finished_at      IS 'When it was committed or given up. NULL while running.';
COMMENT ON COLUMN bi.loads.duration_seconds IS 'Seconds from started_at to finished_at. NULL while running.';
COMMENT ON COLUMN bi.loads.error            IS 'Why it failed, without personal data. NULL unless failed.';

CREATE VIEW bi.rejects AS
SELECT id AS reject_id,
       load_id,
       account_id,
       stream,
       path,
       reason,
       first_seen_at,
       last_seen_at,
       resolved_at
FROM wheelhouse.rejects;
COMMENT ON VIEW bi.rejects IS
    'Records of the API''s answers that could not be understood and were set aside. Grain: one row for each distinct record of an account and stream. Key: reject_id. What they held may be personal and is not here: `wheelhouse rejects show` has it.';
COMMENT ON COLUMN bi.rejects.reject_id     IS 'Number of the reject, as `wheelhouse rejects` names it.';
COMMENT ON COLUMN bi.rejects.load_id       IS 'The load that last met it: bi.loads.load_id.';
COMMENT ON COLUMN bi.rejects.account_id    IS 'Which CrankWheel account: bi.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN bi.rejects.stream        IS 'The stream whose answer held it; see bi.loads.stream.';
COMMENT ON COLUMN bi.rejects.path          IS 'Where it stood in the answer, as a JSON path: $.sessions[3].';
COMMENT ON COLUMN bi.rejects.reason        IS 'Why it could not be understood.';
COMMENT ON COLUMN bi.rejects.first_seen_at IS 'When a load first met it.';
COMMENT ON COLUMN bi.rejects.last_seen_at  IS 'When a load last met it.';
COMMENT ON COLUMN bi.rejects.resolved_at   IS 'When a later load understood it, or no longer met it. NULL: still open.';
