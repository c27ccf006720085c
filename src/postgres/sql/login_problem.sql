-- What is wrong with the new login r? The sign of the worst that its memberships lead to: the admin
-- or a superuser, else dangerous privileges. No row where nothing is wrong. PostgreSQL 13 to 18.
--
-- It goes up from the login, key by key, and reads none of the other roles: OFFSET 0 keeps the
-- planner from reading all of them. verdict.rs replaces the words in braces.
WITH RECURSIVE reached AS (
    SELECT r.oid AS roleid
    UNION
    SELECT m.roleid
    FROM reached
    JOIN pg_catalog.pg_auth_members AS m ON m.member = reached.roleid)
SELECT CASE
        WHEN g.rolsuper OR g.rolname IN (current_user, session_user) THEN '{leads_up}'
        ELSE '{dangerous}'
    END
FROM reached
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.{roles} WHERE oid = reached.roleid OFFSET 0) AS g
WHERE g.rolsuper OR g.rolname IN (current_user, session_user){or_dangerous}
ORDER BY 1
LIMIT 1
