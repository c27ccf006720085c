-- For each login with something in this database or shared: how many locks a transaction takes that
-- gives away what it owns (see owned_objects.sql; a policy's table counts as well, as DROP OWNED
-- locks it), and how many objects it has privileges on. Counted before any of them is locked.
-- PostgreSQL 13 to 18. $HERE: a condition on pg_shdepend.
SELECT d.refobjid,
    sum(CASE WHEN d.deptype = 'a' THEN 0
        ELSE 1 + CASE WHEN c.reltoastrelid <> 0 THEN 2 ELSE 0 END + coalesce(i.number, 0) END) AS locks,
    count(*) FILTER (WHERE d.deptype = 'a') AS granted
FROM pg_shdepend d
LEFT JOIN pg_class c
    ON d.deptype = 'o' AND d.classid = 'pg_class'::regclass AND c.oid = d.objid
LEFT JOIN LATERAL (
    SELECT count(*) AS number FROM pg_index WHERE indrelid = c.oid
) i ON c.relhasindex
WHERE $HERE
GROUP BY 1
