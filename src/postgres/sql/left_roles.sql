-- The roles without rights that an interrupted revocation has begun to fill: login and role. One that
-- could be somebody's is none of them: that can log in or has a power, a membership or a setting, or
-- that has members other than this admin (on PostgreSQL 16 and later a role's creator is one).
-- PostgreSQL 13 to 18. $OIDS: logins; $PREFIX: how the roles' names begin.
SELECT l.oid AS login, min(r.rolname::text) AS role
FROM pg_roles l
JOIN pg_roles r ON starts_with(r.rolname::text, $PREFIX)
    AND starts_with(shobj_description(r.oid, 'pg_authid'),
        format('What lease "%s" left in database "%s" on ', l.rolname, current_database()))
WHERE l.oid = ANY($OIDS) AND r.rolconfig IS NULL
    AND NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb
        OR r.rolreplication OR r.rolbypassrls)
    AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid
        OR m.roleid = r.oid AND m.member <> (SELECT oid FROM pg_roles WHERE rolname = current_user))
GROUP BY 1
