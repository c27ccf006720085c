-- How many seconds each login of these names ($1) can still log in, by the server's clock; NULL
-- where it has no end. A login that is gone or disabled has no row. All versions.
SELECT r.rolname::text AS name,
       CASE WHEN pg_catalog.isfinite(r.rolvaliduntil)
            THEN greatest(floor(extract(epoch FROM r.rolvaliduntil - now())), 0)::bigint
       END AS seconds_left
FROM pg_catalog.pg_roles AS r
WHERE r.rolcanlogin AND r.rolname = ANY ($1::text[]::name[])
