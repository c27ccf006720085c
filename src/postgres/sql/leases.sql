-- Which logins are leases? One row for each role that has something like a marker and fits the
-- filter; whether the marker is one, the client finds out. PostgreSQL 13 to 18.
--
-- ledger_sql.rs replaces the comments in slashes:
--   marked        the roles with their comments (marked_all.sql, marked_some.sql)
--   kept          MATERIALIZED where administered.sql reads the leases too
--   marker        what a comment has to look like
--   administered  administered.sql, or nothing where the admin may administer all of them
--   filter, columns, join, order
--
-- The functions of pg_stat_activity's rows are called instead of the view: the view looks through
-- all memberships of the admin, which from PostgreSQL 16 on has one in each login that it created.
WITH RECURSIVE d AS (/* marked */),
lease AS /* kept */ (
    SELECT *
    FROM (
        SELECT oid, rolname::text AS name, description,
            CASE
                WHEN NOT rolcanlogin THEN 'quarantined'
                -- Without a VALID UNTIL of its own, the last end in its marker counts, as text:
                -- a forged one cannot make a cast fail.
                WHEN rolvaliduntil <= now()
                    OR coalesce(rolvaliduntil, 'infinity') = 'infinity'
                    AND nullif(split_part(split_part(
                            description, '"max_expires_at":"', 2), '"', 1), '') COLLATE "C"
                        <= to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                    THEN 'expired'
                ELSE 'active'
            END AS state,
            CASE WHEN isfinite(rolvaliduntil) THEN rolvaliduntil END AS ends_at
        FROM d
        WHERE /* marker */) AS entry
    WHERE /* filter */)
/* administered */,
open AS (
    SELECT pg_catalog.pg_stat_get_backend_userid(b.id) AS usesysid, count(*) AS sessions
    FROM pg_catalog.pg_stat_get_backend_idset() AS b(id)
    GROUP BY 1)
SELECT /* columns */
FROM lease
LEFT JOIN open ON open.usesysid = lease.oid
/* join */
ORDER BY /* order */
