-- The policies in this database that name these logins, and whose tables the admin does not have the
-- owner's rights on: from the minor releases of November 2026 on (15.20, 17.12, and those
-- of the same day) DROP OWNED leaves such a policy as it is, with a warning.
-- change is the statement, for the table's owner, that takes the logins out of the policy; one that
-- names nobody else is dropped, because PostgreSQL has no policy for nobody.
-- can_act: the admin may become the owner.
SELECT p.polname::text AS policy,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS table_name,
       o.rolname::text AS owner,
       pg_catalog.pg_has_role(
           o.oid,
           CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                THEN 'SET' ELSE 'MEMBER' END) AS can_act,
       CASE WHEN others.names IS NULL
            THEN pg_catalog.format('DROP POLICY %I ON %I.%I', p.polname, n.nspname, c.relname)
            ELSE pg_catalog.format('ALTER POLICY %I ON %I.%I TO %s',
                                   p.polname, n.nspname, c.relname, others.names)
       END AS change
FROM pg_catalog.pg_policy p
JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname) AS names
    FROM pg_catalog.pg_roles r
    WHERE r.oid = ANY (p.polroles) AND r.oid <> ALL ({logins})
) others
WHERE p.polroles && {logins}
  AND NOT pg_catalog.pg_has_role(o.oid, 'USAGE')
ORDER BY 2, 1
