//! Privileges that a lease was granted, on everything that has privileges, and what it granted on.

use super::table::{Row, run};
use crate::harness::Admin;

/// The grantor is the admin, as when the creation statements grant.
const ROWS: &[Row] = &[
    Row::new("table", &["admin: CREATE TABLE {a} ({b} int); INSERT INTO {a} VALUES (1), (2); GRANT ALL ON {a} TO {lease}"]),
    Row::new("column", &["admin: CREATE TABLE {a} ({b} int, {c} int); GRANT SELECT ({b}), UPDATE ({c}) ON {a} TO {lease}"]),
    Row::new("partitioned table", &[
        "admin: CREATE TABLE {a} (n int) PARTITION BY LIST (n); CREATE TABLE {b} PARTITION OF {a} DEFAULT; \
         INSERT INTO {a} VALUES (1); GRANT INSERT ON {a}, {b} TO {lease}",
    ]),
    Row::new("view", &["admin: CREATE VIEW {a} AS SELECT 1 AS {b}; GRANT SELECT ON {a} TO {lease}"]),
    Row::new("materialized view", &["admin: CREATE MATERIALIZED VIEW {a} AS SELECT 1 AS {b}; GRANT SELECT ON {a} TO {lease}"]),
    Row::new("sequence", &["admin: CREATE SEQUENCE {a}; GRANT ALL ON SEQUENCE {a} TO {lease}"]),
    Row::new("everything in a schema", &[
        "admin: CREATE SCHEMA {a}; CREATE TABLE {a}.{b} (n serial); CREATE TABLE {a}.{c} AS SELECT 7 AS n; \
         GRANT USAGE, CREATE ON SCHEMA {a} TO {lease}; GRANT ALL ON ALL TABLES IN SCHEMA {a} TO {lease}; \
         GRANT ALL ON ALL SEQUENCES IN SCHEMA {a} TO {lease}",
    ]),
    Row::new("function", &[
        "admin: CREATE TYPE {b} AS ENUM ('x'); CREATE FUNCTION {a}({b}, int[], OUT {c} text) LANGUAGE sql AS 'SELECT NULL'; \
         GRANT EXECUTE ON FUNCTION {a}({b}, int[]) TO {lease}",
    ]),
    Row::new("procedure", &["admin: CREATE PROCEDURE {a}(int) LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON PROCEDURE {a} TO {lease}"]),
    Row::new("aggregate", &[
        "admin: CREATE AGGREGATE {a}(int) (SFUNC = int4pl, STYPE = int); GRANT EXECUTE ON FUNCTION {a}(int) TO {lease}",
    ]),
    Row::new("functions of the same name", &[
        "admin: CREATE SCHEMA {c}; CREATE TYPE {b} AS ENUM ('x'); CREATE TYPE {c}.{b} AS ENUM ('y'); CREATE DOMAIN \"integer\" AS text; \
         CREATE FUNCTION {a}() RETURNS int LANGUAGE sql AS 'SELECT 0'; \
         CREATE FUNCTION {a}(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; \
         CREATE FUNCTION {a}(\"integer\") RETURNS int LANGUAGE sql AS 'SELECT 2'; \
         CREATE FUNCTION {a}({b}) RETURNS int LANGUAGE sql AS 'SELECT 3'; \
         CREATE FUNCTION {a}({c}.{b}[], \"char\", varchar, timetz(3)) RETURNS int LANGUAGE sql AS 'SELECT 4'; \
         CREATE FUNCTION {a}(INOUT {b} text, VARIADIC {c} double precision[]) LANGUAGE sql AS 'SELECT $1'; \
         CREATE FUNCTION {c}.{a}(int) RETURNS int LANGUAGE sql AS 'SELECT 5'; \
         CREATE FUNCTION abs(int) RETURNS int LANGUAGE sql AS 'SELECT 6'; \
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, {c} TO {lease}",
    ]),
    Row::new("procedures of the same name", &[
        "admin: CREATE SCHEMA {c}; CREATE PROCEDURE {c}.{a}(IN {b} int, IN {c} int) LANGUAGE sql AS 'SELECT 1'; \
         CREATE PROCEDURE {c}.{a}(INOUT text) LANGUAGE sql AS 'SELECT $1'; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA {c} TO {lease}",
    ]),
    Row::new("procedures that differ in the direction of an argument", &[
        "admin: CREATE SCHEMA {c}; CREATE PROCEDURE {c}.{a}(IN {b} int, IN {c} int) LANGUAGE sql AS 'SELECT 1'; \
         CREATE PROCEDURE {c}.{a}(IN {b} int, OUT {c} int) LANGUAGE sql AS 'SELECT 1'; \
         GRANT EXECUTE ON ALL ROUTINES IN SCHEMA {c} TO {lease}",
    ])
    .since(14),
    Row::new("aggregates of the same name", &[
        "admin: CREATE SCHEMA {c}; CREATE AGGREGATE {c}.{a}(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0'); \
         CREATE AGGREGATE {c}.{a}(int) (SFUNC = int4pl, STYPE = int); \
         CREATE AGGREGATE {c}.{a}(float8 ORDER BY int) (SFUNC = int4pl, STYPE = int, INITCOND = '0'); \
         GRANT EXECUTE ON ALL ROUTINES IN SCHEMA {c} TO {lease}",
    ]),
    Row::new("types of the same name", &[
        "admin: CREATE SCHEMA {c}; CREATE TYPE {a} AS (n int); CREATE DOMAIN {c}.{a} AS int; CREATE DOMAIN int4 AS text; \
         CREATE DOMAIN {c}.\"we\"\"ird type[]\" AS int; CREATE TYPE {c}.\"character varying\" AS RANGE (SUBTYPE = int); \
         GRANT USAGE ON TYPE {a}, {c}.{a}, public.int4, {c}.\"we\"\"ird type[]\", {c}.\"character varying\" TO {lease}",
    ]),
    Row::new("types of PostgreSQL's own", &[
        "GRANT USAGE ON TYPE pg_catalog.timestamptz, pg_catalog.int4, pg_catalog.varchar, pg_catalog.bpchar TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT USAGE ON TYPE pg_catalog.timestamptz, pg_catalog.int4, pg_catalog.varchar, pg_catalog.bpchar TO {lease}",
    ]),
    Row::new("functions of PostgreSQL's own", &[
        "GRANT EXECUTE ON FUNCTION pg_catalog.abs(int), pg_catalog.count() TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT EXECUTE ON FUNCTION pg_catalog.abs(int), pg_catalog.count() TO {lease}",
    ]),
    Row::new("type", &["admin: CREATE TYPE {a} AS ({b} int); GRANT USAGE ON TYPE {a} TO {lease}"]),
    Row::new("domain", &["admin: CREATE DOMAIN {a} AS int; GRANT USAGE ON DOMAIN {a} TO {lease}"]),
    Row::new("schema", &["admin: CREATE SCHEMA {a}; GRANT USAGE, CREATE ON SCHEMA {a} TO {lease}"]),
    Row::new("its own database", &[
        "GRANT ALL ON DATABASE mydb TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT CONNECT, CREATE, TEMPORARY ON DATABASE mydb TO {lease}",
    ]),
    Row::new("another database", &[
        "CREATE DATABASE {a}",
        "GRANT ALL ON DATABASE {a} TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {a} TO {lease}",
    ]),
    Row::new("foreign-data wrapper", &[
        "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO {lease}",
    ]),
    Row::new("foreign server and table", &[
        "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO vaultadmin",
        "admin: CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE FOREIGN TABLE {c} (n int) SERVER {b}; \
         GRANT USAGE ON FOREIGN SERVER {b} TO {lease}; GRANT SELECT ON {c} TO {lease}",
    ]),
    Row::new("language", &[
        "CREATE TRUSTED LANGUAGE {a} HANDLER plpgsql_call_handler; GRANT USAGE ON LANGUAGE {a} TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT USAGE ON LANGUAGE {a} TO {lease}",
    ]),
    Row::new("large object", &["admin: SELECT lo_from_bytea({oid}, 'data'); GRANT SELECT, UPDATE ON LARGE OBJECT {oid} TO {lease}"]),
    Row::new("parameter", &[
        "GRANT SET, ALTER SYSTEM ON PARAMETER log_min_messages, \"My.Setting_{oid}\" TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT SET, ALTER SYSTEM ON PARAMETER log_min_messages, \"My.Setting_{oid}\" TO {lease}",
    ])
    .since(15),
    Row::new("tablespace", &[
        "CREATE TABLESPACE {a} LOCATION ''",
        "GRANT CREATE ON TABLESPACE {a} TO vaultadmin WITH GRANT OPTION",
        "admin: GRANT CREATE ON TABLESPACE {a} TO {lease}",
    ]),
    Row::new("granted on to others", &[
        "admin: CREATE TABLE {a} ({b} int, {c} int); INSERT INTO {a} VALUES (1, 2); GRANT SELECT ON {a} TO {lease} WITH GRANT OPTION; \
         GRANT UPDATE ({b}) ON {a} TO {lease} WITH GRANT OPTION",
        "lease: GRANT SELECT ON {a} TO \"Some \"\"One; é\"; GRANT UPDATE ({b}) ON {a} TO stranger",
    ]),
    Row::new("granted by a member of the owner", &[
        "CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO dbowner; GRANT dbowner TO vaultadmin",
        "admin: GRANT SELECT ON {a} TO {lease}",
    ]),
    Row::new("granted by the owner, of which the admin is a member", &[
        "CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO dbowner",
        "SET SESSION AUTHORIZATION dbowner; GRANT SELECT ON {a} TO {lease} WITH GRANT OPTION",
    ]),
    Row::new("granted by an owner that the admin is no longer a member of", &[
        "CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO dbowner",
        "admin: GRANT SELECT ON {a} TO {lease}",
        "REVOKE dbowner FROM vaultadmin",
    ])
    .forbidden("privileges for table public.{a}", "GRANT dbowner TO vaultadmin"),
    Row::new("granted by a stranger", &[
        "CREATE TABLE {a} (n int); INSERT INTO {a} VALUES (1); ALTER TABLE {a} OWNER TO stranger",
        "SET SESSION AUTHORIZATION stranger; GRANT SELECT ON {a} TO {lease}",
    ])
    .forbidden("privileges for table public.{a}", "GRANT stranger TO vaultadmin"),
    Row::new("granted by a third grantor", &[
        "REVOKE stranger FROM vaultadmin",
        "admin: CREATE TABLE {a} (n int); GRANT SELECT ON {a} TO stranger WITH GRANT OPTION",
        "SET SESSION AUTHORIZATION stranger; GRANT SELECT ON {a} TO {lease}",
    ])
    .forbidden("privileges for table public.{a}", "REVOKE ALL ON {a} FROM stranger CASCADE"),
    Row::new("function of a superuser", &[
        "CREATE FUNCTION {a}() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION {a} TO {lease}",
    ])
    .forbidden("privileges for function public.{a}()", "REVOKE ALL ON FUNCTION {a} FROM {lease}"),
    Row::new("database of a superuser", &["CREATE DATABASE {a}", "GRANT CONNECT ON DATABASE {a} TO {lease}"])
        .forbidden("privileges for database A", "REVOKE ALL ON DATABASE {a} FROM {lease}"),
];

#[test]
fn a_superuser_takes_them_back() {
    run(ROWS, Admin::Superuser);
}

#[test]
fn an_admin_takes_back_what_postgresql_lets_it() {
    run(ROWS, Admin::CreateRole);
}
