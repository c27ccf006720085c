//! Who is fit to get what logins owned, as conditions in SQL.

use crate::postgres::comments::is_marked;
use crate::postgres::literal;
use crate::postgres::powerless::LEFT_PREFIX;

/// The successor where a role names none: the database's owner if the admin may act for it, else the admin. A lease is no
/// successor, as it ends too, nor is a role that has somebody's code.
pub(super) fn default_owner() -> String {
    format!(
        "SELECT coalesce((SELECT o.rolname FROM pg_database b JOIN pg_roles o ON o.oid = b.datdba \
             WHERE b.datname = current_database() AND pg_has_role(o.oid, 'USAGE') AND {} AND NOT starts_with(o.rolname::text, {}) \
             AND NOT EXISTS (SELECT FROM pg_shdescription d WHERE d.classoid = 'pg_authid'::regclass AND d.objoid = o.oid AND {})), \
         current_user) AS successor",
        can_become("o.oid"),
        literal(LEFT_PREFIX),
        is_marked()
    )
}

/// Whether the admin may `SET ROLE` to that role, as the minor releases of November 2026 ask for before they reassign to it.
fn can_become(role: &str) -> String {
    format!(
        "pg_has_role({role}, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)"
    )
}

/// Whether a role, or everybody if its oid is 0, could make itself the successor and so needs no trick to act as it.
pub(super) fn can_act(role: &str, successor: &str) -> String {
    format!(
        "coalesce(pg_has_role(nullif({role}, 0), {}, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END), false)",
        literal(successor)
    )
}
