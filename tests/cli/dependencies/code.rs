//! Whatever a lease owns goes to a role without rights when there is code in it that somebody else could have written.

use super::table::{Row, run_code};
use crate::harness::Admin;

/// What is code itself.
const CODE: &[Row] = &[
    Row::new("function", &[
        "lease: CREATE TYPE {b} AS ENUM ('x'); CREATE FUNCTION {a}({b}) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ]),
    Row::new("procedure and aggregate", &[
        "lease: CREATE PROCEDURE {a}() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE {b}(int) (SFUNC = int4pl, STYPE = int)",
    ]),
    Row::new("function that runs as its owner", &[
        "lease: CREATE FUNCTION {a}() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION {a} TO app_rw; \
         CREATE TABLE {b} AS SELECT 1 AS n",
    ]),
    Row::new("view", &["lease: CREATE TABLE {a} (n int); CREATE VIEW {b} AS SELECT * FROM {a}"]),
    Row::new("materialized view", &["lease: CREATE MATERIALIZED VIEW {a} AS SELECT generate_series(1, 3) AS {b}"]),
    Row::new("conversion", &["lease: CREATE CONVERSION {b} FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"]),
    Row::new("operator", &["lease: CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)"]),
    Row::new("operator class and family", &[
        "CREATE OPERATOR FAMILY {a} USING btree; ALTER OPERATOR FAMILY {a} USING btree OWNER TO {lease}",
        "CREATE OPERATOR CLASS {b} FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int); \
         ALTER OPERATOR CLASS {b} USING btree OWNER TO {lease}",
    ]),
    Row::new("language", &[
        "CREATE TRUSTED LANGUAGE {a} HANDLER plpgsql_call_handler; ALTER LANGUAGE {a} OWNER TO {lease}",
    ]),
    Row::new("subscription", &[
        "GRANT pg_create_subscription TO {lease}; GRANT pg_create_subscription TO vaultadmin",
        "lease: CREATE SUBSCRIPTION {a} CONNECTION 'host=localhost user=x password=y' PUBLICATION p WITH (connect = false)",
    ])
    .since(16),
    Row::new(
        "foreign server, table and user mapping",
        &[
            "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO PUBLIC",
            "lease: CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR {lease} SERVER {b}; CREATE FOREIGN TABLE {c} (n int) SERVER {b}",
        ],
    ),
    Row::new(
        "foreign table on another's server",
        &[
            "CREATE FOREIGN DATA WRAPPER {a}; CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN SERVER {b} TO PUBLIC",
            "lease: CREATE FOREIGN TABLE {c} (n int) SERVER {b}; CREATE USER MAPPING FOR {lease} SERVER {b}",
        ],
    ),
    Row::new(
        "foreign server with everybody's user mapping",
        &[
            "CREATE FOREIGN DATA WRAPPER {a}; GRANT USAGE ON FOREIGN DATA WRAPPER {a} TO PUBLIC",
            "lease: CREATE SERVER {b} FOREIGN DATA WRAPPER {a}; CREATE USER MAPPING FOR PUBLIC SERVER {b}",
        ],
    ),
    Row::new("extension", &["DROP EXTENSION plpgsql CASCADE", "lease: CREATE EXTENSION plpgsql"])
        .named_plainly(),
];

/// What makes code of a table: each calls a function of somebody else, whom the lease is in league with.
const TABLES: &[Row] = &[
    Row::new(
        "rule",
        &[
            "lease: CREATE TABLE {a} (n int); CREATE RULE {b} AS ON DELETE TO {a} DO INSTEAD NOTHING; INSERT INTO {a} VALUES (1)",
        ],
    ),
    Row::new(
        "trigger",
        &[
            "stranger: CREATE FUNCTION {b}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "lease: CREATE TABLE {a} (n int); CREATE TRIGGER {c} BEFORE INSERT ON {a} FOR EACH ROW EXECUTE FUNCTION {b}(); INSERT INTO {a} VALUES (1)",
        ],
    ),
    Row::new(
        "index of an expression",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int); CREATE INDEX ON {a} ({b}(n)); INSERT INTO {a} VALUES (1)",
        ],
    ),
    Row::new(
        "index of a part",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int); CREATE INDEX ON {a} (n) WHERE {b}(n) > 0",
        ],
    ),
    Row::new(
        "exclusion",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int, EXCLUDE USING btree (({b}(n)) WITH =))",
        ],
    ),
    Row::new(
        "index with an operator",
        &[
            "stranger: CREATE FUNCTION {b}(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'; \
         CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = {b})",
            "lease: CREATE TABLE {a} (n int); CREATE INDEX ON {a} ((n ### n))",
        ],
    ),
    Row::new(
        "index of a partitioned table",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int) PARTITION BY LIST (n); CREATE TABLE {c} PARTITION OF {a} DEFAULT; CREATE INDEX ON {a} ({b}(n))",
        ],
    ),
    Row::new(
        "statistics",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int); CREATE STATISTICS {c} ON ({b}(n)), n FROM {a}",
        ],
    )
    .since(14),
    Row::new(
        "check",
        &[CALLED, "lease: CREATE TABLE {a} (n int CHECK ({b}(n) > 0))"],
    ),
    Row::new(
        "default",
        &[CALLED, "lease: CREATE TABLE {a} (n int DEFAULT {b}(1))"],
    ),
    Row::new(
        "generated column",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int, m int GENERATED ALWAYS AS ({b}(n)) STORED)",
        ],
    ),
    Row::new(
        "policy",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int); CREATE POLICY {c} ON {a} USING ({b}(n) > 0)",
        ],
    ),
    Row::new(
        "check that has PostgreSQL run a query",
        &[
            "lease: CREATE TABLE {a} (n int CHECK (query_to_xml('SELECT 1', true, true, '') IS NOT NULL))",
        ],
    ),
    Row::new(
        "default that acts",
        &["lease: CREATE TABLE {a} (n text DEFAULT set_config('x.y', 'z', false))"],
    ),
    Row::new(
        "default of a domain that acts",
        &["lease: CREATE DOMAIN {a} AS text DEFAULT set_config('x.y', 'z', false)"],
    ),
    Row::new(
        "statistics that have PostgreSQL run a query",
        &[
            "lease: CREATE TABLE {a} (n int); CREATE STATISTICS {c} ON (query_to_xml('SELECT 1', true, true, '')::text), n FROM {a}",
        ],
    )
    .since(14),
    Row::new(
        "policy that queries",
        &[
            CALLED,
            "stranger: CREATE VIEW {a} AS SELECT {b}(1) AS n; GRANT SELECT ON {a} TO PUBLIC",
            "lease: CREATE TABLE {c} (n int); CREATE POLICY p ON {c} USING (n IN (SELECT n FROM {a}))",
        ],
    ),
    Row::new(
        "check that calls a domain by its number",
        &[
            CALLED,
            "stranger: CREATE DOMAIN {a} AS int CHECK ({b}(VALUE) > 0)",
            "lease: DO $x$ BEGIN EXECUTE format('CREATE TABLE \"t {oid}\" (n int CHECK (domain_in(''1'', %s, -1) IS NOT NULL))', \
             (SELECT max(oid) FROM pg_type WHERE typtype = 'd')); END $x$",
        ],
    ),
    Row::new(
        "check that calls a domain by its name",
        &[
            CALLED,
            "stranger: CREATE DOMAIN \"d {oid}\" AS int CHECK ({b}(VALUE) > 0)",
            "lease: CREATE TABLE {c} (n text CHECK (pg_input_is_valid(n, '\"d {oid}\"')))",
        ],
    )
    .since(16),
    Row::new(
        "check that makes a domain of JSON",
        &[
            CALLED,
            "stranger: CREATE DOMAIN {a} AS int CHECK ({b}(VALUE) > 0)",
            "lease: CREATE TABLE {c} (n jsonb CHECK (JSON_VALUE(n, '$.x' RETURNING {a}) > 0))",
        ],
    )
    .since(17),
    Row::new(
        "domain",
        &[
            CALLED,
            "lease: CREATE DOMAIN {a} AS int CHECK ({b}(VALUE) > 0)",
        ],
    ),
    Row::new(
        "domain in a table",
        &[
            CALLED,
            "stranger: CREATE DOMAIN {a} AS int CHECK ({b}(VALUE) > 0)",
            "lease: CREATE TABLE {c} (n {a}[])",
        ],
    ),
    Row::new(
        "domain that somebody else can change",
        &[
            "stranger: CREATE DOMAIN {a} AS int",
            "lease: CREATE TABLE {c} (n {a})",
        ],
    ),
    Row::new(
        "composite type that somebody else can change",
        &[
            "stranger: CREATE TYPE {a} AS ({b} int)",
            "lease: CREATE TABLE {c} (n {a})",
        ],
    ),
    Row::new(
        "domain in a composite type",
        &[
            CALLED,
            "lease: CREATE TYPE {a} AS (n int); CREATE TABLE {c} (n {a})",
            "stranger: CREATE DOMAIN \"d {oid}\" AS int CHECK ({b}(VALUE) > 0)",
            "lease: ALTER TYPE {a} ADD ATTRIBUTE m \"d {oid}\"",
        ],
    ),
    Row::new(
        "range",
        &[
            "stranger: CREATE FUNCTION {a}(int, int) RETURNS float8 IMMUTABLE LANGUAGE sql AS 'SELECT 1.0::float8'",
            "lease: CREATE TYPE {b} AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = {a}); CREATE TABLE {c} (r {b})",
        ],
    ),
    Row::new(
        "range of somebody else",
        &[
            "stranger: CREATE FUNCTION {a}(int, int) RETURNS float8 IMMUTABLE LANGUAGE sql AS 'SELECT 1.0::float8'; \
         CREATE TYPE {b} AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = {a})",
            "lease: CREATE TABLE {c} (n int); CREATE INDEX ON {c} (lower({b}(n, n)))",
        ],
    ),
    Row::new(
        "partition key",
        &[
            CALLED,
            "lease: CREATE TABLE {a} (n int) PARTITION BY RANGE ({b}(n))",
        ],
    ),
    Row::new(
        "cast",
        &[
            "lease: CREATE TYPE {a} AS ENUM ('1'); GRANT USAGE ON TYPE {a} TO stranger",
            "stranger: CREATE FUNCTION {b}({a}) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'",
            "lease: CREATE CAST ({a} AS int) WITH FUNCTION {b}({a}) AS IMPLICIT; CREATE TABLE {c} (n {a})",
        ],
    ),
    Row::new(
        "table with a partition of somebody else",
        &[
            "lease: CREATE TABLE {a} (n int) PARTITION BY LIST (n); CREATE TABLE {b} PARTITION OF {a} DEFAULT; INSERT INTO {a} VALUES (1)",
            "ALTER TABLE {b} OWNER TO stranger",
        ],
    ),
    Row::new(
        "partition of a table that somebody else can change",
        &[
            "stranger: CREATE TABLE {a} (n int) PARTITION BY LIST (n)",
            "lease: CREATE TABLE {b} (n int); INSERT INTO {b} VALUES (1)",
            "ALTER TABLE {a} ATTACH PARTITION {b} DEFAULT",
        ],
    ),
    Row::new(
        "table that others may put triggers on",
        &["lease: CREATE TABLE {a} (n int); GRANT TRIGGER ON {a} TO PUBLIC"],
    ),
    Row::new(
        "table that others may refer to",
        &["lease: CREATE TABLE {a} (n int PRIMARY KEY); GRANT REFERENCES (n) ON {a} TO stranger"],
    ),
    Row::new(
        "table that others refer to",
        &[
            "lease: CREATE TABLE {a} (n int PRIMARY KEY); GRANT REFERENCES ON {a} TO stranger",
            "stranger: CREATE TABLE {b} (n int REFERENCES {a})",
            "lease: REVOKE REFERENCES ON {a} FROM stranger",
        ],
    ),
];

/// A function that is somebody else's.
const CALLED: &str = "stranger: CREATE FUNCTION {b}(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'";

#[test]
fn code_of_leases_gets_no_rights_under_a_superuser() {
    run_code(CODE, Admin::Superuser);
}

#[test]
fn code_of_leases_gets_no_rights_under_an_admin() {
    run_code(CODE, Admin::CreateRole);
}

#[test]
fn tables_with_code_get_no_rights_under_a_superuser() {
    run_code(TABLES, Admin::Superuser);
}

#[test]
fn tables_with_code_get_no_rights_under_an_admin() {
    run_code(TABLES, Admin::CreateRole);
}
