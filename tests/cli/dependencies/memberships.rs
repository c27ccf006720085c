//! Group roles that a lease is in, that are in it, and memberships that it handed out.

use super::table::{Row, run};
use crate::harness::Admin;

const ROWS: &[Row] = &[
    Row::new("member of a group", &["admin: GRANT app_rw TO {lease}"]),
    Row::new(
        "member of a group with a hostile name",
        &["CREATE ROLE {a}; GRANT {a} TO {lease}"],
    ),
    Row::new(
        "a role is a member of it",
        &["CREATE ROLE {a}; GRANT {lease} TO {a}"],
    ),
    Row::new(
        "a role is its administrator",
        &["CREATE ROLE {a}; GRANT {lease} TO {a} WITH ADMIN OPTION"],
    ),
    Row::new(
        "it handed itself out",
        &[
            "CREATE ROLE {a}; CREATE ROLE {b}; GRANT {lease} TO {a} WITH ADMIN OPTION",
            "SET SESSION AUTHORIZATION {a}; GRANT {lease} TO {b}",
        ],
    ),
    Row::new(
        "it handed a group out",
        &[
            "CREATE ROLE {a}; CREATE ROLE {b}; GRANT {a} TO {lease} WITH ADMIN OPTION",
            "lease: GRANT {a} TO {b}",
        ],
    ),
    Row::new(
        "it handed a group out, and that went on",
        &[
            "CREATE ROLE {a}; CREATE ROLE {b}; CREATE ROLE {c}; GRANT {a} TO {lease} WITH ADMIN OPTION",
            "lease: GRANT {a} TO {b} WITH ADMIN OPTION",
            "SET SESSION AUTHORIZATION {b}; GRANT {a} TO {c}",
        ],
    ),
    Row::new(
        "settings of its own",
        &[
            "ALTER ROLE {lease} SET work_mem = '1MB'; ALTER ROLE {lease} IN DATABASE mydb SET work_mem = '2MB'; GRANT app_rw TO {lease}",
        ],
    ),
];

#[test]
fn a_superuser_ends_them() {
    run(ROWS, Admin::Superuser);
}

#[test]
fn an_admin_ends_what_postgresql_lets_it() {
    run(ROWS, Admin::CreateRole);
}
