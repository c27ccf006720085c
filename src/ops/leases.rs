//! Finding leases on all connections.

use std::collections::HashSet;

use anyhow::Result;

use crate::failure::Failure;
use crate::model::lease::Lease;
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops::ask::ask_all;
use crate::ops::connect::{self, Admin};
use crate::postgres::dependencies::describe;
use crate::postgres::error::DatabaseError;
use crate::postgres::ledger::{self, Entry, Filter};
use crate::state::State;

/// A lease and the session that it was found through.
pub(crate) struct Found {
    pub(crate) lease: Lease,
    pub(crate) admin: Admin,
}

impl Found {
    /// What depends on the login, in words: what it owns and what it was granted. `None` when nothing does.
    pub(crate) async fn dependencies(&self) -> Result<Option<String>> {
        let id = &self.lease.marker.lease;
        let failure =
            |error: DatabaseError| error.failure(format!("could not look at lease \"{id}\""));
        let words = describe(&self.admin.session, self.lease.oid)
            .await
            .map_err(failure)?;
        Ok(Some(words).filter(|words| !words.is_empty()))
    }
}

/// The connections that are asked: the named ones, else all of the state file.
pub(crate) fn connections(state: &State, named: &[ConnectionName]) -> Result<Vec<ConnectionName>> {
    for name in named {
        state.connection(name)?;
    }
    if named.is_empty() {
        return Ok(state.connections.keys().cloned().collect());
    }
    Ok(named.to_vec())
}

/// Lists leases of several connections, those that end first coming first on each, and each once: two connections can lead
/// to one server. Those of a single connection are handed on as they arrive. Returns the connections that could not be
/// asked.
pub(crate) async fn list(
    state: &State,
    connections: &[ConnectionName],
    filter: &Filter,
    visit: &mut dyn FnMut(Lease) -> Result<()>,
) -> Result<Vec<(ConnectionName, anyhow::Error)>> {
    if let [name] = connections {
        let admin = match connect::open_anywhere(state, name).await {
            Ok(admin) => admin,
            Err(error) => return Ok(vec![(name.clone(), error)]),
        };
        return match read(&admin, filter, visit).await {
            Err(error) if error.is::<DatabaseError>() => Ok(vec![(name.clone(), error)]),
            other => other.map(|()| Vec::new()),
        };
    }
    let question = async |admin| {
        let mut leases = Vec::new();
        let mut add = |lease| {
            leases.push(lease);
            Ok(())
        };
        read(&admin, filter, &mut add).await?;
        Ok(leases)
    };
    let mut failures = Vec::new();
    let mut seen = HashSet::new();
    for (name, leases) in ask_all(state, connections, question).await {
        match leases {
            Ok(leases) => {
                let mut new = leases.into_iter();
                new.try_for_each(|lease| match seen.insert(lease.marker.lease.clone()) {
                    true => visit(lease),
                    false => Ok(()),
                })?;
            }
            Err(error) => failures.push((name, error)),
        }
    }
    Ok(failures)
}

/// Reads the leases of one connection.
async fn read(
    admin: &Admin,
    filter: &Filter,
    visit: &mut dyn FnMut(Lease) -> Result<()>,
) -> Result<()> {
    let listed = ledger::for_each(&admin.session, filter, |entry| match entry {
        Entry::Lease(lease) => visit(lease),
        Entry::LeftAlone(..) => Ok(()),
    })
    .await;
    listed.map_err(|error| listing_failure(admin, error))
}

/// What failed when the server could not list leases; an error of the visitor stays what it is.
fn listing_failure(admin: &Admin, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<DatabaseError>() {
        Ok(error) => error.failure(format!(
            "could not list the leases of connection \"{}\"",
            admin.server.name()
        )),
        Err(error) => error,
    }
}

/// What came of looking for one lease.
#[derive(Default)]
pub(crate) struct Search {
    pub(crate) found: Option<Found>,
    /// Connections that could not be asked.
    pub(crate) failures: Vec<(ConnectionName, anyhow::Error)>,
}

/// Finds one lease by its id; prefers a connection whose admin may administer it.
///
/// Fails when the name is a role without a marker, and no lease anywhere.
pub(crate) async fn find(
    state: &State,
    connections: &[ConnectionName],
    id: &LeaseId,
) -> Result<Search> {
    let mut search = Search::default();
    let mut is_stranger = false;
    let look_up = async |admin| look_up(admin, id).await;
    for (name, result) in ask_all(state, connections, look_up).await {
        let is_better =
            |found: &Option<Found>| found.as_ref().is_none_or(|found| !found.lease.is_ours);
        match result {
            Ok(Sight::Lease(candidate)) if is_better(&search.found) => {
                search.found = Some(*candidate);
            }
            Ok(Sight::Stranger) => is_stranger = true,
            Ok(_) => {}
            Err(error) => search.failures.push((name, error)),
        }
    }
    if is_stranger && search.found.is_none() {
        return Err(
            Failure::request(format!("role \"{id}\" is not a lease of pgcreds"))
                .hint("pgcreds touches only logins that it made: see pgcreds lease list.")
                .into(),
        );
    }
    Ok(search)
}

/// What a server has under a name.
enum Sight {
    Lease(Box<Found>),
    /// A role without a marker.
    Stranger,
    Nothing,
}

async fn look_up(admin: Admin, id: &LeaseId) -> Result<Sight> {
    let failure =
        |error: DatabaseError| error.failure(format!("could not look for lease \"{id}\""));
    let mut leases = ledger::leases(&admin.session, &Filter::by_id(std::slice::from_ref(id)))
        .await
        .map_err(failure)?;
    if let Some(lease) = leases.pop() {
        return Ok(Sight::Lease(Box::new(Found { lease, admin })));
    }
    let is_role = ledger::is_role(&admin.session, id).await.map_err(failure)?;
    Ok(if is_role {
        Sight::Stranger
    } else {
        Sight::Nothing
    })
}

/// The names of the leases on the server that were made through this connection, also of those that a newer pgcreds made.
pub(crate) async fn of_connection(state: &State, name: &ConnectionName) -> Result<Vec<String>> {
    let filter = Filter {
        connection: Some(name.clone()),
        is_for_display: true,
        ..Filter::default()
    };
    let admin = connect::open_anywhere(state, name).await?;
    let mut names = Vec::new();
    let mut visit = |entry| {
        names.push(match entry {
            Entry::Lease(lease) => lease.marker.lease.to_string(),
            Entry::LeftAlone(name, _) => name,
        });
        Ok(())
    };
    let listed = ledger::for_each(&admin.session, &filter, &mut visit).await;
    listed.map_err(|error| listing_failure(&admin, error))?;
    Ok(names)
}
