-- Memberships in groups that a revoked login has made others members of, one row for each group and
-- member with the options of all grants together. `is_lease` says that the member is a lease, or a
-- role that has what a lease left. Before PostgreSQL 16 a membership outlives its grantor, and
-- pg_auth_members has no such options: this is for PostgreSQL 16 to 18.
-- $OIDS: the logins; $MARKED: whether the comment d is a marker; $PREFIX: how the roles' names begin.
SELECT m.roleid, m.member, quote_ident(r.rolname) AS role, quote_ident(g.rolname) AS member_name,
    bool_or(m.admin_option) AS admin, bool_or(m.inherit_option) AS inherit,
    bool_or(m.set_option) AS set,
    starts_with(g.rolname::text, $PREFIX) OR EXISTS (
        SELECT FROM pg_shdescription d
        WHERE d.classoid = 'pg_authid'::regclass AND d.objoid = m.member AND $MARKED
    ) AS is_lease,
    coalesce(g.rolcanlogin AND g.rolvaliduntil > now(), false) AS is_live
FROM pg_auth_members m
JOIN pg_roles r ON r.oid = m.roleid
JOIN pg_roles g ON g.oid = m.member
WHERE m.roleid IN (SELECT roleid FROM pg_auth_members WHERE grantor = ANY($OIDS))
    AND m.roleid <> ALL($OIDS) AND m.member <> ALL($OIDS)
GROUP BY m.roleid, m.member, r.rolname, g.rolname, g.rolcanlogin, g.rolvaliduntil
