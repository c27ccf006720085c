//! Revoking leases that were named one by one, wherever they are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use anyhow::Result;

use crate::failure::{self, Failure};
use crate::model::lease::Lease;
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops::ask::ask_all;
use crate::ops::connect::Admin;
use crate::ops::history::{self, Remembered};
use crate::ops::report::{FailedLease, Report, Unreachable};
use crate::ops::revoke::Revocation;
use crate::ops::servers::by_server;
use crate::ops::trace;
use crate::postgres::error::DatabaseError;
use crate::postgres::identity::Identity;
use crate::postgres::ledger::{self, Filter};
use crate::postgres::revocation::Which;
use crate::state::State;

/// Why a lease cannot be revoked by this admin.
const OF_ANOTHER: &str =
    "the admin of this connection has no ADMIN OPTION on it: another admin issued it";

/// A connection and those of the named leases that are there.
struct Place {
    admin: Admin,
    server: Identity,
    leases: Vec<Lease>,
}

/// Revokes these leases, on every server that has them. Those that are on none count as revoked where their own server was
/// asked; where the audit log does not know which that is, all of the state file have to be.
///
/// Fails before anything is done when an id is a role that pgcreds did not make, or is no id and names no lease.
pub(crate) async fn revoke(
    state: &State,
    connections: &[ConnectionName],
    ids: &[LeaseId],
    session_timeout: Duration,
) -> Result<Report> {
    let mut report = Report::default();
    let mut places = Vec::new();
    let locate = async |admin| locate(admin, ids).await;
    for (name, place) in ask_all(state, connections, locate).await {
        match place {
            Ok(place) => places.push(place),
            Err(error) => report.unreachable(&name, &error),
        }
    }
    let found: HashSet<&LeaseId> = places.iter().flat_map(Place::ids).collect();
    let missing: Vec<LeaseId> = ids
        .iter()
        .filter(|id| !found.contains(id))
        .cloned()
        .collect();
    let mut refused = refuse_strangers(&mut places, &missing, &mut report).await;
    report.reached = places.len();
    let asked: Vec<ConnectionName> = places
        .iter()
        .map(|place| place.admin.server.name().clone())
        .collect();
    if report.unreachable.is_empty() {
        refused = refused.and_then(|()| refuse_impossible(&missing));
    }
    trace::refused_ids(state, ids, refused)?;
    for server in by_server(places, |place| &place.server) {
        report.add_server(revoke_on_server(state, &server, session_timeout).await);
    }
    trace::unreachable(state, Which::All, &report.unreachable);
    tell_gone_from_unasked(state, &asked, missing, &mut report);
    report.finish();
    Ok(report)
}

/// Tells leases that are gone from those that may be on a server that was not asked.
fn tell_gone_from_unasked(
    state: &State,
    asked: &[ConnectionName],
    missing: Vec<LeaseId>,
    report: &mut Report,
) {
    if missing.is_empty() {
        return;
    }
    let remembered = history::remembered(&state.audit, &missing, asked);
    let mut remembered = remembered.unwrap_or_else(|error| {
        report.notes.push(failure::one_line(&error));
        HashMap::new()
    });
    for id in missing {
        let lease = remembered.remove(&id);
        let lease = lease.unwrap_or_else(|| Remembered::unknown(&id));
        let unasked = lease.unasked(state, asked);
        if unasked.is_empty() {
            report.revoked.push(id.clone());
            report.gone.push(id);
            continue;
        }
        for connection in unasked {
            report.unasked.push(FailedLease {
                lease_id: id.clone(),
                error: why_unasked(state, &report.unreachable, &connection).to_owned(),
                connection,
            });
        }
    }
}

fn why_unasked(
    state: &State,
    unreachable: &[Unreachable],
    connection: &ConnectionName,
) -> &'static str {
    if unreachable.iter().any(|it| it.connection == *connection) {
        return "it could not be asked";
    }
    match state.connections.contains_key(connection) {
        true => "it was not asked",
        false => "it was not asked: add it again, the state file does not have it any more",
    }
}

/// Revokes leases of one server, each through one of the connections that lead to it, if possible one whose admin may
/// administer it, and among these the one that it was issued through.
async fn revoke_on_server(state: &State, places: &[Place], session_timeout: Duration) -> Report {
    let mut report = Report::default();
    let mut ways = BTreeMap::<u32, (usize, &Lease)>::new();
    for (at, place) in places.iter().enumerate() {
        for lease in &place.leases {
            let way = ways.entry(lease.oid).or_insert((at, lease));
            let rank = |at: usize, lease: &Lease| {
                let is_its_own = *places[at].admin.server.name() == lease.marker.connection;
                (lease.is_ours, is_its_own)
            };
            if rank(at, lease) > rank(way.0, way.1) {
                *way = (at, lease);
            }
        }
    }
    for (at, Place { admin, .. }) in places.iter().enumerate() {
        let here = ways.values().filter(|(way, _)| *way == at);
        let here = here.map(|(_, lease)| *lease);
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
    report
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

impl Place {
    fn ids(&self) -> impl Iterator<Item = &LeaseId> {
        self.leases.iter().map(|lease| &lease.marker.lease)
    }
}

/// Finds those of the leases that the connection's server has.
async fn locate(admin: Admin, ids: &[LeaseId]) -> Result<Place> {
    let name = admin.server.name();
    let failure = |error: DatabaseError| {
        error.failure(format!(
            "could not look for leases on connection \"{name}\""
        ))
    };
    let leases = ledger::leases(&admin.session, &Filter::by_id(ids)).await;
    let leases = leases.map_err(failure)?;
    let server = Identity::of(&admin.session).await.map_err(failure)?;
    Ok(Place {
        admin,
        server,
        leases,
    })
}

/// Refuses names of roles that exist and are no leases. A place that cannot be asked is left out from then on.
async fn refuse_strangers(
    places: &mut Vec<Place>,
    missing: &[LeaseId],
    report: &mut Report,
) -> Result<()> {
    for place in std::mem::take(places) {
        match first_stranger(&place.admin, missing).await {
            Ok(None) => places.push(place),
            Ok(Some(id)) => {
                return Err(
                    Failure::request(format!("role \"{id}\" is not a lease of pgcreds"))
                        .hint("pgcreds touches only logins that it made: see pgcreds lease list.")
                        .into(),
                );
            }
            Err(error) => report.unreachable(place.admin.server.name(), &error),
        }
    }
    Ok(())
}

/// The first of these names that is a role.
async fn first_stranger<'a>(admin: &Admin, missing: &'a [LeaseId]) -> Result<Option<&'a LeaseId>> {
    for id in missing {
        let is_role = ledger::is_role(&admin.session, id).await;
        if is_role.map_err(|error| error.failure(format!("could not look for role \"{id}\"")))? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
