-- One diff for all streams: what it needs of the tables, and what it no longer needs.

-- Loads of usage_new number same-second sessions for good, and need no locks for it.
DROP TABLE wheelhouse.session_locks;

-- Each column of crankwheel.shares has one stream that writes it, and each of the two streams has its own load.
ALTER TABLE crankwheel.shares ADD COLUMN detail_load_id bigint;
ALTER TABLE crankwheel.shares ALTER COLUMN load_id DROP NOT NULL;
COMMENT ON COLUMN crankwheel.shares.load_id        IS 'The wheelhouse.loads entry (its id) that last changed this row but for content_runtime_ms and deleted_at. NULL: no list of shares had it yet.';
COMMENT ON COLUMN crankwheel.shares.detail_load_id IS 'The wheelhouse.loads entry (its id) that last changed content_runtime_ms or deleted_at. NULL: the share''s detail was not read yet.';
COMMENT ON COLUMN crankwheel.shares.deleted_at     IS 'When the share''s detail was first found gone. NULL: the row is live. bi leaves deleted rows out.';

-- A record that cannot be understood and that two windows show is two rejects: loading one window says nothing of the other.
ALTER TABLE wheelhouse.rejects ADD COLUMN window_from timestamptz NOT NULL DEFAULT '-infinity';
UPDATE wheelhouse.rejects r
SET window_from = lower(l.span)
FROM wheelhouse.loads l
JOIN wheelhouse.streams s ON s.stream = l.stream AND s.grain <> 'snapshot'
WHERE l.id = r.load_id;
ALTER TABLE wheelhouse.rejects DROP CONSTRAINT rejects_account_id_stream_raw_hash_key;
ALTER TABLE wheelhouse.rejects ADD UNIQUE (account_id, stream, raw_hash, window_from);
COMMENT ON TABLE wheelhouse.rejects IS
    'Rows of the API''s answers that could not be understood, set aside whole. Grain: one row for each distinct raw value of an account, stream and window. Key: id; also (account_id, stream, raw_hash, window_from). May hold personal data.';
COMMENT ON COLUMN wheelhouse.rejects.window_from IS 'Start of the window whose answer held it; -infinity for a snapshot, which has none.';

-- Which answers were asked for later than another one.
CREATE INDEX loads_requested ON wheelhouse.loads (account_id, stream, requested_at) WHERE status = 'loaded';

COMMENT ON COLUMN wheelhouse.loads.response_hash IS 'Hash of the normalised answer: equal for equal rows, whatever their order.';
