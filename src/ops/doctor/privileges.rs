//! What logins can do beyond the privileges that end with them.

use super::finding::{Check, Finding};
use crate::model::name::RoleName;
use crate::ops::check::RoleCheck;
use crate::postgres::rehearsal::ReachedDatabase;

/// Attributes and groups that are nearly a superuser.
pub(super) fn attributes(check: Check<'_>, name: &RoleName, made: &RoleCheck) -> Finding {
    let dangerous: Vec<&str> = [
        ("SUPERUSER", made.superuser),
        ("CREATEROLE", made.createrole),
        ("REPLICATION", made.replication),
        ("BYPASSRLS", made.bypassrls),
    ]
    .into_iter()
    .filter_map(|(name, is_set)| is_set.then_some(name))
    .collect();
    let powers = made.powers.iter().filter(|power| !power.is_itself);
    let powers: Vec<String> = powers.map(ToString::to_string).collect();
    if dangerous.is_empty() && powers.is_empty() {
        return check.ok("logins have no attribute that goes past privileges");
    }
    if dangerous.is_empty() {
        return check.warning(
            format!("logins can act as {}", powers.join(" and ")),
            format!("Leave the groups that lead there out of [roles.{name}]."),
        );
    }
    let attributes = dangerous.join(" and ");
    check.warning(
        format!("each login has {attributes}, and can do more than its end takes back"),
        format!("Leave {attributes} out of creation_statements in [roles.{name}]."),
    )
}

/// What the owner of a database sets for it reaches every session that connects to it.
pub(super) fn database_owner(check: Check<'_>, admin: &str, made: &RoleCheck) -> Finding {
    if made.databases.is_empty() {
        return check.ok("no group of a login owns a database");
    }
    let details: Vec<String> = made
        .databases
        .iter()
        .map(ReachedDatabase::explain)
        .collect();
    let remedies: Vec<String> = made.databases.iter().map(|it| it.remedy(admin)).collect();
    check.warning(
        format!("logins {}", details.join(" and ")),
        remedies.join(" "),
    )
}
