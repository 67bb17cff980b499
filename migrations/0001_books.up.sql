-- The pipeline's own books: which windows were loaded, by which run, and what was set aside.
-- wheelhouse.schema_migrations (golang-migrate's) lives here too; its schema is made before the first migration runs.

CREATE SCHEMA IF NOT EXISTS wheelhouse;
COMMENT ON SCHEMA wheelhouse IS
    'The pipeline''s own books: accounts, runs, the ledger of loaded windows, rejects. Dashboards read bi instead.';

COMMENT ON TABLE wheelhouse.schema_migrations IS
    'Which version of the schema this warehouse has (migrations/ in the source). One row; none before the first migration.';
COMMENT ON COLUMN wheelhouse.schema_migrations.version IS 'Number of the newest migration applied.';
COMMENT ON COLUMN wheelhouse.schema_migrations.dirty   IS 'False. True only when another tool stopped in the middle of a migration: see wheelhouse migrate status.';

CREATE TABLE wheelhouse.accounts (
    account_id   text PRIMARY KEY,
    server       text NOT NULL,
    timezone     text NOT NULL,
    history_from date NOT NULL
);

COMMENT ON TABLE wheelhouse.accounts IS
    'The CrankWheel accounts that this warehouse holds, as the settings name them. Grain: one row an account. Key: account_id.';
COMMENT ON COLUMN wheelhouse.accounts.account_id   IS 'The account''s name in the settings, and the first part of every key in crankwheel.';
COMMENT ON COLUMN wheelhouse.accounts.server       IS 'Base URL of the account''s CrankWheel server, without path.';
COMMENT ON COLUMN wheelhouse.accounts.timezone     IS 'IANA name of the reporting time zone: every "day" in crankwheel and bi begins and ends at its midnight.';
COMMENT ON COLUMN wheelhouse.accounts.history_from IS 'First day, in the reporting zone, that the pipeline is to hold. Earlier days are neither fetched nor gaps.';

CREATE TABLE wheelhouse.runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('run', 'backfill', 'schedule', 'verify')),
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    outcome     text,
    version     text NOT NULL,
    host        text NOT NULL
);

COMMENT ON TABLE wheelhouse.runs IS
    'Invocations of the pipeline. Grain: one row for each run, backfill, scheduled pass or verification. Key: id.';
COMMENT ON COLUMN wheelhouse.runs.id          IS 'Number of the invocation, given here.';
COMMENT ON COLUMN wheelhouse.runs.kind        IS 'run (by hand or by an outside scheduler), backfill, schedule (serve) or verify.';
COMMENT ON COLUMN wheelhouse.runs.started_at  IS 'When it began.';
COMMENT ON COLUMN wheelhouse.runs.finished_at IS 'When it ended. NULL: still going, or the process died.';
COMMENT ON COLUMN wheelhouse.runs.outcome     IS 'How it ended, in the pipeline''s words. NULL until it ends.';
COMMENT ON COLUMN wheelhouse.runs.version     IS 'Version of the wheelhouse program.';
COMMENT ON COLUMN wheelhouse.runs.host        IS 'Name of the machine it ran on.';

-- One row for each window loaded or tried. A row with status 'loaded' commits together with the
-- data it describes, so it exists exactly when the data does.
CREATE TABLE wheelhouse.loads (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id         bigint NOT NULL REFERENCES wheelhouse.runs (id),
    account_id     text NOT NULL,
    stream         text NOT NULL,
    span           tstzrange NOT NULL CHECK (NOT isempty(span)),
    status         text NOT NULL CHECK (status IN ('loaded', 'failed', 'running')),
    rows_read      bigint NOT NULL DEFAULT 0,
    rows_inserted  bigint NOT NULL DEFAULT 0,
    rows_updated   bigint NOT NULL DEFAULT 0,
    rows_unchanged bigint NOT NULL DEFAULT 0,
    rows_deleted   bigint NOT NULL DEFAULT 0,
    rows_rejected  bigint NOT NULL DEFAULT 0,
    rows_merged    bigint NOT NULL DEFAULT 0,
    source_count   bigint,
    source_seconds bigint,
    reconciled     boolean,
    response_hash  bytea,
    request_ids    text[],
    attempts       integer NOT NULL DEFAULT 0,
    requested_at   timestamptz,
    started_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    error          text
);

-- The planner and status ask for one stream's windows in order of time.
CREATE INDEX loads_window ON wheelhouse.loads (account_id, stream, lower(span), id);
CREATE INDEX loads_run ON wheelhouse.loads (run_id);

COMMENT ON TABLE wheelhouse.loads IS
    'The ledger. Grain: one row for each window (account, stream, stretch of time) loaded or tried. Key: id. A row with status loaded commits in one transaction with the data it describes: it exists exactly when the data does.';
