//! Leases that go through the steps of a revocation together. A step that fails is tried again with ever smaller parts,
//! until the guilty lease is alone and falls out. After a wait for a lock, smaller parts wait for less long.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::lease::Lease;
use crate::postgres::error::DatabaseError;
use crate::postgres::session::LOCK_WAIT;

/// How the error of a lease begins that could not even be cut off.
pub(super) const CANNOT_CUT: &str = "could not cut it off";

/// How the error of a lease begins that could not be cut off, or that somebody let in again.
pub(super) const CAN_LOG_IN: &str = "still able to log in: ";

/// The least that a part of a batch waits for a lock.
const LEAST_WAIT: Duration = Duration::from_millis(100);

/// A lease that fell out of a batch, with the reason.
pub(super) type Fallen = (Lease, String);

/// The leases of a batch that are still on their way, and those that fell out of it, with the reason.
pub(super) struct Batch {
    pub(super) leases: Vec<Lease>,
    pub(super) failed: Vec<Fallen>,
}

impl Batch {
    pub(super) fn new(leases: Vec<Lease>) -> Self {
        Self {
            leases,
            failed: Vec::new(),
        }
    }

    /// Runs a step for all leases and returns what it gave, once for each part that it succeeded with. The step is told how
    /// long it may wait for a lock. Fails only when the session is lost.
    pub(super) async fn step<T>(
        &mut self,
        what: &str,
        run: impl AsyncFn(&[Lease], Duration) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let all = std::mem::take(&mut self.leases);
        self.run_in_parts(all, what, run).await
    }

    /// Runs a step for the leases with these oids; the others go on without it.
    pub(super) async fn step_for<T>(
        &mut self,
        oids: &BTreeSet<u32>,
        what: &str,
        run: impl AsyncFn(&[Lease], Duration) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let concerned = self.take(|lease| oids.contains(&lease.oid));
        self.run_in_parts(concerned, what, run).await
    }

    async fn run_in_parts<T>(
        &mut self,
        leases: Vec<Lease>,
        what: &str,
        run: impl AsyncFn(&[Lease], Duration) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let mut parts = vec![(leases, LOCK_WAIT)];
        let mut results = Vec::new();
        while let Some((mut part, patience)) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match run(&part, patience).await {
                Ok(value) => {
                    results.push(value);
                    self.leases.append(&mut part);
                }
                Err(error) if error.is_lost() => return Err(error),
                Err(error) if part.len() == 1 => {
                    let error = format!("{what}: {error}");
                    self.failed
                        .extend(part.into_iter().map(|lease| (lease, error.clone())));
                }
                Err(error) => {
                    // Half the leases, half the time: one lock that is held on to costs twice the first wait in all.
                    let patience = match error.is_lock_timeout() {
                        true => (patience / 2).max(LEAST_WAIT),
                        false => patience,
                    };
                    parts.push((part.split_off(part.len() / 2), patience));
                    parts.push((part, patience));
                }
            }
        }
        Ok(results)
    }

    /// Lets the leases that `is_guilty` of a problem fall out.
    pub(super) fn fail(&mut self, is_guilty: impl Fn(&Lease) -> bool, problem: &str) {
        let guilty = self.take(is_guilty);
        self.failed
            .extend(guilty.into_iter().map(|lease| (lease, problem.to_owned())));
    }

    fn take(&mut self, is_wanted: impl Fn(&Lease) -> bool) -> Vec<Lease> {
        let (taken, rest) = std::mem::take(&mut self.leases)
            .into_iter()
            .partition(is_wanted);
        self.leases = rest;
        taken
    }
}
