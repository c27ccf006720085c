-- Which tables among these objects may get code from another session? Those of logins that have
-- members besides the admin: their own sessions are terminated. Each as LOCK TABLE takes it,
-- partitions and children apart.
-- PostgreSQL 13 to 18. reassignment.rs replaces $OBJECTS by a query: login, classid, objid.
-- What is no table cannot be locked; views, foreign tables and the like are code themselves. Nor can
-- what is in a schema that the admin may not use, or was a temporary table of another session.
SELECT format('ONLY %I.%I', n.nspname, c.relname)
FROM ($OBJECTS) AS object (login, classid, objid)
JOIN pg_catalog.pg_class AS c ON c.oid = object.objid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE object.classid = 'pg_catalog.pg_class'::regclass
    AND c.relkind IN ('r', 'p')
    AND c.relpersistence <> 't'
    AND EXISTS (
        SELECT FROM pg_catalog.pg_auth_members AS m
        WHERE m.roleid = object.login
            AND m.member <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
ORDER BY c.oid
