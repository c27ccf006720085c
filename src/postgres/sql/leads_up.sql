-- Is the new login r in a group that leads to the admin or to a superuser? An empty text if so.
-- PostgreSQL 13 to 18. It goes up from the login, key by key, and reads none of the other roles.
WITH RECURSIVE reached AS (
    SELECT roleid FROM pg_catalog.pg_auth_members WHERE member = r.oid
    UNION
    SELECT m.roleid
    FROM reached
    JOIN pg_catalog.pg_auth_members AS m ON m.member = reached.roleid)
SELECT ''
FROM reached
WHERE (SELECT g.rolsuper OR g.rolname IN (current_user, session_user)
        FROM pg_catalog.pg_roles AS g
        WHERE g.oid = reached.roleid)
LIMIT 1
