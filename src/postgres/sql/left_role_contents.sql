-- The roles that revocations left (pgcreds_left_…), by the database in which they own something.
--   database_name  NULL for roles that own nothing in any database
--   is_here        whether it is this session's database
--   new_owner      the database's owner, else this session's user; NULL where either is a superuser, which must not get code
--   role_names     JSON array
--   objects        how many objects they own
--   example        one of the objects, where it is in this database and so can be described
-- $1 is what the names begin with.
WITH left_role AS (
    SELECT r.oid, r.rolname
    FROM pg_catalog.pg_roles r
    WHERE pg_catalog.starts_with(r.rolname::pg_catalog.text, $1) AND NOT r.rolcanlogin
), owned AS (
    SELECT l.rolname, s.dbid, s.classid, s.objid, s.objsubid
    FROM left_role l
    LEFT JOIN pg_catalog.pg_shdepend s
        ON s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = l.oid
        AND s.deptype = 'o'
), summary AS (
    SELECT
        o.dbid,
        json_agg(DISTINCT o.rolname::pg_catalog.text) AS role_names,
        count(o.objid) AS objects
    FROM owned o
    GROUP BY o.dbid
)
SELECT
    d.datname AS database_name,
    coalesce(d.datname = pg_catalog.current_database(), false) AS is_here,
    (
        SELECT n.rolname FROM pg_catalog.pg_roles n
        WHERE n.rolname = coalesce(pg_catalog.pg_get_userbyid(d.datdba), current_user)
        AND NOT n.rolsuper
    ) AS new_owner,
    s.role_names::pg_catalog.text AS role_names,
    s.objects,
    CASE WHEN d.datname = pg_catalog.current_database() THEN (
        SELECT pg_catalog.pg_describe_object(o.classid, o.objid, o.objsubid)
        FROM owned o WHERE o.dbid = s.dbid ORDER BY o.classid, o.objid LIMIT 1
    ) END AS example
FROM summary s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
ORDER BY d.datname
