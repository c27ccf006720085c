//! Keeping files filled with valid credentials: one keeper a file, one worker a server, at most one connection a worker.

mod health;
mod keeper;
mod kept;
mod on_change;
mod output;
mod retired;
mod worker;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Result;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::name::{ConnectionName, FileName, Label, LeaseId};
use crate::ops::connect;
use crate::ops::report::Report;
use crate::ops::trace;
use crate::state::State;
use crate::ui::Log;
use health::Health;
pub(crate) use health::Supervisor;
use keeper::Keeper;
use retired::Retired;
use worker::Worker;

/// What all parts of the agent know.
pub(crate) struct Settings {
    /// The files to keep; empty is all of the state file.
    pub(crate) names: Vec<FileName>,
    pub(crate) issued_by: Label,
    pub(crate) log: Log,
    /// Written for probes, if it is wanted.
    pub(crate) health_file: Option<PathBuf>,
}

/// Why the agent leaves its files for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Pause {
    /// Not yet.
    None,
    /// To read the state file again.
    Reload,
    /// For good.
    Stop,
    /// At once: somebody does not want to wait for a server.
    Abandon,
}

/// The keepers of all files, between two readings of the state file.
pub(crate) struct Agent {
    settings: Settings,
    keepers: BTreeMap<FileName, Keeper>,
    /// Leases that were replaced and are still to be revoked.
    retired: BTreeMap<ConnectionName, Vec<Retired>>,
}

/// Files that could not be filled, and why.
pub(crate) type Unfilled = (Vec<FileName>, anyhow::Error);

impl Agent {
    /// An agent for the files of this state file. Fails when a file or its role does not exist, its template is wrong, or
    /// another process keeps it.
    pub(crate) fn new(state: &State, settings: Settings) -> Result<Self> {
        let mut agent = Self {
            settings,
            keepers: BTreeMap::new(),
            retired: BTreeMap::new(),
        };
        agent.keepers = agent.wanted(state)?;
        agent.keepers.values_mut().try_for_each(Keeper::claim)?;
        Ok(agent)
    }

    /// How many files it keeps.
    pub(crate) fn len(&self) -> usize {
        self.keepers.len()
    }

    /// Whether it keeps none.
    pub(crate) fn is_empty(&self) -> bool {
        self.keepers.is_empty()
    }

    fn wanted(&self, state: &State) -> Result<BTreeMap<FileName, Keeper>> {
        let names: Vec<&FileName> = match self.settings.names.as_slice() {
            [] => state.files.keys().collect(),
            names => names.iter().collect(),
        };
        names
            .into_iter()
            .map(|name| {
                let keeper = Keeper::new(state, name, &self.settings.issued_by)?;
                Ok((name.clone(), keeper))
            })
            .collect()
    }

    /// Takes a new state file over: files that are described as before keep their leases; those that are described in
    /// another way get new ones, and the old ones live on for a while; the others are given up.
    /// Changes nothing when it fails.
    pub(crate) async fn reload(&mut self, old: &State, new: &State) -> Result<()> {
        let mut keepers = self.wanted(new)?;
        let mut dropped = BTreeMap::<ConnectionName, Vec<LeaseId>>::new();
        for (name, keeper) in std::mem::take(&mut self.keepers) {
            let connection = keeper.connection().clone();
            match keepers.get_mut(&name) {
                Some(wanted) if wanted.is_same(&keeper) => *wanted = keeper,
                Some(wanted) => {
                    let retired = self.retired.entry(connection).or_default();
                    retired.extend(wanted.take_over(keeper, self.settings.log));
                }
                None => {
                    keeper.remove(self.settings.log);
                    let leases = keeper
                        .into_retired()
                        .into_iter()
                        .map(|retired| retired.lease);
                    dropped.entry(connection).or_default().extend(leases);
                }
            }
        }
        // Whoever took the connection out of the state file has no place left from which they could be revoked later.
        let (retired, gone) = std::mem::take(&mut self.retired)
            .into_iter()
            .partition(|(connection, _)| new.connections.contains_key(connection));
        self.retired = retired;
        let gone: BTreeMap<ConnectionName, Vec<Retired>> = gone;
        for (connection, retired) in gone {
            let leases = retired.into_iter().map(|retired| retired.lease);
            dropped.entry(connection).or_default().extend(leases);
        }
        self.revoke(old, dropped).await;
        self.keepers = keepers;
        Ok(())
    }

