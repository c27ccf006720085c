//! Roles without rights that revocations left, with what they own.

use super::finding::{Check, Finding};
use crate::model::count::counted;
use crate::ops::connect::Admin;
use crate::postgres::left_roles::{LeftRoles, left_roles};

/// A finding for each database that has something of such roles; one that is passed where there are none.
pub(super) async fn examine(admin: &Admin) -> Vec<Finding> {
    let subject = format!("connection {}", admin.server.name());
    let check = Check {
        name: "left_roles",
        subject: &subject,
    };
    match left_roles(&admin.session).await {
        Ok(found) if found.is_empty() => {
            vec![check.ok("no revocation left objects to a role without rights")]
        }
        Ok(found) => found
            .iter()
            .map(|found| check.warning(detail(found), found.remedy()))
            .collect(),
        Err(error) => vec![check.error(
            &error.failure("could not look for the roles that revocations left"),
            "Look into the server's log.",
        )],
    }
}

/// How many there are, one of them, and what they own.
fn detail(found: &LeftRoles) -> String {
    let roles = counted(found.roles.len(), "role");
    let example = found.roles.first().map_or("", String::as_str);
    let database = match &found.database {
        Some(database) if found.objects > 0 => format!(" in database \"{database}\""),
        _ => String::new(),
    };
    if found.objects == 0 {
        return format!(
            "{roles} that revocations left, such as \"{example}\", and that own nothing any more"
        );
    }
    let objects = usize::try_from(found.objects).unwrap_or_default();
    let object = found
        .example
        .as_ref()
        .map_or(String::new(), |object| format!(", such as {object}"));
    format!(
        "{roles} that revocations left, such as \"{example}\", {verb} {}{database}{object}, with code in it: read that, then in this \
         database give everything to an owner, or drop it",
        counted(objects, "object"),
        verb = if found.roles.len() == 1 {
            "owns"
        } else {
            "own"
        },
    )
}
