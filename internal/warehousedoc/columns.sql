-- Columns in order. key: the position in the primary key, or 0. refers: the column that a foreign key of this column alone
-- refers to.
SELECT n.nspname,
       c.relname,
       a.attname,
       replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz'),
       a.attnotnull,
       coalesce(array_position(p.conkey, a.attnum), 0) AS key,
       coalesce(f.refers, '')                          AS refers,
       coalesce(col_description(c.oid, a.attnum), '')
FROM pg_class c
JOIN pg_namespace n      ON n.oid = c.relnamespace
JOIN pg_attribute a      ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint p ON p.conrelid = c.oid AND p.contype = 'p'
LEFT JOIN LATERAL (
    SELECT rn.nspname || '.' || r.relname || '.' || ra.attname AS refers
    FROM pg_constraint k
    JOIN pg_class r      ON r.oid = k.confrelid
    JOIN pg_namespace rn ON rn.oid = r.relnamespace
    JOIN pg_attribute ra ON ra.attrelid = r.oid AND ra.attnum = k.confkey[1]
    WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum]
    ORDER BY k.conname
    LIMIT 1
) f ON true
WHERE n.nspname IN ('bi', 'crankwheel', 'wheelhouse') AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
ORDER BY n.nspname, c.relname, a.attnum;
