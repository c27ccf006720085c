//! What to warn of in a role whose login was created in a transaction that is rolled back.

use anyhow::Result;

use crate::model::name::RoleName;
use crate::model::role::Role;
use crate::ops::connect::Admin;
use crate::postgres::identifier;
use crate::postgres::rehearsal::{Made, ReachedDatabase};
use crate::postgres::slots::reserved_slots;

/// Whether sessions of logins can keep the admin out.
pub(super) async fn notes(
    admin: &Admin,
    name: &RoleName,
    role: &Role,
    connection_limit: i32,
) -> Result<Vec<String>> {
    let slots = reserved_slots(&admin.session)
        .await
        .map_err(|error| error.failure(format!("could not check role \"{name}\"")))?;
    let mut notes = Vec::new();
    if slots.slots == 0 {
        notes.push(slots.explain());
    }
    if connection_limit == -1 && role.connection_limit.is_none() {
        notes.push(format!(
            "a login can take all connections of the server: in [roles.{name}] write connection_limit = 20"
        ));
    }
    Ok(notes)
}

/// What keeps logins from being of use.
pub(super) fn shortcomings(name: &RoleName, role: &Role, made: &Made) -> Vec<String> {
    let mut warnings = Vec::new();
    if !role.creation().has_placeholder("password") {
        warnings.push(format!(
            "creation_statements of role \"{name}\" do not set {{{{password}}}}: nobody can log in with what is issued"
        ));
    }
    if let Some(database) = &made.closed_database {
        let grantee = made.member_of.first().map_or("{{name}}", String::as_str);
        warnings.push(format!(
            "logins of role \"{name}\" may not connect to database \"{database}\"; let them: GRANT CONNECT ON DATABASE {} TO {};",
            identifier(database),
            identifier(grantee)
        ));
    }
    warnings
}

/// What works, and will hurt.
pub(super) fn dangers(name: &RoleName, role: &Role, made: &Made) -> Vec<String> {
    let mut warnings = Vec::new();
    if role.creation_statements.grants_on_all_tables() {
        warnings.push(format!(
            "role \"{name}\" grants on all tables to each login: each adds to the ACL of every table, until PostgreSQL \
             fails with \"row is too big\" after some 2,400. Grant to a group role once, and use member_of"
        ));
    }
    for power in made.powers.iter().filter(|power| !power.is_itself) {
        warnings.push(format!("logins of role \"{name}\" can act as {power}"));
    }
    for attribute in made
        .attributes
        .iter()
        .filter(|attribute| **attribute != "createdb")
    {
        warnings.push(format!(
            "logins of role \"{name}\" have {}",
            attribute.to_uppercase()
        ));
    }
    warnings
}

/// Databases that logins can alter.
pub(super) fn databases(name: &RoleName, made: &Made, admin: &str) -> Vec<String> {
    let warning = |database: &ReachedDatabase| {
        format!(
            "logins of role \"{name}\" {}; run as a superuser: {}",
            database.explain(),
            database.remedy(admin)
        )
    };
    made.databases.iter().map(warning).collect()
}
