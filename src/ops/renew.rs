//! Giving a lease more time.

use anyhow::Result;

use crate::failure::Failure;
use crate::model::event::{Event, EventKind};
use crate::model::lease::Lease;
use crate::model::name::{ConnectionName, LeaseId};
use crate::model::role::Role;
use crate::model::ttl::Ttl;
use crate::ops::connect::Admin;
use crate::ops::leases::{Found, Search, find};
use crate::ops::trace;
use crate::postgres::error::DatabaseError;
use crate::postgres::renewal::{self, Renewed};
use crate::postgres::retry::on_conflict;
use crate::state::State;

/// Renews the lease with this id: its new end is the server's now + `ttl` (else its role's default), but not beyond the
/// lease's last end.
pub(crate) async fn renew(
    state: &State,
    connections: &[ConnectionName],
    id: &LeaseId,
    ttl: Option<Ttl>,
) -> Result<(Lease, Renewed)> {
    let found = match find(state, connections, id).await {
        Ok(search) => found_by(search, id),
        Err(error) => Err(error),
    };
    let event = || Event::new(EventKind::Renew).lease(id);
    let Found { mut lease, admin } = trace::failure(state, event, found)?;
    let renewed = extend(state, &admin, &lease, ttl).await?;
    lease.expires_at.clone_from(&renewed.expires_at);
    Ok((lease, renewed))
}

/// What was found. Where a connection could not be asked, the lease may be there.
fn found_by(search: Search, id: &LeaseId) -> Result<Found> {
    if let Some(found) = search.found {
        return Ok(found);
    }
    match search.failures.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Err(Failure::request(format!("lease \"{id}\" not found"))
            .hint("It may have ended and been swept. See what there is with: pgcreds lease list")
            .into()),
    }
}

/// Gives a lease that was found on this server its new end.
pub(super) async fn extend(
    state: &State,
    admin: &Admin,
    lease: &Lease,
    ttl: Option<Ttl>,
) -> Result<Renewed> {
    let event = || trace::on_server(EventKind::Renew, admin, lease);
    let renewed = trace::failure(state, event, try_extend(state, admin, lease, ttl).await)?;
    // The lease lives on already: its line must not turn that into a failure.
    state.audit.note(&event().expires_at(&renewed.expires_at));
    Ok(renewed)
}

async fn try_extend(
    state: &State,
    admin: &Admin,
    lease: &Lease,
    ttl: Option<Ttl>,
) -> Result<Renewed> {
    let role = role_of(state, lease);
    let marker = &lease.marker;
    let ttl = ttl
        .or_else(|| role.map(|role| role.default_ttl))
        .ok_or_else(|| {
            Failure::request(format!(
                "role \"{}\" of lease \"{}\" is not in the state file",
                marker.role, marker.lease
            ))
            .hint("Say how long it shall live on with --ttl.")
        })?;
    let statements = role.map(|role| &role.renew_statements);
    if !statements.is_none_or(|statements| statements.can_name(marker.lease.as_str())) {
        return Err(Failure::request(format!(
            "lease \"{}\" cannot be renewed: its name may not be filled into the renew_statements of role \"{}\"",
            marker.lease, marker.role
        ))
        .hint("Write \"{{name}}\" or '{{name}}' there, in quotes of its own. With quotes in the name itself, pgcreds did not make it.")
        .into());
    }
    if let Some(refusal) = admin.session.refused()
        && statements.is_some_and(|statements| !statements.is_empty())
    {
        return Err(Failure::server(format!(
            "could not renew lease \"{}\": its renew_statements could not run: {refusal}",
            marker.lease
        ))
        .into());
    }
    let is_conflict = |error: &anyhow::Error| {
        error
            .downcast_ref::<DatabaseError>()
            .is_some_and(DatabaseError::is_conflict)
    };
    on_conflict(is_conflict, async |_| {
        let renewed = renewal::extend(&admin.session, lease, ttl, role).await;
        if renewed.is_err() {
            admin.session.rollback().await;
        }
        renewed
    })
    .await
}

/// The recipe that made it, if this state file still has it.
fn role_of<'a>(state: &'a State, lease: &Lease) -> Option<&'a Role> {
    let role = state.roles.get(&lease.marker.role);
    role.filter(|role| role.connection == lease.marker.connection)
}
