//! Default privileges and row-security policies that name a lease.

use super::table::{Row, run};
use crate::harness::Admin;

const ROWS: &[Row] = &[
    Row::new(
        "default privileges of the lease",
        &[
            "lease: ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app_rw; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        ],
    ),
    Row::new(
        "default privileges of the lease in a schema",
        &[
            "admin: CREATE SCHEMA {a}; GRANT CREATE, USAGE ON SCHEMA {a} TO PUBLIC",
            "lease: ALTER DEFAULT PRIVILEGES IN SCHEMA {a} GRANT SELECT ON TABLES TO app_rw",
        ],
    ),
    Row::new(
        "default privileges for the lease",
        &[
            "admin: ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {lease}; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO {lease}",
        ],
    ),
    Row::new(
        "default privileges for the lease in a schema",
        &[
            "admin: CREATE SCHEMA {a}; ALTER DEFAULT PRIVILEGES IN SCHEMA {a} GRANT ALL ON TABLES TO {lease}; CREATE TABLE {a}.{b} (n int)",
        ],
    ),
    Row::new(
        "default privileges of a stranger for the lease",
        &["ALTER DEFAULT PRIVILEGES FOR ROLE stranger GRANT SELECT ON TABLES TO {lease}"],
    ),
    Row::new(
        "policy for the lease",
        &[
            "admin: CREATE TABLE {a} (n int); INSERT INTO {a} VALUES (1); CREATE POLICY {b} ON {a} TO {lease} USING (n > 0)",
        ],
    ),
    Row::new(
        "policy for the lease and others",
        &[
            "admin: CREATE TABLE {a} (n int); CREATE POLICY {b} ON {a} TO app_rw, {lease}, stranger USING (true)",
        ],
    ),
    Row::new(
        "policy on its own table",
        &[
            "lease: CREATE TABLE {a} (n int); INSERT INTO {a} VALUES (1); ALTER TABLE {a} ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY {b} ON {a} TO {lease}, app_rw USING (true); GRANT SELECT ON {a} TO app_rw",
        ],
    ),
    Row::new(
        "policy on a stranger's table",
        &[
            "CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO stranger; CREATE POLICY {b} ON {a} TO {lease} USING (true)",
        ],
    ),
];

#[test]
fn a_superuser_removes_them() {
    run(ROWS, Admin::Superuser);
}

#[test]
fn an_admin_removes_what_postgresql_lets_it() {
    run(ROWS, Admin::CreateRole);
}
