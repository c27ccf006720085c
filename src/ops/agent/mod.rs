//! Keeping files filled with valid credentials: one keeper a file, one worker a server, at most one connection a worker.

mod health;
mod keeper;
mod on_change;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::model::name::{ConnectionName, FileName, Label};
use crate::ops::report::Report;
use crate::state::State;
use crate::ui::Log;
use health::Health;
use keeper::Keeper;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Not yet.
    None,
    /// To read the state file again.
    Reload,
    /// For good.
    Stop,
}

/// The keepers of all files, between two readings of the state file.
pub(crate) struct Agent {
    settings: Settings,
    keepers: BTreeMap<FileName, Keeper>,
}

impl Agent {
    /// An agent for the files of this state file. Fails when a file or its role does not exist, or its template is wrong.
    pub(crate) fn new(state: &State, settings: Settings) -> Result<Self> {
        let mut agent = Self {
            settings,
            keepers: BTreeMap::new(),
        };
        agent.keepers = agent.wanted(state)?;
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
                Ok((
                    name.clone(),
                    Keeper::new(state, name, &self.settings.issued_by)?,
                ))
            })
            .collect()
    }

    /// Takes a new state file over: files that are described as before keep their leases; the others are given up.
    /// Changes nothing when it fails.
    pub(crate) async fn reload(&mut self, old: &State, new: &State) -> Result<()> {
        let mut keepers = self.wanted(new)?;
        let mut dropped = BTreeMap::new();
        for (name, keeper) in std::mem::take(&mut self.keepers) {
            match keepers.get_mut(&name) {
                Some(wanted) if wanted.is_same(&keeper) => *wanted = keeper,
                // Its leases are revoked after a while, and the new description fills the file.
                Some(wanted) => wanted.inherit(keeper),
                None => {
                    dropped.insert(name, keeper);
                }
            }
        }
        let report = self.give_up(old, dropped).await;
        self.log_failures(&report);
        self.keepers = keepers;
        Ok(())
    }

    /// Keeps the files until `pause` says otherwise, and calls `on_ready` once all were written.
    pub(crate) async fn run(
        &mut self,
        state: &State,
        pause: watch::Receiver<Pause>,
        on_ready: &dyn Fn(),
    ) {
        let health = Health::new(
            self.settings.health_file.clone(),
            self.keepers.keys(),
            on_ready,
        );
        let mut workers = BTreeMap::<ConnectionName, Vec<&mut Keeper>>::new();
        for keeper in self.keepers.values_mut() {
            workers
                .entry(keeper.connection().clone())
                .or_default()
                .push(keeper);
        }
        let workers = workers.into_iter().map(|(connection, keepers)| {
            let worker = Worker::new(state, connection, keepers, self.settings.log, &health);
            worker.run(pause.clone())
        });
        join_all(workers).await;
    }

    /// Writes each file once, and returns the failures.
    pub(crate) async fn fill(&mut self, state: &State) -> Vec<(FileName, anyhow::Error)> {
        let log = self.settings.log;
        let mut failures = Vec::new();
        for (name, keeper) in &mut self.keepers {
            if let Err(error) = keeper.fill(state, log).await {
                failures.push((name.clone(), error));
            }
        }
        failures
    }

    /// Revokes all leases and removes the files.
    pub(crate) async fn stop(mut self, state: &State) -> Report {
        let keepers = std::mem::take(&mut self.keepers);
        let report = self.give_up(state, keepers).await;
        self.log_failures(&report);
        if let Some(path) = &self.settings.health_file
            && let Err(error) = std::fs::remove_file(path)
        {
            self.settings
                .log
                .event("health_failed", &[("error", &error.to_string())]);
        }
        report
    }

    async fn give_up(&self, state: &State, keepers: BTreeMap<FileName, Keeper>) -> Report {
        let mut by_connection = BTreeMap::<ConnectionName, Vec<u32>>::new();
        for keeper in keepers.into_values() {
            let connection = keeper.connection().clone();
            by_connection
                .entry(connection)
                .or_default()
                .extend(keeper.remove(self.settings.log));
        }
        let ends = by_connection
            .into_iter()
            .map(|(connection, oids)| worker::revoke(state, connection, oids));
        let mut report = Report::default();
        for part in join_all(ends).await {
            report.merge(part);
        }
        for lease in &report.revoked {
            self.settings
                .log
                .event("revoked", &[("lease", lease.as_str())]);
        }
        report
    }

    fn log_failures(&self, report: &Report) {
        let log = self.settings.log;
        for failed in &report.failed {
            log.event(
                "revoke_failed",
                &[
                    ("lease", failed.lease_id.as_str()),
                    ("error", &failed.error),
                ],
            );
        }
        for unreachable in &report.unreachable {
            let connection = unreachable.connection.as_str();
            log.event(
                "unreachable",
                &[("connection", connection), ("error", &unreachable.error)],
            );
        }
    }
}
