-- What a login could do beyond its own privileges: a row for itself and for each role that it is a member of, directly or
-- not, whatever the options of the memberships are (with ADMIN their holder grants itself the rest).
--   role_name      the role
--   power          what its members can do
--   membership     what leads there as REVOKE takes it; the group alone where the login itself is the member
--   is_itself      whether the login itself has the attribute
--   is_dangerous   whether it lets the login act on sessions of other roles, or on the server's files
-- {login} is SQL for the login's oid. Roles that a server is too old for (pg_use_reserved_connections and
-- pg_create_subscription: 16, pg_maintain: 17) are not found there. pg_maintain is among them because it may lock
-- pg_authid in ACCESS EXCLUSIVE MODE, and then nobody can connect any more. Before 16 CREATEROLE can grant all of this.
WITH RECURSIVE reached AS (
    SELECT m.roleid, m.member FROM pg_catalog.pg_auth_members m WHERE m.member = {login}
    UNION
    SELECT m.roleid, m.member
    FROM pg_catalog.pg_auth_members m JOIN reached ON m.member = reached.roleid
), membership AS (
    SELECT roleid, member FROM reached
    UNION ALL
    SELECT {login}, NULL
), dangerous_role (role_name, power) AS (
    VALUES
        ('pg_execute_server_program', 'the server''s files and programs'),
        ('pg_write_server_files', 'the server''s files and programs'),
        ('pg_read_server_files', 'the server''s files and programs'),
        ('pg_signal_backend', 'terminates sessions of other roles'),
        ('pg_maintain', 'locks every table, those that a login needs too'),
        ('pg_use_reserved_connections', 'takes the connection slots that are reserved for the admin')
)
SELECT
    g.rolname AS role_name,
    a.power,
    pg_catalog.quote_ident(g.rolname) || CASE
        WHEN m.member = {login} OR m.member IS NULL THEN ''
        ELSE ' FROM ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(m.member))
    END AS membership,
    m.member IS NULL AS is_itself,
    a.is_dangerous
FROM membership m
JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
LEFT JOIN dangerous_role d ON d.role_name = g.rolname::text
CROSS JOIN LATERAL (
    VALUES
        (d.power, true),
        (CASE WHEN g.rolreplication THEN 'REPLICATION' END, true),
        (
            CASE WHEN g.rolcreaterole THEN 'CREATEROLE' END,
            pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 160000
        ),
        (CASE WHEN g.rolbypassrls THEN 'BYPASSRLS' END, false),
        (
            CASE WHEN g.rolname = 'pg_create_subscription'
                THEN 'makes the server connect to other servers' END,
            false
        )
) a (power, is_dangerous)
WHERE a.power IS NOT NULL
ORDER BY g.rolname, a.power, membership
