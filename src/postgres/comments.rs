//! Looking for markers among the comments on roles, by text alone. A comment need be no text in the database's encoding: a
//! function that counts its characters would fail, and with it the whole query.

use crate::model::marker::{MARKER_PREFIX, MARKER_SIZE, Marker};
use crate::model::name::RoleName;
use crate::postgres::literal;

/// A condition on a comment, with a place for the pattern.
pub(super) const IS_LIKE: &str = "description COLLATE \"C\" LIKE {}";

/// Whether the comment `d` may be a marker. A forged one of any size costs nothing: the server knows its length without
/// reading it.
pub(super) fn is_marked() -> String {
    format!(
        "pg_catalog.octet_length(d.description) <= {MARKER_SIZE} AND d.description LIKE {}",
        literal(&format!("{MARKER_PREFIX}%"))
    )
}

/// A pattern for `LIKE` that only this very text fits.
pub(super) fn pattern(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// A subquery that counts the live leases of a role.
pub(super) fn live_leases(role: &RoleName) -> String {
    format!(
        "SELECT count(*) FROM pg_shdescription d JOIN pg_roles r ON r.oid = d.objoid \
         WHERE d.classoid = 'pg_authid'::regclass AND {} \
         AND d.description COLLATE \"C\" LIKE {} AND r.rolcanlogin AND r.rolvaliduntil > now()",
        is_marked(),
        literal(&format!("%{}%", pattern(&Marker::role_part(role)))),
    )
}
