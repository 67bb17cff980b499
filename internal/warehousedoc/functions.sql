-- Functions for queries, without those of triggers.
SELECT n.nspname,
       p.proname,
       pg_get_function_arguments(p.oid),
       pg_get_function_result(p.oid),
       coalesce(obj_description(p.oid, 'pg_proc'), '')
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('bi', 'crankwheel', 'wheelhouse') AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
ORDER BY n.nspname, p.proname, pg_get_function_identity_arguments(p.oid);
