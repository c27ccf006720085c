//! Everything that a lease can own and that is data goes to its successor with all that is in it.

use super::table::{Row, run};
use crate::harness::Admin;

/// What holds rows, and the types and schemas around it.
const DATA: &[Row] = &[
    Row::new(
        "table",
        &[
            "lease: CREATE TABLE {a} ({b} serial PRIMARY KEY, {c} text DEFAULT repeat('x', 9000)); \
         INSERT INTO {a} DEFAULT VALUES; INSERT INTO {a} DEFAULT VALUES; CREATE INDEX ON {a} ({c})",
        ],
    ),
    Row::new(
        "table with privileges for others",
        &[
            "lease: CREATE TABLE {a} ({b} int); INSERT INTO {a} VALUES (1); GRANT SELECT ON {a} TO app_rw, \"Some \"\"One; é\"",
        ],
    ),
    Row::new(
        "partitioned table",
        &[
            "lease: CREATE TABLE {a} (n int) PARTITION BY RANGE (n); CREATE TABLE {b} PARTITION OF {a} FOR VALUES FROM (0) TO (10); \
         CREATE TABLE {c} PARTITION OF {a} DEFAULT; INSERT INTO {a} VALUES (1), (100)",
        ],
    ),
    Row::new(
        "partition of another's table",
        &[
            "admin: CREATE TABLE {a} (n int) PARTITION BY LIST (n); CREATE TABLE {b} (n int); INSERT INTO {b} VALUES (1)",
            "ALTER TABLE {b} OWNER TO {lease}; ALTER TABLE {a} ATTACH PARTITION {b} DEFAULT",
        ],
    ),
    Row::new(
        "inherited and foreign-key tables",
        &[
            "lease: CREATE TABLE {a} (n int PRIMARY KEY); CREATE TABLE {b} () INHERITS ({a}); CREATE TABLE {c} (n int REFERENCES {a}); \
         INSERT INTO {a} VALUES (1); INSERT INTO {b} VALUES (2); INSERT INTO {c} VALUES (1)",
        ],
    ),
    Row::new(
        "unlogged table",
        &["lease: CREATE UNLOGGED TABLE {a} AS SELECT 1 AS n"],
    ),
    Row::new(
        "table with PostgreSQL's own expressions",
        &[
            "lease: CREATE DOMAIN {a} AS text CHECK (length(VALUE) < 9); CREATE TABLE {b} (n serial, d {a}[], at timestamptz DEFAULT now(), \
         id uuid DEFAULT gen_random_uuid(), w text, t text GENERATED ALWAYS AS (lower(w)) STORED, CHECK (n + 1 > 0)); \
         CREATE INDEX ON {b} (lower(t)) WHERE n > 1; ALTER TABLE {b} ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY {c} ON {b} USING (t = current_setting('x.y', true)); INSERT INTO {b} DEFAULT VALUES",
        ],
    ),
    Row::new(
        "table in its own schema",
        &["lease: CREATE SCHEMA {a}; CREATE TABLE {a}.{b} AS SELECT 1 AS {c}"],
    ),
    Row::new(
        "table in another's schema",
        &[
            "admin: CREATE SCHEMA {a}; GRANT ALL ON SCHEMA {a} TO {lease}",
            "lease: CREATE TABLE {a}.{b} AS SELECT 1 AS n",
        ],
    ),
    Row::new(
        "sequence",
        &[
            "lease: CREATE SEQUENCE {a}; SELECT nextval(max(oid)::regclass) FROM pg_class WHERE relkind = 'S'",
        ],
    ),
    Row::new(
        "types",
        &[
            "lease: CREATE TYPE {a} AS ENUM ('x', 'y'); CREATE TYPE {b} AS ({c} {a}); CREATE DOMAIN {c} AS {a} CHECK (VALUE <> 'y'); \
         CREATE TYPE \"r {oid}\" AS RANGE (SUBTYPE = float8)",
        ],
    ),
    Row::new(
        "large object",
        &[
            "lease: SELECT lo_from_bytea({oid}, repeat('x', 5000)::bytea); GRANT SELECT ON LARGE OBJECT {oid} TO app_rw",
        ],
    ),
    Row::new(
        "statistics object",
        &["lease: CREATE TABLE {a} (n int, m int); CREATE STATISTICS {b} ON n, m FROM {a}"],
    ),
    Row::new("collation", &["lease: CREATE COLLATION {a} FROM \"C\""]),
    Row::new(
        "text search",
        &[
            "lease: CREATE TEXT SEARCH DICTIONARY {a} (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION {b} (COPY = simple)",
        ],
    ),
    Row::new(
        "foreign server, table and user mapping",
        &[
            "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO PUBLIC",
            "lease: CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR {lease} SERVER {b}; CREATE FOREIGN TABLE {c} (n int) SERVER {b}",
        ],
    ),
    Row::new(
        "user mapping on another's server",
        &[
            "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO vaultadmin",
            "admin: CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR {lease} SERVER {b}",
        ],
    ),
    Row::new(
        "user mapping on a stranger's server",
        &[
            "CREATE FOREIGN DATA WRAPPER {a}; CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR {lease} SERVER {b}",
        ],
    ),
    Row::new(
        "tablespace",
        &[
            "CREATE TABLESPACE {a} LOCATION ''",
            "ALTER TABLESPACE {a} OWNER TO {lease}",
        ],
    ),
    Row::new(
        "publication",
        &["lease: CREATE TABLE {a} (n int); CREATE PUBLICATION {b} FOR TABLE {a}"],
    ),
];

#[test]
fn data_of_leases_goes_on_under_a_superuser() {
    run(DATA, Admin::Superuser);
}

#[test]
fn data_of_leases_goes_on_under_an_admin() {
    run(DATA, Admin::CreateRole);
}
