-- Objects of this database that a login owns and that can be given away one by one: class and oid,
-- what follows ALTER in SQL, and how many locks that ALTER takes until its transaction ends
-- (the object; for a relation also its indexes, its TOAST table and index, and its sequences).
--
-- NULL for what follows its table: a sequence of a column, which ALTER refuses. (An index, a TOAST
-- table, a row type and an array type have no row in pg_shdepend; a partition does not follow its
-- parent.) NULL also for what is left to REASSIGN OWNED, as are shared objects.
-- In the order of the index pg_shdepend_depender_index, so that the next rows are found from the
-- last ones on. PostgreSQL 13 to 18.
--
-- $OWNED: a condition on pg_shdepend; $AFTER: (class, oid) of the last row; $LIMIT: rows.
SELECT d.classid, d.objid,
    CASE
        WHEN c.relkind = 'S' AND EXISTS (
            SELECT FROM pg_depend s
            WHERE s.classid = 'pg_class'::regclass AND s.objid = c.oid
                AND s.refclassid = 'pg_class'::regclass AND s.deptype IN ('a', 'i')
        ) THEN NULL
        WHEN c.oid IS NOT NULL THEN
            CASE c.relkind
                WHEN 'v' THEN 'VIEW'
                WHEN 'm' THEN 'MATERIALIZED VIEW'
                WHEN 'S' THEN 'SEQUENCE'
                WHEN 'f' THEN 'FOREIGN TABLE'
                ELSE 'TABLE'
            END || format(' %I.%I', n.nspname, c.relname)
        WHEN o.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE ' || o.identity
        WHEN o.type = 'statistics object' THEN 'STATISTICS ' || o.identity
        WHEN o.type IN (
            'type', 'schema', 'large object', 'operator', 'operator class', 'operator family',
            'collation', 'conversion', 'text search dictionary', 'text search configuration',
            'publication', 'server', 'language'
        ) THEN upper(o.type) || ' ' || o.identity
    END AS object,
    1 + CASE WHEN c.reltoastrelid <> 0 THEN 2 ELSE 0 END
        + CASE WHEN c.relhasindex THEN
            (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid) ELSE 0 END
        + CASE WHEN c.relkind IN ('r', 'p') THEN
            (SELECT count(*) FROM pg_depend s JOIN pg_class q ON q.oid = s.objid AND q.relkind = 'S'
            WHERE s.refclassid = 'pg_class'::regclass AND s.refobjid = c.oid
                AND s.classid = 'pg_class'::regclass AND s.deptype IN ('a', 'i')) ELSE 0 END
        AS locks
FROM (
    SELECT classid, objid FROM pg_shdepend
    WHERE $OWNED AND (classid, objid) > ($AFTER)
    ORDER BY dbid, classid, objid LIMIT $LIMIT
) d
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o ON c.oid IS NULL
ORDER BY d.classid, d.objid
