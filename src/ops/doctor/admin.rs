//! What the admin may do on its server.

use super::finding::{Check, Finding};
use super::server::Seen;
use super::sessions;
use crate::ops::connect::Admin;
use crate::postgres::identifier;
use crate::postgres::survey::can_join;

/// All checks of the admin.
pub(super) async fn examine(seen: &Seen, admin: &Admin) -> Vec<Finding> {
    let subject = format!("connection {}", admin.server.name());
    let check = |name| Check {
        name,
        subject: &subject,
    };
    let mut findings = vec![
        createrole(check("createrole"), seen),
        sessions::reserved_slots(check("reserved_slots"), &seen.slots),
    ];
    if seen.can_try() {
        findings.push(end_sessions(check("end_sessions"), seen, admin).await);
    }
    findings
}

fn createrole(check: Check<'_>, seen: &Seen) -> Finding {
    let user = &seen.standing.user;
    if seen.standing.is_superuser {
        return check.ok(format!(
            "\"{user}\" is a superuser, which is more than CREATEROLE that would do"
        ));
    }
    if seen.standing.can_create_roles {
        return check.ok(format!("\"{user}\" has CREATEROLE"));
    }
    check.failure(
        format!("\"{user}\" may not create roles"),
        format!("ALTER ROLE {} CREATEROLE;", identifier(user)),
    )
}

/// Before PostgreSQL 16 a member without INHERIT has no privileges of the roles that it is in.
async fn end_sessions(check: Check<'_>, seen: &Seen, admin: &Admin) -> Finding {
    match can_join(&admin.session).await {
        Ok(true) => check.ok("the admin can end the sessions of its leases and reassign what they own"),
        Ok(false) => check.failure(
            "the admin does not inherit the privileges of its leases: it can neither end their sessions nor reassign what they own",
            format!("ALTER ROLE {} INHERIT;", identifier(&seen.standing.user)),
        ),
        Err(error) => check.error(&error.failure("the admin cannot join a role that it made"), "Look into the server's log."),
    }
}
