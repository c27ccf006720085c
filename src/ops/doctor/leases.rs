//! Leases: how many there are, and whether somebody sweeps.

use std::collections::BTreeSet;

use anyhow::Result;

use super::finding::{Check, Finding};
use crate::model::count::counted;
use crate::model::lease::{Lease, LeaseState};
use crate::model::marker::MarkerError;
use crate::ops::connect::Admin;
use crate::postgres::error::DatabaseError;
use crate::postgres::ledger::{self, Entry, Filter};
use crate::postgres::survey::leading_up;
use crate::state::State;

/// What the ledger of a server adds up to; only leases that this admin may administer, but for `others`.
#[derive(Default)]
struct Count {
    active: usize,
    expired: usize,
    quarantined: usize,
    others: usize,
    newer: usize,
    /// Sessions of leases that have ended.
    late_sessions: usize,
    /// Expired for more than an hour.
    unswept: usize,
    /// Roles that this state file does not have, of leases that were issued through this connection.
    unknown_roles: BTreeSet<String>,
    /// Leases that lead to the admin or a superuser, the roles that they are of, and the memberships that make it so.
    leading_up: BTreeSet<String>,
    roles_leading_up: BTreeSet<String>,
    memberships: BTreeSet<String>,
}

/// All checks of the leases on a server.
pub(super) async fn examine(state: &State, admin: &Admin, hour_ago: &str) -> Result<Vec<Finding>> {
    let name = admin.server.name();
    let failure = |error: DatabaseError| {
        error.failure(format!(
            "could not list the leases of connection \"{name}\""
        ))
    };
    let leading_up = leading_up(&admin.session).await.map_err(failure)?;
    let mut count = Count::default();
    ledger::for_each(&admin.session, &Filter::default(), |entry| {
        if let Entry::Lease(lease) = &entry
            && let Some(membership) = leading_up.get(&lease.oid)
        {
            count.add_leading_up(lease, membership);
        }
        match entry {
            Entry::LeftAlone(_, MarkerError::Newer(_)) => count.newer += 1,
            Entry::LeftAlone(..) => {}
            Entry::Lease(lease) if !lease.is_ours => count.others += 1,
            Entry::Lease(lease) => {
                count.add(&lease, hour_ago);
                let marker = &lease.marker;
                if marker.connection == *name && !state.roles.contains_key(&marker.role) {
                    count.unknown_roles.insert(format!("\"{}\"", marker.role));
                }
            }
        }
        Ok::<(), DatabaseError>(())
    })
    .await
    .map_err(failure)?;
    let subject = format!("connection {name}");
    let check = |name| Check {
        name,
        subject: &subject,
    };
    let sweep = format!("pgcreds sweep --connection {name}");
    Ok(vec![
        leases(check("leases"), &count),
        other_admins(check("other_admins"), &count),
        sweeping(check("sweep"), &count, &sweep),
        late_sessions(check("late_sessions"), &count, &sweep),
        quarantined(check("quarantined"), &count, &sweep),
        newer(check("newer_leases"), &count),
        unknown_roles(check("unknown_roles"), &count),
        admin_groups(check("admin_groups"), &count),
    ])
}

impl Count {
    fn add_leading_up(&mut self, lease: &Lease, membership: &str) {
        let marker = &lease.marker;
        self.leading_up.insert(format!("\"{}\"", marker.lease));
        self.roles_leading_up.insert(format!("\"{}\"", marker.role));
        self.memberships.insert(format!("REVOKE {membership};"));
    }

    fn add(&mut self, lease: &Lease, hour_ago: &str) {
        match lease.state {
            LeaseState::Active => self.active += 1,
            LeaseState::Expired => self.expired += 1,
            LeaseState::Quarantined => self.quarantined += 1,
        }
        if lease.state != LeaseState::Active {
            self.late_sessions += usize::try_from(lease.sessions).unwrap_or_default();
        }
        // Both are UTC in one form, so the earlier is the smaller.
        if lease.state == LeaseState::Expired && lease.expires_at.to_string().as_str() < hour_ago {
            self.unswept += 1;
        }
    }
}

fn leases(check: Check<'_>, count: &Count) -> Finding {
    check.ok(format!(
        "{} active, {} expired, {} quarantined",
        count.active, count.expired, count.quarantined
    ))
}

fn other_admins(check: Check<'_>, count: &Count) -> Finding {
    check.ok(format!(
        "{} of other admins, who sweep them",
        counted(count.others, "lease")
    ))
}

fn sweeping(check: Check<'_>, count: &Count, sweep: &str) -> Finding {
    if count.unswept > 0 {
        return check.warning(
            format!(
                "{} left over more than an hour after the end: does a timer run pgcreds sweep?",
                counted(count.unswept, "lease")
            ),
            sweep,
        );
    }
    check.ok("no lease has been expired for more than an hour")
}

fn late_sessions(check: Check<'_>, count: &Count, sweep: &str) -> Finding {
    if count.late_sessions > 0 {
        return check.warning(
            format!(
                "{} of leases that have ended: PostgreSQL looks at the end only at login",
                counted(count.late_sessions, "session")
            ),
            sweep,
        );
    }
    check.ok("no lease that has ended has a session")
}

fn quarantined(check: Check<'_>, count: &Count, sweep: &str) -> Finding {
    if count.quarantined > 0 {
        return check.warning(
            format!(
                "{} cut off that could not be dropped; a sweep says why",
                counted(count.quarantined, "lease")
            ),
            sweep,
        );
    }
    check.ok("every lease that was revoked is gone")
}

fn newer(check: Check<'_>, count: &Count) -> Finding {
    if count.newer > 0 {
        return check.warning(
            format!(
                "{} of a newer pgcreds, left alone by this one ({})",
                counted(count.newer, "lease"),
                env!("CARGO_PKG_VERSION")
            ),
            "Install the pgcreds that made them.",
        );
    }
    check.ok("none of a newer pgcreds")
}

fn unknown_roles(check: Check<'_>, count: &Count) -> Finding {
    if count.unknown_roles.is_empty() {
        return check.ok("the roles of all leases are in the state file");
    }
    check.ok(format!(
        "leases of roles that are not in the state file are revoked without revocation_statements: {}",
        joined(&count.unknown_roles, ", ")
    ))
}

/// Leases from before it was refused, or whose groups came to it later.
fn admin_groups(check: Check<'_>, count: &Count) -> Finding {
    if count.leading_up.is_empty() {
        return check.ok("no lease leads to the connection's admin or to a superuser");
    }
    check.failure(
        format!(
            "{} of role {} could become the connection's admin or a superuser: {}",
            counted(count.leading_up.len(), "lease"),
            joined(&count.roles_leading_up, " and "),
            joined(&count.leading_up, ", ")
        ),
        joined(&count.memberships, " "),
    )
}

fn joined(texts: &BTreeSet<String>, separator: &str) -> String {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.join(separator)
}
