-- What decides whether the admin may connect to database $1; no row where there is no such
-- database. "libraries" is a setting of the database that loads libraries into each session, NULL
-- where there is none. All versions; a limit of -2 marks a database that is only to be dropped.
SELECT d.datallowconn AS is_open,
       d.datconnlimit AS connection_limit,
       has_database_privilege(session_user, d.oid, 'CONNECT') AS may_connect,
       (SELECT min(split_part(setting, '=', 1))
        FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS setting
        WHERE s.setdatabase = d.oid
          AND split_part(setting, '=', 1) IN ('session_preload_libraries', 'local_preload_libraries')
       ) AS libraries
FROM pg_catalog.pg_database AS d
WHERE d.datname = $1
