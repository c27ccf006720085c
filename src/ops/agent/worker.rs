//! One server: does what is due for its files, one after the other, over one connection that lives no longer than that.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Pause;
use super::health::Health;
use super::keeper::Keeper;
use super::retired::{Retired, revoke_with};
use crate::failure::one_line;
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops::connect::{self, Admin};
use crate::ops::hold::PAUSES;
use crate::ops::trace;
use crate::postgres::ledger;
use crate::postgres::refusal::Refusal;
use crate::state::State;
use crate::ui::Log;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// The files of one server.
pub(super) struct Worker<'a> {
    pub(super) state: &'a State,
    pub(super) connection: ConnectionName,
    pub(super) keepers: Vec<&'a mut Keeper>,
    /// Replaced leases, also of files that are no longer kept.
    pub(super) retired: Vec<Retired>,
    pub(super) log: Log,
    pub(super) health: &'a Health<'a>,
    /// When to ask the server about the leases.
    pub(super) ask_at: Instant,
}

impl Worker<'_> {
    /// Works until it is told to pause; what has been begun is finished first. Returns the leases that are still to be
    /// revoked.
    pub(super) async fn run(
        mut self,
        mut pause: watch::Receiver<Pause>,
    ) -> (ConnectionName, Vec<Retired>) {
        loop {
            self.work(&mut pause).await;
            for keeper in &mut self.keepers {
                keeper.restore(self.log);
                self.health.note(keeper.name(), keeper.health());
            }
            self.health.publish(self.log);
            let look_at = Instant::now() + LOOK;
            tokio::select! {
                () = sleep_until(self.due_at().min(look_at)) => {}
                _ = pause.wait_for(|pause| *pause != Pause::None) => {
                    return (self.connection, self.retired);
                }
            }
        }
    }

    /// When the server is needed next.
    fn due_at(&self) -> Instant {
        let keepers = self.keepers.iter().map(|keeper| keeper.due_at());
        let retired = self.retired.iter().map(|retired| retired.due_at);
        let ask_at = self.ask_every().map(|_| self.ask_at);
        let first = keepers.chain(retired).chain(ask_at).min();
        first.unwrap_or_else(|| Instant::now() + LOOK)
    }

    /// How often to ask the server about the leases.
    fn ask_every(&self) -> Option<Duration> {
        let watched = self.keepers.iter().filter_map(|keeper| keeper.watched());
        watched.map(|(_, often)| often).min()
    }

    /// Does everything that is due.
    async fn work(&mut self, pause: &mut watch::Receiver<Pause>) {
        if self.due_at() > Instant::now() {
            return;
        }
        let admin = tokio::select! {
            admin = connect::open(self.state, &self.connection) => admin,
            _ = pause.wait_for(|pause| *pause != Pause::None) => return,
        };
        let event = || trace::connect(&self.connection);
        let admin = match trace::failure(self.state, event, admin) {
            Ok(admin) => admin,
            Err(error) => {
                if Refusal::of(&error).is_some()
                    && let Ok(admin) = connect::open_anywhere(self.state, &self.connection).await
                {
                    self.revoke_retired(&admin).await;
                }
                return self.all_failed(&error);
            }
        };
        if let Err(error) = self.ask(&admin).await {
            return self.all_failed(&error);
        }
        for keeper in &mut self.keepers {
            keeper.act(self.state, &admin, self.log).await;
            self.retired.extend(keeper.take_retired());
            self.health.note(keeper.name(), keeper.health());
            if *pause.borrow() != Pause::None {
                return;
            }
        }
        self.revoke_retired(&admin).await;
    }

    /// Asks the server about all leases that are in files.
    async fn ask(&mut self, admin: &Admin) -> Result<()> {
        let Some(often) = self.ask_every() else {
            return Ok(());
        };
        let watched: Vec<Option<LeaseId>> = self
            .keepers
            .iter()
            .map(|keeper| Some(keeper.watched()?.0))
            .collect();
        let names: Vec<&LeaseId> = watched.iter().flatten().collect();
        let left: HashMap<String, Duration> = ledger::time_left(&admin.session, &names)
            .await
            .map_err(|error| error.failure("could not look for the leases".to_owned()))?;
        for (keeper, lease) in self.keepers.iter_mut().zip(&watched) {
            if let Some(lease) = lease {
                keeper.hear(left.get(lease.as_str()).copied());
            }
        }
        self.ask_at = Instant::now() + often;
        Ok(())
    }

    async fn revoke_retired(&mut self, admin: &Admin) {
        let now = Instant::now();
        let due: Vec<Retired> = self
            .retired
            .extract_if(.., |retired| retired.due_at <= now)
            .collect();
        let leases: Vec<LeaseId> = due.iter().map(|retired| retired.lease.clone()).collect();
        let report = revoke_with(self.state, admin, &leases, self.log).await;
        for lease in &report.revoked {
            self.log.event("revoked", &[("lease", lease.as_str())]);
        }
        let is_lost = !report.unreachable.is_empty();
        for retired in due {
            let has_failed = report
                .failed
                .iter()
                .any(|failed| failed.lease_id == retired.lease);
            if is_lost || has_failed {
                self.retired.push(later(retired));
            }
        }
    }

    fn all_failed(&mut self, error: &anyhow::Error) {
        let now = Instant::now();
        let mut is_told = false;
        for keeper in &mut self.keepers {
            if keeper.due_at() <= now {
                keeper.failed(error, self.log);
                is_told = true;
            }
        }
        if !is_told {
            let connection = ("connection", self.connection.as_str());
            let error = one_line(error);
            self.log
                .event("unreachable", &[connection, ("error", &error)]);
        }
        self.ask_at = now + PAUSES.1;
        let waiting = std::mem::take(&mut self.retired);
        self.retired = waiting
            .into_iter()
            .map(|retired| {
                if retired.due_at <= now {
                    later(retired)
                } else {
                    retired
                }
            })
            .collect();
    }
}

/// Tried again after a while; the sweep takes it after its end.
fn later(retired: Retired) -> Retired {
    Retired {
        due_at: Instant::now() + PAUSES.1,
        ..retired
    }
}
