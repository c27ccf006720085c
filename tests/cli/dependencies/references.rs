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
];

/// On tables of roles that the admin has no rights of. From the minor releases of November 2026 on their owner has to change
/// them, or an admin that may become the owner.
const POLICIES: &[Row] = &[
    Row::new(
        "policy on a stranger's table",
        &[
            "CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO stranger; CREATE POLICY {b} ON {a} TO {lease} USING (true)",
        ],
    )
    .forbidden_lately(
        "run in that database as \"stranger\" or as a superuser: DROP POLICY {b} ON ",
        "DROP POLICY {b} ON {a}",
    ),
    Row::new(
        "policy on a stranger's table, for others too",
        &[
            "CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO stranger; CREATE POLICY {b} ON {a} TO {lease}, app_rw",
        ],
    )
    .forbidden_lately(
        "run in that database as \"stranger\" or as a superuser: ALTER POLICY {b} ON ",
        "ALTER POLICY {b} ON {a} TO app_rw",
    ),
];

/// The same for an admin that may become the owner, without having its rights.
const OF_AN_OWNER: &[Row] = &[
    Row::new(
        "policy on the table of a role that the admin may become",
        &[
            "CREATE ROLE {c} NOLOGIN; CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO {c}; CREATE POLICY {b} ON {a} TO {lease}; \
             ALTER ROLE vaultadmin NOINHERIT; GRANT {c} TO vaultadmin; GRANT USAGE ON SCHEMA public TO {c}",
        ],
    ),
    Row::new(
        "policy for others too on the table of a role that the admin may become",
        &[
            "CREATE ROLE {c} NOLOGIN; CREATE TABLE {a} (n int); ALTER TABLE {a} OWNER TO {c}; \
             CREATE POLICY {b} ON {a} TO {lease}, app_rw, stranger; \
             ALTER ROLE vaultadmin INHERIT; GRANT {c} TO vaultadmin",
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

#[test]
fn policies_on_tables_of_others_go_or_are_reported() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for rows in [POLICIES, OF_AN_OWNER] {
            run(rows, admin);
        }
    }
}
