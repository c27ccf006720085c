//! Leases that were replaced: revoked once their readers have had the time to read the file again.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use crate::model::name::{ConnectionName, LeaseId};
use crate::model::reassigned::Reassigned;
use crate::model::ttl::Ttl;
use crate::ops::connect::{self, Admin};
use crate::ops::report::Report;
use crate::ops::revoke::Revocation;
use crate::ops::trace;
use crate::postgres::ledger::{self, Filter};
use crate::postgres::revocation::Which;
use crate::state::State;
use crate::ui::Log;

/// How long sessions of a replaced lease may take to end.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// A lease that nobody needs any more. It is known by its name: its server may have been replaced by another one, on
/// which its oid is somebody else's.
pub(super) struct Retired {
    pub(super) due_at: Instant,
    pub(super) lease: LeaseId,
}

impl Retired {
    /// A lease that nobody has seen.
    pub(super) fn now(lease: LeaseId) -> Self {
        Self {
            due_at: Instant::now(),
            lease,
        }
    }

    /// A lease that somebody may have read just now.
    pub(super) fn after(grace: Ttl, lease: LeaseId) -> Self {
        Self {
            due_at: Instant::now() + Duration::from_secs(grace.as_seconds()),
            lease,
        }
    }
}

/// Revokes leases over a connection of its own.
pub(super) async fn revoke(
    state: &State,
    connection: ConnectionName,
    leases: Vec<LeaseId>,
    log: Log,
) -> Report {
    if leases.is_empty() {
        return Report::default();
    }
    match connect::open_anywhere(state, &connection).await {
        Ok(admin) => revoke_with(state, &admin, &leases, log).await,
        Err(error) => {
            let mut report = Report::default();
            report.unreachable(&connection, &error);
            trace::unreachable(state, Which::All, &report.unreachable);
            report
        }
    }
}

/// Revokes leases; those that are gone already count as revoked, but are not reported. Logs who owns now what they owned.
pub(super) async fn revoke_with(
    state: &State,
    admin: &Admin,
    leases: &[LeaseId],
    log: Log,
) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_revoke(state, admin, leases, &mut report).await {
        report.unreachable(admin.server.name(), &error);
    }
    for reassigned in &report.reassigned {
        log_reassigned(reassigned, log);
    }
    report
}

fn log_reassigned(reassigned: &Reassigned, log: Log) {
    let lease = ("lease", reassigned.lease_id.as_str());
    log.event(
        "reassigned",
        &[
            lease,
            ("connection", reassigned.connection.as_str()),
            ("database", &reassigned.database),
            ("new_owner", &reassigned.new_owner),
        ],
    );
    if let Some(warning) = reassigned.warning() {
        log.event("warning", &[lease, ("text", &warning)]);
    }
}

async fn try_revoke(
    state: &State,
    admin: &Admin,
    leases: &[LeaseId],
    report: &mut Report,
) -> Result<()> {
    // A filter without leases is one for all of them.
    if leases.is_empty() {
        return Ok(());
    }
    let found = ledger::leases(&admin.session, &Filter::by_id(leases))
        .await
        .map_err(|error| error.failure("could not look for replaced leases".to_owned()))?;
    let oids: Vec<u32> = found.iter().map(|lease| lease.oid).collect();
    let revocation = Revocation {
        admin,
        state,
        which: Which::All,
        session_timeout: SESSION_TIMEOUT,
    };
    revocation.run(&oids, report, &|_| ()).await
}
