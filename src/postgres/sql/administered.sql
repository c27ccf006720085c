-- Common table expressions for leases.sql: which of its leases may the admin administer?
-- Until PostgreSQL 15 it needs CREATEROLE; from 16 on also ADMIN OPTION on the login, of its own or
-- of a role that it is a member of, whatever the options of that membership are.
--
-- From 16 on the admin is a member of each login that it created. So this goes from the leases to
-- those that have ADMIN OPTION on them, and from these down to the admin: few steps, where
-- pg_has_role goes up from the admin through all logins. In most clusters the first step finds the
-- admin itself, and "below" stays empty.
, me AS MATERIALIZED (
    SELECT oid, rolsuper, rolcreaterole,
        rolsuper OR rolcreaterole AND current_setting('server_version_num')::int < 160000
            AS has_all
    FROM pg_catalog.pg_roles
    WHERE rolname = current_user),
holding AS MATERIALIZED (
    SELECT m.roleid, m.member
    FROM lease
    JOIN pg_catalog.pg_auth_members AS m ON m.roleid = lease.oid
    WHERE m.admin_option AND (SELECT rolcreaterole AND NOT has_all FROM me)),
below AS (
    SELECT DISTINCT member AS holder, member
    FROM holding
    WHERE member <> (SELECT oid FROM me)
    UNION
    SELECT below.holder, m.member
    FROM below
    JOIN pg_catalog.pg_auth_members AS m ON m.roleid = below.member),
holder AS (
    SELECT oid FROM me
    UNION
    SELECT holder FROM below WHERE member = (SELECT oid FROM me)),
administered AS (
    SELECT DISTINCT holding.roleid
    FROM holding
    JOIN holder ON holder.oid = holding.member)
