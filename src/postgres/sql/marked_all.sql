-- All roles with a comment that may be leases. With nested loops off this is one hash join.
SELECT r.oid, r.rolname, r.rolcanlogin, r.rolvaliduntil, c.description
FROM pg_catalog.pg_shdescription AS c
JOIN pg_catalog.pg_roles AS r ON r.oid = c.objoid
WHERE c.classoid = 'pg_catalog.pg_authid'::regclass
    AND NOT r.rolsuper AND r.rolname NOT IN (current_user, session_user)
