//! The server itself: what it is, what stands before it, and how it is set up.

use anyhow::Result;

use super::finding::{Check, Finding};
use super::place;
use crate::environment::unix_time;
use crate::ops::connect::Admin;
use crate::ops::revoke::BATCH;
use crate::postgres::identifier;
use crate::postgres::privileges::{self, Standing};
use crate::postgres::slots::{ReservedSlots, reserved_slots};
use crate::postgres::survey::{self, Survey};

/// The oldest PostgreSQL that pgcreds is made for.
const OLDEST: u32 = 130_000;

/// Seconds that two clocks may differ.
const SKEW: f64 = 5.0;

/// Ports that poolers listen on: PgBouncer's, and Supavisor's.
const POOLER_PORTS: [u16; 2] = [6432, 6543];

/// What was found out in three round trips.
pub(super) struct Seen {
    pub(super) standing: Standing,
    pub(super) survey: Survey,
    pub(super) slots: ReservedSlots,
    /// How far this host's clock is from the server's, in seconds; the time of the question's way is to its favour.
    skew: f64,
}

impl Seen {
    /// Whether a login could be made at all, so that it is of use to try.
    pub(super) fn can_try(&self) -> bool {
        self.standing.can_create_roles && !self.standing.is_read_only
    }
}

/// Asks the server.
pub(super) async fn look(admin: &Admin) -> Result<Seen> {
    let what = || format!("could not look at connection \"{}\"", admin.server.name());
    let standing = privileges::standing(&admin.session)
        .await
        .map_err(|error| error.failure(what()))?;
    let before = unix_time().as_secs_f64();
    let survey = survey::survey(&admin.session)
        .await
        .map_err(|error| error.failure(what()))?;
    let after = unix_time().as_secs_f64();
    let slots = reserved_slots(&admin.session)
        .await
        .map_err(|error| error.failure(what()))?;
    let skew = survey.clock.clamp(before, after.max(before)) - survey.clock;
    Ok(Seen {
        standing,
        survey,
        slots,
        skew,
    })
}

/// All checks of the server.
pub(super) async fn examine(seen: &Seen, admin: &Admin) -> Vec<Finding> {
    let subject = format!("connection {}", admin.server.name());
    let check = |name| Check {
        name,
        subject: &subject,
    };
    vec![
        check("reachable").ok(place(admin)),
        version(check("server_version"), seen),
        writable(check("writable"), seen),
        clock(check("clock"), seen.skew),
        pooler(check("pooler"), admin).await,
        managed(check("managed_service"), seen),
        statement_log(check("statement_log"), seen),
        password_encryption(check("password_encryption"), seen),
        lock_table(check("lock_table"), seen),
        table_acl(check("table_acl"), admin, seen),
    ]
}

fn version(check: Check<'_>, seen: &Seen) -> Finding {
    let version = &seen.standing.server_version;
    if seen.survey.version_number < OLDEST {
        return check.failure(
            format!("PostgreSQL {version} is too old: pgcreds is made for 13 and later"),
            "Upgrade the server with pg_upgrade.",
        );
    }
    check.ok(format!("PostgreSQL {version}"))
}

fn writable(check: Check<'_>, seen: &Seen) -> Finding {
    if seen.survey.is_in_recovery {
        return check.failure(
            "it is a standby, and roles are made on the primary",
            "Point the connection's url at the primary.",
        );
    }
    if seen.standing.is_read_only {
        return check.failure(
            "the admin's transactions are read-only",
            format!(
                "ALTER ROLE {} SET default_transaction_read_only = off;",
                identifier(&seen.standing.user)
            ),
        );
    }
    check.ok("a primary")
}

/// The server's clock decides over leases; an application that looks at `expires_at` has this host's.
fn clock(check: Check<'_>, skew: f64) -> Finding {
    let side = if skew > 0.0 { "ahead of" } else { "behind" };
    let detail = format!(
        "this host's clock is {:.0} s {side} the server's",
        skew.abs()
    );
    if skew.abs() > SKEW {
        return check.warning(detail, "timedatectl set-ntp true");
    }
    check.ok(format!(
        "this host's and the server's differ by less than {SKEW:.0} s"
    ))
}

