//! Whether sessions of logins can keep the admin out.

use super::finding::{Check, Finding};
use crate::model::name::RoleName;
use crate::model::role::Role;
use crate::ops::check::RoleCheck;
use crate::postgres::slots::ReservedSlots;

/// Whether the admin gets a connection where all others are taken.
pub(super) fn reserved_slots(check: Check<'_>, slots: &ReservedSlots) -> Finding {
    check.ok(slots.explain())
}

/// A login without limit can take all connections; that is a problem where none is reserved for the admin.
pub(super) fn connection_limit(
    check: Check<'_>,
    name: &RoleName,
    role: &Role,
    made: &RoleCheck,
    slots: &ReservedSlots,
) -> Finding {
    match made.connection_limit {
        -1 if slots.slots == 0 && role.connection_limit.is_none() => check.warning(
            "one login can take all connections of the server, and none is reserved for the admin: a sweep could not connect",
            format!("In [roles.{name}] write connection_limit = 20."),
        ),
        -1 => check.ok("the number of sessions of a login has no limit"),
        limit => check.ok(format!("a login has at most {limit} sessions at the same time")),
    }
}
