//! What the audit log is told of what ops did.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::failure::{Kind, kind, one_line};
use crate::model::event::{Event, EventKind, Outcome};
use crate::model::lease::Lease;
use crate::model::marker::Marker;
use crate::model::name::{ConnectionName, LeaseId};
use crate::model::reassigned::Reassigned;
use crate::ops::batch::{CAN_LOG_IN, CANNOT_CUT, Fallen};
use crate::ops::connect::Admin;
use crate::ops::report::Unreachable;
use crate::postgres::error::DatabaseError;
use crate::postgres::revocation::Which;
use crate::state::State;

/// Notes the event when the result is a failure, and hands the result on.
pub(crate) fn failure<T>(
    state: &State,
    event: impl FnOnce() -> Event,
    result: Result<T>,
) -> Result<T> {
    if let Err(error) = &result {
        state.audit.note(&failed(event(), error));
    }
    result
}

/// The event, with the error that ended it.
pub(super) fn failed(event: Event, error: &anyhow::Error) -> Event {
    let outcome = match kind(error) {
        Kind::Request => Outcome::Refused,
        _ => Outcome::Failed,
    };
    event.failed(outcome, &one_line(error))
}

/// An event of a lease on the server that it was found on.
pub(super) fn on_server(event: EventKind, admin: &Admin, lease: &Lease) -> Event {
    Event::of(event, &lease.marker)
        .connection(admin.server.name())
        .database(&admin.session.address().dbname)
        .expires_at(&lease.expires_at)
}

/// A failure to reach a server.
pub(super) fn connect(connection: &ConnectionName) -> Event {
    Event::new(EventKind::Connect).connection(connection)
}

fn ending(which: Which) -> EventKind {
    match which {
        Which::Due => EventKind::Sweep,
        Which::All => EventKind::Revoke,
    }
}

/// Notes what became of the leases of a batch, and who owns now what they owned, with one write. Those that were passed
/// over get no line.
pub(super) fn revoked(
    state: &State,
    (which, admin): (Which, &Admin),
    (given, reassigned): (&[Lease], &[Reassigned]),
    fallen: &[Fallen],
    gone: Result<&Vec<LeaseId>, &DatabaseError>,
) {
    let fallen: HashMap<u32, &str> = fallen
        .iter()
        .map(|(lease, error)| (lease.oid, error.as_str()))
        .collect();
    let (gone, lost): (HashSet<&LeaseId>, _) = match gone {
        Ok(gone) => (gone.iter().collect(), None),
        Err(error) => (HashSet::new(), Some(error.to_string())),
    };
    let events = given.iter().filter_map(|lease| {
        let of_lease = reassigned
            .iter()
            .filter(|it| it.lease_id == lease.marker.lease);
        let event =
            || on_server(ending(which), admin, lease).reassigned(of_lease.cloned().collect());
        match (fallen.get(&lease.oid), &lost) {
            (Some(error), _)
                if [CAN_LOG_IN, CANNOT_CUT]
                    .iter()
                    .any(|it| error.starts_with(it)) =>
            {
                Some(event().failed(Outcome::Failed, error))
            }
            (Some(error), _) => Some(event().failed(Outcome::Partial, error)),
            (None, Some(error)) => Some(event().failed(Outcome::Failed, error)),
            (None, None) => gone.contains(&lease.marker.lease).then(event),
        }
    });
    state.audit.note_all(&events.collect::<Vec<Event>>());
}

/// Notes leases that another admin has to revoke.
pub(super) fn refused(state: &State, admin: &Admin, leases: &[&Lease], error: &str) {
    let events = leases
        .iter()
        .map(|lease| on_server(EventKind::Revoke, admin, lease).failed(Outcome::Refused, error));
    state.audit.note_all(&events.collect::<Vec<Event>>());
}

/// Notes a revocation that was refused before anything was done.
pub(super) fn refused_ids<T>(state: &State, ids: &[LeaseId], result: Result<T>) -> Result<T> {
    if let Err(error) = &result {
        let events = ids
            .iter()
            .map(|id| failed(Event::new(EventKind::Revoke).lease(id), error));
        state.audit.note_all(&events.collect::<Vec<Event>>());
    }
    result
}

/// Notes a sweep, or a revocation of many leases, that was refused before anything was done.
pub(super) fn refused_sweep<T>(state: &State, which: Which, result: Result<T>) -> Result<T> {
    failure(state, || Event::new(ending(which)), result)
}

/// Notes the connections that could not be used to the end.
pub(super) fn unreachable(state: &State, which: Which, connections: &[Unreachable]) {
    let events = connections.iter().map(|unreachable| {
        Event::new(ending(which))
            .connection(&unreachable.connection)
            .failed(Outcome::Failed, &unreachable.error)
    });
    state.audit.note_all(&events.collect::<Vec<Event>>());
}

/// Notes that a command starts with a lease.
pub(crate) fn exec_start(state: &State, marker: &Marker, program: &str) {
    let event = Event::of(EventKind::ExecStart, marker).command(program.to_owned());
    state.audit.note(&event);
}

/// Notes the end of a command that ran with a lease, or that it could not be run.
pub(crate) fn exec_end(state: &State, marker: &Marker, code: u8, error: Option<&str>) {
    let event = Event::of(EventKind::ExecEnd, marker).exit_code(code);
    state.audit.note(&match error {
        Some(error) => event.failed(Outcome::Failed, error),
        None => event,
    });
}
