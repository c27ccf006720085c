//! Leases that go through the steps of a revocation together. A step that fails is tried again with ever smaller parts,
//! until the guilty lease is alone and falls out.

use std::collections::BTreeSet;

use crate::model::lease::Lease;
use crate::postgres::error::DatabaseError;

/// How the error of a lease begins that could not even be cut off.
pub(super) const CANNOT_CUT: &str = "could not cut it off";

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

    /// Runs a step for all leases and returns what it gave, once for each part that it succeeded with. Fails only when
    /// the session is lost.
    pub(super) async fn step<T>(
        &mut self,
        what: &str,
        run: impl AsyncFn(&[Lease]) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let all = std::mem::take(&mut self.leases);
        self.run_in_parts(all, what, run).await
    }

    /// Runs a step for the leases with these oids; the others go on without it.
    pub(super) async fn step_for<T>(
        &mut self,
        oids: &BTreeSet<u32>,
        what: &str,
        run: impl AsyncFn(&[Lease]) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let concerned = self.take(|lease| oids.contains(&lease.oid));
        self.run_in_parts(concerned, what, run).await
    }

    async fn run_in_parts<T>(
        &mut self,
        leases: Vec<Lease>,
        what: &str,
        run: impl AsyncFn(&[Lease]) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let mut parts = vec![leases];
        let mut results = Vec::new();
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match run(&part).await {
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
                Err(_) => {
                    parts.push(part.split_off(part.len() / 2));
                    parts.push(part);
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
