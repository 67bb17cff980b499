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