async fn pooler(check: Check<'_>, admin: &Admin) -> Finding {
    let remedy = "Point the connection's url at the server itself, and client_host and client_port at the pooler.";
    if let Some(mode) = survey::pool_mode(&admin.session).await {
        return check.warning(
            format!(
                "a pooler in mode {mode} answers: what pgcreds sets for a session can reach another"
            ),
            remedy,
        );
    }
    let port = admin.session.address().host.port;
    if POOLER_PORTS.contains(&port) {
        return check.warning(
            format!(
                "port {port} is that of poolers, which keep sessions of a login that has ended"
            ),
            remedy,
        );
    }
    check.ok("none is seen")
}

fn managed(check: Check<'_>, seen: &Seen) -> Finding {
    let service = match seen.survey.marker_roles.first().map(String::as_str) {
        Some("rds_superuser") => "Amazon RDS or Aurora",
        Some("cloudsqlsuperuser") => "Google Cloud SQL",
        Some("azure_pg_admin") => "Azure Database for PostgreSQL",
        _ => "none is seen",
    };
    if seen.survey.lacks_rds_password {
        return check.failure(
            format!("{service}: rds.restrict_password_commands is on, and the admin is no member of rds_password"),
            format!(
                "GRANT rds_password TO {};",
                identifier(&seen.standing.user)
            ),
        );
    }
    check.ok(service)
}

fn statement_log(check: Check<'_>, seen: &Seen) -> Finding {
    check.ok(match seen.survey.log_statement.as_str() {
        "none" => "statements are logged where they fail, with verifiers and never with passwords"
            .to_owned(),
        level => format!(
            "log_statement is {level}: the log has the verifiers of passwords, and never a password"
        ),
    })
}

fn password_encryption(check: Check<'_>, seen: &Seen) -> Finding {
    if seen.survey.password_encryption == "md5" {
        return check.warning(
            "passwords that others set become md5 hashes, which PostgreSQL is about to give up; those of leases are SCRAM-SHA-256 all the same",
            "ALTER SYSTEM SET password_encryption = 'scram-sha-256'; SELECT pg_reload_conf();",
        );
    }
    check.ok(seen.survey.password_encryption.clone())
}

/// A revocation locks the roles of a whole batch; other sessions need room too.
fn lock_table(check: Check<'_>, seen: &Seen) -> Finding {
    let slots = seen.survey.lock_slots;
    let wanted = u32::try_from(2 * BATCH).unwrap_or(u32::MAX);
    if slots < wanted {
        let enough = wanted.div_ceil(seen.survey.lock_sessions.max(1)).max(64);
        return check.warning(
            format!("the server has room for {slots} locks, and a sweep takes one for each of up to {BATCH} leases at once"),
            format!("ALTER SYSTEM SET max_locks_per_transaction = {enough}; -- then restart the server"),
        );
    }
    check.ok(format!("room for {slots} locks"))
}

/// An access control list must fit into a page of 8 KiB with the rest of its table's row: some 2,400 grantees do.
fn table_acl(check: Check<'_>, admin: &Admin, seen: &Seen) -> Finding {
    match &seen.survey.longest_acl {
        Some((table, length)) if *length > 1_000 => check.warning(
            format!(
                "table {table} has privileges of {length} roles; at some 2,400 every grant fails with \"row is too big\""
            ),
            format!("pgcreds sweep --connection {}", admin.server.name()),
        ),
        Some((table, length)) => check.ok(format!("table {table} has the most grantees: {length}")),
        None => check.ok("no table has grantees"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn clocks_may_differ_by_five_seconds() {
        let check = Check {
            name: "clock",
            subject: "connection main",
        };
        for (skew, status) in [
            (0.0, Status::Ok),
            (-5.0, Status::Ok),
            (5.1, Status::Warning),
            (-5.1, Status::Warning),
        ] {
            assert_eq!(clock(check, skew).status, status, "{skew}");
        }
        assert_eq!(
            clock(check, -61.2).detail,
            "this host's clock is 61 s behind the server's"
        );
    }
}
