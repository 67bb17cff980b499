-- The rights of each role, as the server reports them. all_: in every relation of the schema; some_: in at least one.
SELECT r.rolname,
       n.nspname,
       has_schema_privilege(r.oid, n.oid, 'USAGE')                                                    AS usage,
       coalesce(bool_and(has_table_privilege(r.oid, c.oid, 'SELECT')), false)                         AS all_read,
       coalesce(bool_or(has_table_privilege(r.oid, c.oid, 'SELECT')), false)                          AS some_read,
       coalesce(bool_or(has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')), false) AS some_write,
       pg_has_role(r.oid, 'wheelhouse_pii_reader', 'USAGE')                                           AS personal
FROM pg_roles r
CROSS JOIN pg_namespace n
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
WHERE r.rolname IN ('wheelhouse_loader', 'wheelhouse_reader', 'wheelhouse_pii_reader') AND n.nspname IN ('bi', 'crankwheel', 'wheelhouse')
GROUP BY r.oid, r.rolname, n.oid, n.nspname
ORDER BY r.rolname, n.nspname;
