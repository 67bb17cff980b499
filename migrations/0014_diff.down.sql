COMMENT ON COLUMN wheelhouse.loads.response_hash IS 'Hash of the normalised answer: an equal one means that nothing needs to be written.';
DROP INDEX wheelhouse.loads_requested;

-- Of equal rejects of several windows the newest stays.
DELETE FROM wheelhouse.rejects r
USING wheelhouse.rejects o
WHERE o.account_id = r.account_id AND o.stream = r.stream AND o.raw_hash = r.raw_hash AND o.id > r.id;
ALTER TABLE wheelhouse.rejects DROP CONSTRAINT rejects_account_id_stream_raw_hash_window_from_key;
ALTER TABLE wheelhouse.rejects DROP COLUMN window_from;
ALTER TABLE wheelhouse.rejects ADD UNIQUE (account_id, stream, raw_hash);
COMMENT ON TABLE wheelhouse.rejects IS
    'Rows of the API''s answers that could not be understood, set aside whole. Grain: one row for each distinct raw value of an account and stream. Key: id; also (account_id, stream, raw_hash). May hold personal data.';

COMMENT ON COLUMN crankwheel.shares.load_id    IS 'The wheelhouse.loads entry (its id) that last changed this row.';
COMMENT ON COLUMN crankwheel.shares.deleted_at IS 'When a load of a window that holds this row no longer brought it. NULL: the row is live. bi leaves deleted rows out.';
UPDATE crankwheel.shares SET load_id = detail_load_id WHERE load_id IS NULL;
ALTER TABLE crankwheel.shares ALTER COLUMN load_id SET NOT NULL;
ALTER TABLE crankwheel.shares DROP COLUMN detail_load_id;
-- Loads of usage_new that might number the same twins take turns, day by day.
CREATE TABLE wheelhouse.session_locks (days_modulo_16 smallint NOT NULL) PARTITION BY LIST (days_modulo_16);
COMMENT ON TABLE wheelhouse.session_locks IS
    'Always empty. A load of usage_new locks, before it looks at the sessions, the partition of each UTC day of its window, and alone those of other days on which sessions began that its answer shows. A lock on a table, since one that is asked for by a query comes after the look.';
COMMENT ON COLUMN wheelhouse.session_locks.days_modulo_16 IS 'Days since 1970-01-01, modulo 16.';
DO $$
BEGIN
    FOR n IN 0..15 LOOP
        EXECUTE format('CREATE TABLE wheelhouse.session_locks_%s PARTITION OF wheelhouse.session_locks FOR VALUES IN (%s)', n, n);
        EXECUTE format('COMMENT ON TABLE wheelhouse.session_locks_%s IS %L', n, 'Always empty: see wheelhouse.session_locks.');
        EXECUTE format('COMMENT ON COLUMN wheelhouse.session_locks_%s.days_modulo_16 IS %L', n, 'Days since 1970-01-01, modulo 16.');
    END LOOP;
END
$$;
