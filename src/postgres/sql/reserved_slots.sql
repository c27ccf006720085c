-- The connection slots that are left for the session's user where all others are taken, and what there is to know to get
-- some. One row.
--   slots         how many: those of superusers, or from PostgreSQL 16 on those of pg_use_reserved_connections
--   is_superuser  whether the user is a superuser
--   has_group     whether the server knows pg_use_reserved_connections
--   is_member     whether the user has that role's privileges
--   reserved      reserved_connections, 0 before 16
--   connections   max_connections
SELECT
    CASE
        WHEN u.rolsuper THEN s.superuser_reserved + s.reserved
        WHEN m.is_member THEN s.reserved
        ELSE 0
    END AS slots,
    u.rolsuper AS is_superuser,
    m.has_group,
    m.is_member,
    s.reserved,
    s.connections
FROM pg_catalog.pg_roles u
CROSS JOIN (
    SELECT
        pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4,
        coalesce(pg_catalog.current_setting('reserved_connections', true)::pg_catalog.int4, 0),
        pg_catalog.current_setting('max_connections')::pg_catalog.int4
) s (superuser_reserved, reserved, connections)
CROSS JOIN (
    SELECT count(*) > 0, coalesce(bool_or(pg_catalog.pg_has_role(session_user, g.oid, 'USAGE')), false)
    FROM pg_catalog.pg_roles g WHERE g.rolname = 'pg_use_reserved_connections'
) m (has_group, is_member)
WHERE u.rolname = session_user
