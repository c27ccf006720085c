//! Everything that a lease can own goes to its successor with all that is in it.

use super::table::{Row, run};
use crate::harness::Admin;

/// What holds rows, and the types and schemas around it.
const DATA: &[Row] = &[
    Row::new("table", &[
        "lease: CREATE TABLE {a} ({b} serial PRIMARY KEY, {c} text DEFAULT repeat('x', 9000)); \
         INSERT INTO {a} DEFAULT VALUES; INSERT INTO {a} DEFAULT VALUES; CREATE INDEX ON {a} ({c})",
    ]),
    Row::new("table with privileges for others", &[
        "lease: CREATE TABLE {a} ({b} int); INSERT INTO {a} VALUES (1); GRANT SELECT ON {a} TO app_rw, \"Some \"\"One; é\"",
    ]),
    Row::new("partitioned table", &[
        "lease: CREATE TABLE {a} (n int) PARTITION BY RANGE (n); CREATE TABLE {b} PARTITION OF {a} FOR VALUES FROM (0) TO (10); \
         CREATE TABLE {c} PARTITION OF {a} DEFAULT; INSERT INTO {a} VALUES (1), (100)",
    ]),
    Row::new("partition of another's table", &[
        "admin: CREATE TABLE {a} (n int) PARTITION BY LIST (n); CREATE TABLE {b} (n int); INSERT INTO {b} VALUES (1)",
        "ALTER TABLE {b} OWNER TO {lease}; ALTER TABLE {a} ATTACH PARTITION {b} DEFAULT",
    ]),
    Row::new("inherited and foreign-key tables", &[
        "lease: CREATE TABLE {a} (n int PRIMARY KEY); CREATE TABLE {b} () INHERITS ({a}); CREATE TABLE {c} (n int REFERENCES {a}); \
         INSERT INTO {a} VALUES (1); INSERT INTO {b} VALUES (2); INSERT INTO {c} VALUES (1)",
    ]),
    Row::new("unlogged table", &["lease: CREATE UNLOGGED TABLE {a} AS SELECT 1 AS n"]),
    Row::new("table in its own schema", &["lease: CREATE SCHEMA {a}; CREATE TABLE {a}.{b} AS SELECT 1 AS {c}"]),
    Row::new("table in another's schema", &[
        "admin: CREATE SCHEMA {a}; GRANT ALL ON SCHEMA {a} TO {lease}",
        "lease: CREATE TABLE {a}.{b} AS SELECT 1 AS n",
    ]),
    Row::new("view", &["lease: CREATE TABLE {a} (n int); CREATE VIEW {b} AS SELECT * FROM {a}"]),
    Row::new("materialized view", &["lease: CREATE MATERIALIZED VIEW {a} AS SELECT generate_series(1, 3) AS {b}"]),
    Row::new("sequence", &["lease: CREATE SEQUENCE {a}; SELECT nextval(max(oid)::regclass) FROM pg_class WHERE relkind = 'S'"]),
    Row::new("types", &[
        "lease: CREATE TYPE {a} AS ENUM ('x', 'y'); CREATE TYPE {b} AS ({c} {a}); CREATE DOMAIN {c} AS {a} CHECK (VALUE <> 'y'); \
         CREATE TYPE \"r {oid}\" AS RANGE (SUBTYPE = float8)",
    ]),
    Row::new("large object", &["lease: SELECT lo_from_bytea({oid}, repeat('x', 5000)::bytea); GRANT SELECT ON LARGE OBJECT {oid} TO app_rw"]),
    Row::new("statistics object", &["lease: CREATE TABLE {a} (n int, m int); CREATE STATISTICS {b} ON n, m FROM {a}"]),
    Row::new("collation and conversion", &["lease: CREATE COLLATION {a} FROM \"C\"; CREATE CONVERSION {b} FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"]),
    Row::new("foreign server, table and user mapping", &[
        "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO PUBLIC",
        "lease: CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR {lease} SERVER {b}; CREATE FOREIGN TABLE {c} (n int) SERVER {b}",
    ]),
    Row::new("user mapping on another's server", &[
        "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO vaultadmin",
        "admin: CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR {lease} SERVER {b}",
    ]),
    Row::new("user mapping on a stranger's server", &[
        "CREATE FOREIGN DATA WRAPPER {a}; CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR {lease} SERVER {b}",
    ]),
    Row::new("tablespace", &["CREATE TABLESPACE {a} LOCATION ''", "ALTER TABLESPACE {a} OWNER TO {lease}"]),
    Row::new("publication", &["lease: CREATE TABLE {a} (n int); CREATE PUBLICATION {b} FOR TABLE {a}"]),
    Row::new("subscription", &[
        "GRANT pg_create_subscription TO {lease}; GRANT pg_create_subscription TO vaultadmin",
        "lease: CREATE SUBSCRIPTION {a} CONNECTION 'host=localhost user=x password=y' PUBLICATION p WITH (connect = false)",
    ])
    .since(16),
    Row::new("extension", &["DROP EXTENSION plpgsql CASCADE", "lease: CREATE EXTENSION plpgsql"])
        .named_plainly(),
];

/// What holds code.
const CODE: &[Row] = &[
    Row::new(
        "function",
        &[
            "lease: CREATE TYPE {b} AS ENUM ('x'); CREATE FUNCTION {a}({b}) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ],
    ),
    Row::new(
        "procedure and aggregate",
        &[
            "lease: CREATE PROCEDURE {a}() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE {b}(int) (SFUNC = int4pl, STYPE = int)",
        ],
    ),
    Row::new(
        "function that runs as its owner",
        &[
            "lease: CREATE FUNCTION {a}() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION {a} TO app_rw",
        ],
    ),
    Row::new(
        "trigger",
        &[
            "lease: CREATE TABLE {a} (n int); CREATE FUNCTION {b}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
         CREATE TRIGGER {c} BEFORE INSERT ON {a} FOR EACH ROW EXECUTE FUNCTION {b}(); INSERT INTO {a} VALUES (1)",
        ],
    ),
    Row::new(
        "rule",
        &[
            "lease: CREATE TABLE {a} (n int); CREATE RULE {b} AS ON DELETE TO {a} DO INSTEAD NOTHING",
        ],
    ),
    Row::new(
        "operator",
        &["lease: CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)"],
    ),
    Row::new(
        "operator class and family",
        &[
            "CREATE OPERATOR FAMILY {a} USING btree; ALTER OPERATOR FAMILY {a} USING btree OWNER TO {lease}",
            "CREATE OPERATOR CLASS {b} FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int); \
         ALTER OPERATOR CLASS {b} USING btree OWNER TO {lease}",
        ],
    ),
    Row::new(
        "text search",
        &[
            "lease: CREATE TEXT SEARCH DICTIONARY {a} (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION {b} (COPY = simple)",
        ],
    ),
    Row::new(
        "language",
        &[
            "CREATE TRUSTED LANGUAGE {a} HANDLER plpgsql_call_handler; ALTER LANGUAGE {a} OWNER TO {lease}",
        ],
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

#[test]
fn code_of_leases_goes_on_under_a_superuser() {
    run(CODE, Admin::Superuser);
}

#[test]
fn code_of_leases_goes_on_under_an_admin() {
    run(CODE, Admin::CreateRole);
}
