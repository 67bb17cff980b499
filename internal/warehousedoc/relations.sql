-- Tables and views. reads: the relations that a view reads.
SELECT n.nspname,
       c.relname,
       c.relkind IN ('v', 'm') AS view,
       coalesce(obj_description(c.oid, 'pg_class'), ''),
       ARRAY(SELECT DISTINCT rn.nspname || '.' || r.relname
             FROM pg_rewrite w
             JOIN pg_depend d     ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
             JOIN pg_class r      ON r.oid = d.refobjid AND r.oid <> c.oid
             JOIN pg_namespace rn ON rn.oid = r.relnamespace
             WHERE w.ev_class = c.oid
             ORDER BY 1) AS reads
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('bi', 'crankwheel', 'wheelhouse') AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
ORDER BY n.nspname, c.relname;
