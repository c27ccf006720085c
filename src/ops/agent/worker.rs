//! One server: does what is due for its files, one after the other, over one connection that lives no longer than that.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Pause;
use super::health::Health;
use super::keeper::Keeper;
use crate::failure::one_line;
use crate::model::name::ConnectionName;
use crate::ops::connect::{self, Admin};
use crate::ops::report::Report;
use crate::ops::revoke::Revocation;
use crate::ops::trace;
use crate::postgres::revocation::Which;
use crate::state::State;
use crate::ui::Log;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How long sessions of a replaced lease may take to end.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// The files of one server.
pub(super) struct Worker<'a> {
    state: &'a State,
    connection: ConnectionName,
    keepers: Vec<&'a mut Keeper>,
    log: Log,
    health: &'a Health<'a>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        state: &'a State,
        connection: ConnectionName,
        keepers: Vec<&'a mut Keeper>,
        log: Log,
        health: &'a Health<'a>,
    ) -> Self {
        Self {
            state,
            connection,
            keepers,
            log,
            health,
        }
    }

    /// Works until it is told to pause; what has been begun is finished first.
    pub(super) async fn run(mut self, mut pause: watch::Receiver<Pause>) {
        loop {
            self.work(&pause).await;
            for keeper in &mut self.keepers {
                keeper.restore(self.log);
                self.health.note(keeper.name(), keeper.health());
            }
            if let Err(error) = self.health.write() {
                self.log
                    .event("health_failed", &[("error", &one_line(&error))]);
            }
            let due_at = self.keepers.iter().map(|keeper| keeper.due_at()).min();
            let look_at = Instant::now() + LOOK;
            tokio::select! {
                () = sleep_until(due_at.map_or(look_at, |due_at| due_at.min(look_at))) => {}
                _ = pause.wait_for(|pause| *pause != Pause::None) => return,
            }
        }
    }

    /// Does everything that is due.
    async fn work(&mut self, pause: &watch::Receiver<Pause>) {
        let now = Instant::now();
        if self.keepers.iter().all(|keeper| keeper.due_at() > now) {
            return;
        }
        let opened = connect::open(self.state, &self.connection).await;
        let event = || trace::connect(&self.connection);
        let admin = match trace::failure(self.state, event, opened) {
            Ok(admin) => admin,
            Err(error) => return self.all_failed(&error),
        };
        for keeper in &mut self.keepers {
            keeper.act(self.state, &admin, self.log).await;
            let replaced = keeper.take_replaced();
            if !replaced.is_empty() {
                let report = revoke_with(self.state, &admin, &replaced).await;
                for lease in &report.revoked {
                    self.log.event("revoked", &[("lease", lease.as_str())]);
                }
                if !report.failed.is_empty() || !report.unreachable.is_empty() {
                    keeper.put_back(replaced);
                }
            }
            self.health.note(keeper.name(), keeper.health());
            if *pause.borrow() != Pause::None {
                return;
            }
        }
    }

    fn all_failed(&mut self, error: &anyhow::Error) {
        let now = Instant::now();
        for keeper in &mut self.keepers {
            if keeper.due_at() <= now {
                let replaced = keeper.take_replaced();
                keeper.put_back(replaced);
                keeper.failed(error, self.log);
            }
        }
    }
}

/// Revokes leases over a connection of its own.
pub(super) async fn revoke(state: &State, connection: ConnectionName, oids: Vec<u32>) -> Report {
    if oids.is_empty() {
        return Report::default();
    }
    match connect::open(state, &connection).await {
        Ok(admin) => revoke_with(state, &admin, &oids).await,
        Err(error) => {
            let mut report = Report::default();
            report.unreachable(&connection, &error);
            trace::unreachable(state, Which::All, &report.unreachable);
            report
        }
    }
}

async fn revoke_with(state: &State, admin: &Admin, oids: &[u32]) -> Report {
    let mut report = Report::default();
    let revocation = Revocation {
        admin,
        state,
        which: Which::All,
        session_timeout: SESSION_TIMEOUT,
    };
    if let Err(error) = revocation.run(oids, &mut report, &|_| ()).await {
        report.unreachable(admin.server.name(), &error);
    }
    report
}
