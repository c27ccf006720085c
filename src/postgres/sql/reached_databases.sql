-- The databases whose owner a login is a member of, directly or not: it can set what every session in them starts with.
--   database_name, owner_name
--   has_public   whether the owner has its privileges on schema public as the database's owner only: the connection's
--                database from PostgreSQL 15 on
-- {login} is SQL for the login's oid.
SELECT
    d.datname AS database_name,
    o.rolname AS owner_name,
    d.datname = pg_catalog.current_database() AND EXISTS (
        SELECT FROM pg_catalog.pg_namespace n
        JOIN pg_catalog.pg_roles p ON p.oid = n.nspowner
        WHERE n.nspname = 'public' AND p.rolname = 'pg_database_owner'
    ) AS has_public
FROM pg_catalog.pg_database d
JOIN pg_catalog.pg_roles o ON o.oid = d.datdba
WHERE pg_catalog.pg_has_role({login}, d.datdba, 'MEMBER')
ORDER BY d.datname
