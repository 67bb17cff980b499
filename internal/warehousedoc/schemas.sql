-- The schemas of the warehouse. By name, bi comes first.
SELECT n.nspname, coalesce(obj_description(n.oid, 'pg_namespace'), '')
FROM pg_namespace n
WHERE n.nspname IN ('bi', 'crankwheel', 'wheelhouse')
ORDER BY n.nspname;
