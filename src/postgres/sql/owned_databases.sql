-- The databases that these logins own, where the admin has no CREATEDB: without it, PostgreSQL refuses
-- ALTER DATABASE … OWNER TO, and from the minor releases of November 2026 on (15.20, 17.12, and those of
-- the same day) REASSIGN OWNED, too.
-- acting_role is a role with CREATEDB that the admin may become and that may become the new owner, the
-- new owner itself first; null where there is none. Before PostgreSQL 16 only a role
-- with INHERIT has the rights of a login that it is made a member of.
-- is_member: the login is a member of that role, so that it has to leave it first.
SELECT b.datname::text AS database,
       l.rolname::text AS login,
       a.rolname::text AS acting_role,
       EXISTS (SELECT FROM pg_catalog.pg_auth_members m
               WHERE m.roleid = a.oid AND m.member = l.oid) AS is_member,
       v.has_options
FROM pg_catalog.pg_database b
JOIN pg_catalog.pg_roles l ON l.oid = b.datdba
JOIN pg_catalog.pg_roles me
    ON me.rolname = current_user AND NOT me.rolsuper AND NOT me.rolcreatedb
CROSS JOIN (SELECT n >= 160000 AS has_options,
                   CASE WHEN n >= 160000 THEN 'SET' ELSE 'MEMBER' END AS become
            FROM pg_catalog.current_setting('server_version_num') s (t),
                 LATERAL (SELECT t::int) i (n)) v
LEFT JOIN LATERAL (
    SELECT r.oid, r.rolname
    FROM pg_catalog.pg_roles r
    JOIN pg_catalog.pg_roles new_owner ON new_owner.rolname::text = {new_owner}
    WHERE r.rolcreatedb
      AND NOT r.rolsuper
      AND r.oid <> ALL ({logins})
      AND (v.has_options OR r.rolinherit)
      AND pg_catalog.pg_has_role(r.oid, v.become)
      AND pg_catalog.pg_has_role(r.oid, new_owner.oid, v.become)
    ORDER BY r.oid <> new_owner.oid, r.rolname
    LIMIT 1
) a ON true
WHERE b.datdba = ANY ({logins})
ORDER BY 1