COMMENT ON COLUMN wheelhouse.loads.id             IS 'Number of the load, given here, rising; crankwheel rows name it as load_id.';
COMMENT ON COLUMN wheelhouse.loads.run_id         IS 'The invocation (wheelhouse.runs.id) that tried it.';
COMMENT ON COLUMN wheelhouse.loads.account_id     IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.loads.stream         IS 'demo_usage, usage_new, usage_shares, shares, share_visits, share_details, user_access or company_content.';
COMMENT ON COLUMN wheelhouse.loads.span           IS 'The window: from its start (included) to its end (not included).';
COMMENT ON COLUMN wheelhouse.loads.status         IS 'loaded (data and this row are committed), failed (nothing was written; see error) or running (being worked on, or its process died).';
COMMENT ON COLUMN wheelhouse.loads.rows_read      IS 'Rows that the API''s answer held.';
COMMENT ON COLUMN wheelhouse.loads.rows_inserted  IS 'Rows that were new here.';
COMMENT ON COLUMN wheelhouse.loads.rows_updated   IS 'Rows that differed from what was here.';
COMMENT ON COLUMN wheelhouse.loads.rows_unchanged IS 'Rows that were here already with the same facts.';
COMMENT ON COLUMN wheelhouse.loads.rows_deleted   IS 'Rows of the window that the answer no longer brought.';
COMMENT ON COLUMN wheelhouse.loads.rows_rejected  IS 'Rows that could not be understood and went to wheelhouse.rejects.';
COMMENT ON COLUMN wheelhouse.loads.rows_merged    IS 'Rows of the answer that were joined into another one (the same key twice in one answer).';
COMMENT ON COLUMN wheelhouse.loads.source_count   IS 'How many rows the API itself says the window has. NULL where it says none.';
COMMENT ON COLUMN wheelhouse.loads.source_seconds IS 'How many seconds the API itself says the window''s sessions lasted. NULL where it says none.';
COMMENT ON COLUMN wheelhouse.loads.reconciled     IS 'Whether the API''s own totals equal what was read, rejects included. NULL where there is nothing to compare.';
COMMENT ON COLUMN wheelhouse.loads.response_hash  IS 'Hash of the normalised answer: an equal one means that nothing needs to be written.';
COMMENT ON COLUMN wheelhouse.loads.request_ids    IS 'x-request-id of the API''s responses, for questions to CrankWheel. NULL when none came.';
COMMENT ON COLUMN wheelhouse.loads.attempts       IS 'How many times the API was asked, retries included.';
COMMENT ON COLUMN wheelhouse.loads.requested_at   IS 'When the answer that was loaded was asked for, by the database''s clock. What was asked for earlier never overwrites what was asked for later.';
COMMENT ON COLUMN wheelhouse.loads.started_at     IS 'When work on the window began.';
COMMENT ON COLUMN wheelhouse.loads.finished_at    IS 'When it was committed or given up. NULL while running.';
COMMENT ON COLUMN wheelhouse.loads.error          IS 'Why it failed, without personal data. NULL unless failed.';

-- Who works on which window now. A process takes a lease before it asks the API, renews it while
-- it works and gives it up in the transaction that commits the window. A writer whose lease has
-- passed to another process finds no row here when it comes to commit, and is refused.
CREATE TABLE wheelhouse.leases (
    load_id    bigint PRIMARY KEY REFERENCES wheelhouse.loads (id),
    account_id text NOT NULL,
    stream     text NOT NULL,
    span       tstzrange NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX leases_stream ON wheelhouse.leases (account_id, stream);

COMMENT ON TABLE wheelhouse.leases IS
    'Which process works on which window at this moment. Grain: one row for each window being worked on. Key: load_id.';
COMMENT ON COLUMN wheelhouse.leases.load_id    IS 'The running wheelhouse.loads entry.';
COMMENT ON COLUMN wheelhouse.leases.account_id IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.leases.stream     IS 'The stream of the window; see wheelhouse.loads.stream.';
COMMENT ON COLUMN wheelhouse.leases.span       IS 'The window; see wheelhouse.loads.span.';
COMMENT ON COLUMN wheelhouse.leases.expires_at IS 'Until when the lease holds unless renewed; afterwards another process may take the window.';

-- Rows that could not be understood. raw_hash is a reject's identity from load to load.
CREATE TABLE wheelhouse.rejects (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    load_id       bigint NOT NULL,
    account_id    text NOT NULL,
    stream        text NOT NULL,
    path          text NOT NULL,
    reason        text NOT NULL,
    raw           jsonb,
    raw_text      text,
    raw_hash      bytea NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    resolved_at   timestamptz,
    UNIQUE (account_id, stream, raw_hash)
);
CREATE INDEX rejects_load ON wheelhouse.rejects (load_id);
CREATE INDEX rejects_open ON wheelhouse.rejects (account_id, stream) WHERE resolved_at IS NULL;

COMMENT ON TABLE wheelhouse.rejects IS
    'Rows of the API''s answers that could not be understood, set aside whole. Grain: one row for each distinct raw value of an account and stream. Key: id; also (account_id, stream, raw_hash). May hold personal data.';
COMMENT ON COLUMN wheelhouse.rejects.id            IS 'Number of the reject, given here.';
COMMENT ON COLUMN wheelhouse.rejects.load_id       IS 'The wheelhouse.loads entry (its id) that last met it.';
COMMENT ON COLUMN wheelhouse.rejects.account_id    IS 'Which CrankWheel account: wheelhouse.accounts.account_id. "default" where only one account is configured.';
COMMENT ON COLUMN wheelhouse.rejects.stream        IS 'The stream whose answer held it; see wheelhouse.loads.stream.';
COMMENT ON COLUMN wheelhouse.rejects.path          IS 'Where it stood in the answer, as a JSON path: $.sessions[3].';
COMMENT ON COLUMN wheelhouse.rejects.reason        IS 'Why it could not be understood.';
COMMENT ON COLUMN wheelhouse.rejects.raw           IS 'The value as sent. NULL when jsonb cannot hold it: see raw_text.';
COMMENT ON COLUMN wheelhouse.rejects.raw_text      IS 'The value as text where jsonb cannot hold it. NULL otherwise.';
COMMENT ON COLUMN wheelhouse.rejects.raw_hash      IS 'Hash of the value: the same reject is known again from load to load.';
COMMENT ON COLUMN wheelhouse.rejects.first_seen_at IS 'When a load first met it.';
COMMENT ON COLUMN wheelhouse.rejects.last_seen_at  IS 'When a load last met it.';
COMMENT ON COLUMN wheelhouse.rejects.resolved_at   IS 'When a later load understood it, or no longer met it. NULL: still open.';
