-- Privileges on objects that a revoked login has granted something on, one row for each privilege and
-- grantee, ready to be put into a GRANT: `part` is a column; `…_role` (its grantor, the owner, who
-- granted it to the login) is NULL where the admin may not act as it; `is_lease` says that the grantee is a
-- lease, or a role that has what a lease left; `is_live`, that such a lease may still log in.
-- Nothing comes back where no login has granted anything. PostgreSQL 13 to 18.
--
-- $OBJECTS: a query for the objects (classid, objid); $ITEMS: all that is granted on them; $OIDS: the
-- logins; $MARKED: whether the comment d is a marker; $PREFIX: how the roles' names begin.
WITH dependency AS ($OBJECTS),
item AS ($ITEMS),
touched AS MATERIALIZED (
    SELECT DISTINCT classid, objid FROM item WHERE grantor = ANY($OIDS) AND grantor <> owner
),
may AS (
    SELECT oid, quote_ident(rolname) AS role FROM pg_roles
    WHERE pg_has_role(oid, CASE
        WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
)
SELECT item.classid, item.objid, item.kind, item.object, item.part, item.privilege_type AS privilege,
    item.grantee, coalesce(quote_ident(g.rolname), 'PUBLIC') AS grantee_name,
    item.is_grantable, item.grantor,
    (SELECT role FROM may WHERE may.oid = item.grantor AND may.oid <> ALL($OIDS)) AS grantor_role,
    (SELECT role FROM may WHERE may.oid = item.owner) AS owner_role,
    (SELECT min(role) FROM item o JOIN may ON may.oid = o.grantor
        WHERE (o.classid, o.objid) = (item.classid, item.objid) AND o.grantee = ANY($OIDS)
            AND o.privilege_type = item.privilege_type AND o.grantor <> ALL($OIDS)) AS giver_role,
    quote_ident(pg_get_userbyid(item.owner)) AS owner_name,
    item.grantee = ANY($OIDS) AS is_revoked,
    starts_with(coalesce(g.rolname::text, ''), $PREFIX) OR EXISTS (
        SELECT FROM pg_shdescription d
        WHERE d.classoid = 'pg_authid'::regclass AND d.objoid = item.grantee AND $MARKED
    ) AS is_lease,
    coalesce(g.rolcanlogin AND g.rolvaliduntil > now(), false) AS is_live
FROM touched JOIN item USING (classid, objid)
LEFT JOIN pg_roles g ON g.oid = item.grantee
WHERE item.grantee <> item.owner
