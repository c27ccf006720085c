//! Revoking leases that were named one by one, wherever they are.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;

use crate::failure::Failure;
use crate::model::lease::Lease;
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops::connect::{Admin, open_all};
use crate::ops::report::{FailedLease, Report};
use crate::ops::revoke::Revocation;
use crate::ops::trace;
use crate::postgres::ledger::{self, Filter};
use crate::postgres::revocation::Which;
use crate::state::State;

/// Why a lease cannot be revoked by this admin.
const OF_ANOTHER: &str =
    "the admin of this connection has no ADMIN OPTION on it: another admin issued it";

/// Revokes these leases. Those that no server has any more count as revoked.
///
/// Fails before anything is done when an id is a role that pgcreds did not make, or is no id and names no lease.
pub(crate) async fn revoke(
    state: &State,
    connections: &[ConnectionName],
    ids: &[LeaseId],
    session_timeout: Duration,
) -> Result<Report> {
    let mut report = Report::default();
    let mut admins = Vec::new();
    for (name, admin) in open_all(state, connections).await {
        match admin {
            Ok(admin) => admins.push(admin),
            Err(error) => report.unreachable(&name, &error),
        }
    }
    report.reached = admins.len();
    let found = locate(&admins, ids).await?;
    let missing: Vec<LeaseId> = ids
        .iter()
        .filter(|id| !found.contains_key(id))
        .cloned()
        .collect();
    let mut refused = refuse_strangers(&admins, &missing).await;
    if report.unreachable.is_empty() {
        refused = refused.and_then(|()| refuse_impossible(&missing));
    }
    trace::refused_ids(state, ids, refused)?;
    for (at, admin) in admins.iter().enumerate() {
        let here = found
            .values()
            .filter(|(place, _)| *place == at)
            .map(|(_, lease)| lease);
        let (ours, others): (Vec<&Lease>, Vec<&Lease>) = here.partition(|lease| lease.is_ours);
        trace::refused(state, admin, &others, OF_ANOTHER);
        report
            .failed
            .extend(others.into_iter().map(|lease| FailedLease {
                lease_id: lease.marker.lease.clone(),
                connection: admin.server.name().clone(),
                error: OF_ANOTHER.into(),
            }));
        let revocation = Revocation {
            admin,
            state,
            which: Which::All,
            session_timeout,
        };
        let oids: Vec<u32> = ours.iter().map(|lease| lease.oid).collect();
        if let Err(error) = revocation.run(&oids, &mut report, &|_| ()).await {
            report.unreachable(admin.server.name(), &error);
        }
    }
    trace::unreachable(state, Which::All, &report.unreachable);
    // Where a server could not be asked, it may be there.
    if report.unreachable.is_empty() {
        report.revoked.extend(missing.iter().cloned());
        report.gone = missing;
    }
    report.finish();
    Ok(report)
}

/// Refuses what cannot be the id of a lease that has ended: a label, a role, or a slip of the finger.
fn refuse_impossible(missing: &[LeaseId]) -> Result<()> {
    match missing.iter().find(|id| !id.is_generated()) {
        None => Ok(()),
        Some(id) => Err(Failure::request(format!("lease \"{id}\" not found"))
            .hint("Nothing was revoked. See what there is with: pgcreds lease list")
            .into()),
    }
}

/// Finds each lease; where two connections lead to it, one whose admin may administer it.
async fn locate(admins: &[Admin], ids: &[LeaseId]) -> Result<HashMap<LeaseId, (usize, Lease)>> {
    let mut found = HashMap::<LeaseId, (usize, Lease)>::new();
    for (at, admin) in admins.iter().enumerate() {
        let leases = ledger::leases(&admin.session, &Filter::by_id(ids))
            .await
            .map_err(|error| {
                error.failure(format!(
                    "could not look for leases on connection \"{}\"",
                    admin.server.name()
                ))
            })?;
        for lease in leases {
            let id = lease.marker.lease.clone();
            let is_better = found
                .get(&id)
                .is_none_or(|(_, other)| lease.is_ours && !other.is_ours);
            if is_better {
                found.insert(id, (at, lease));
            }
        }
    }
    Ok(found)
}

/// Refuses names of roles that exist and are no leases.
async fn refuse_strangers(admins: &[Admin], missing: &[LeaseId]) -> Result<()> {
    for id in missing {
        for admin in admins {
            let is_role = ledger::is_role(&admin.session, id).await;
            if is_role
                .map_err(|error| error.failure(format!("could not look for role \"{id}\"")))?
            {
                return Err(
                    Failure::request(format!("role \"{id}\" is not a lease of pgcreds"))
                        .hint("pgcreds touches only logins that it made: see pgcreds lease list.")
                        .into(),
                );
            }
        }
    }
    Ok(())
}