    /// Keeps the files until `pause` says otherwise.
    pub(crate) async fn run(
        &mut self,
        state: &State,
        mut pause: watch::Receiver<Pause>,
        supervisor: &dyn Supervisor,
    ) {
        let files = self.keepers.values();
        let files = files.map(|keeper| (keeper.name().clone(), keeper.health()));
        let health_file = self.settings.health_file.clone();
        let health = Health::new(health_file, files.collect(), supervisor);
        // What an agent before this one left must not be taken for the truth.
        health.publish(self.settings.log);
        let mut keepers = BTreeMap::<ConnectionName, Vec<&mut Keeper>>::new();
        for connection in self.retired.keys() {
            keepers.insert(connection.clone(), Vec::new());
        }
        for keeper in self.keepers.values_mut() {
            let connection = keeper.connection().clone();
            keepers.entry(connection).or_default().push(keeper);
        }
        let workers = keepers.into_iter().map(|(connection, keepers)| {
            let worker = Worker {
                state,
                retired: self.retired.remove(&connection).unwrap_or_default(),
                connection,
                keepers,
                log: self.settings.log,
                health: &health,
                ask_at: Instant::now(),
            };
            worker.run(pause.clone())
        });
        let workers: Vec<_> = workers.collect();
        let left = join_all(workers).await;
        self.retired = left
            .into_iter()
            .filter(|(_, retired)| !retired.is_empty())
            .collect();
        // Without files there are no workers.
        let _ = pause.wait_for(|pause| *pause != Pause::None).await;
    }

    /// Writes each file once, and returns the failures. A lease that could not be written is revoked again.
    pub(crate) async fn fill(&mut self, state: &State) -> Vec<Unfilled> {
        let log = self.settings.log;
        let mut by_connection = BTreeMap::<ConnectionName, Vec<&mut Keeper>>::new();
        for keeper in self.keepers.values_mut() {
            let connection = keeper.connection().clone();
            by_connection.entry(connection).or_default().push(keeper);
        }
        let all = by_connection
            .into_iter()
            .map(|(connection, keepers)| fill(state, connection, keepers, log));
        let mut failures: Vec<Unfilled> = join_all(all).await.into_iter().flatten().collect();
        failures.sort_by(|(one, _), (other, _)| one.cmp(other));
        failures
    }

    /// Revokes all leases and removes the files, these first.
    pub(crate) async fn stop(mut self, state: &State) -> Report {
        self.remove_health_file();
        let mut leases = BTreeMap::<ConnectionName, Vec<LeaseId>>::new();
        for keeper in std::mem::take(&mut self.keepers).into_values() {
            keeper.remove(self.settings.log);
            let connection = keeper.connection().clone();
            let retired = self.retired.entry(connection).or_default();
            retired.extend(keeper.into_retired());
        }
        for (connection, retired) in std::mem::take(&mut self.retired) {
            let names = retired.into_iter().map(|retired| retired.lease);
            leases.insert(connection, names.collect());
        }
        self.revoke(state, leases).await
    }

    /// Leaves the files and the leases as they are.
    pub(crate) fn leave(self) {
        self.remove_health_file();
    }

    /// Nobody writes it any more.
    fn remove_health_file(&self) {
        let Some(path) = &self.settings.health_file else {
            return;
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let error = error.to_string();
                self.settings
                    .log
                    .event("health_failed", &[("error", &error)]);
            }
            _ => {}
        }
    }

    async fn revoke(
        &self,
        state: &State,
        leases: BTreeMap<ConnectionName, Vec<LeaseId>>,
    ) -> Report {
        let log = self.settings.log;
        let ends = leases
            .into_iter()
            .map(|(connection, leases)| retired::revoke(state, connection, leases, log));
        let mut report = Report::default();
        for part in join_all(ends).await {
            report.add_server(part);
        }
        self.log_report(&report);
        report
    }

    fn log_report(&self, report: &Report) {
        let log = self.settings.log;
        for lease in &report.revoked {
            log.event("revoked", &[("lease", lease.as_str())]);
        }
        for failed in &report.failed {
            let lease = ("lease", failed.lease_id.as_str());
            log.event("revoke_failed", &[lease, ("error", &failed.error)]);
        }
        for unreachable in &report.unreachable {
            let connection = ("connection", unreachable.connection.as_str());
            log.event("unreachable", &[connection, ("error", &unreachable.error)]);
        }
    }
}

/// Writes the files of one server over one connection.
async fn fill(
    state: &State,
    connection: ConnectionName,
    keepers: Vec<&mut Keeper>,
    log: Log,
) -> Vec<Unfilled> {
    let opened = connect::open(state, &connection).await;
    let admin = match trace::failure(state, || trace::connect(&connection), opened) {
        Ok(admin) => admin,
        Err(error) => {
            let names = keepers.into_iter().map(|keeper| keeper.name().clone());
            return vec![(names.collect(), error)];
        }
    };
    let mut failures = Vec::new();
    let mut useless = Vec::new();
    for keeper in keepers {
        if let Err(error) = keeper.replace(state, &admin, log).await {
            failures.push((vec![keeper.name().clone()], error));
            useless.extend(keeper.take_unwritten());
            useless.extend(
                keeper
                    .take_retired()
                    .into_iter()
                    .map(|retired| retired.lease),
            );
        }
        keeper.told().await;
    }
    let report = retired::revoke_with(state, &admin, &useless, log).await;
    for unreachable in &report.unreachable {
        let connection = ("connection", connection.as_str());
        log.event("unreachable", &[connection, ("error", &unreachable.error)]);
    }
    failures
}
