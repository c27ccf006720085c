-- The roles that meet a condition and may be leases, each with its comment, which is read by its
-- key. OFFSET 0 keeps the planner from joining the two in another way.
SELECT r.oid, r.rolname, r.rolcanlogin, r.rolvaliduntil,
    (SELECT c.description
        FROM pg_catalog.pg_shdescription AS c
        WHERE c.objoid = r.oid AND c.classoid = 'pg_catalog.pg_authid'::regclass) AS description
FROM pg_catalog.pg_roles AS r
WHERE /* condition */
    AND NOT r.rolsuper AND r.rolname NOT IN (current_user, session_user)
OFFSET 0
