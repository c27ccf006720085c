//! The one revocation engine: the order of the steps, for many leases at a time. A batch that fails is split until the
//! guilty lease is alone; it stays cut off and is reported, and the others go.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use anyhow::Result;

use crate::model::lease::Lease;
use crate::model::name::LeaseId;
use crate::model::role::Role;
use crate::ops::batch::{Batch, CAN_LOG_IN};
use crate::ops::connect::Admin;
use crate::ops::report::{FailedLease, Report};
use crate::ops::trace;
use crate::postgres::error::DatabaseError;
use crate::postgres::ledger::{self, Filter};
use crate::postgres::locks::{self, Locked};
use crate::postgres::revocation::{self, LEAST_PORTION, Which};
use crate::postgres::session::Session;
use crate::postgres::{dependencies, starting};
use crate::state::State;

/// Leases that go through the steps together. Each needs a lock on its role, and the server has room for 64 a session.
pub(crate) const BATCH: usize = 500;

/// How to revoke on one connection.
pub(crate) struct Revocation<'a> {
    pub(crate) admin: &'a Admin,
    pub(crate) state: &'a State,
    pub(crate) which: Which,
    /// How long to wait for sessions to end.
    pub(crate) session_timeout: Duration,
}

impl Revocation<'_> {
    /// Revokes the logins with these oids; `progress` is told how many are done with. Leases that are no longer due or
    /// no longer there are passed over. Fails when the session is lost; what was reported until then is true.
    pub(crate) async fn run(
        &self,
        oids: &[u32],
        report: &mut Report,
        progress: &dyn Fn(usize),
    ) -> Result<()> {
        let failure = |error| self.failure(error);
        let size = self.batch_size(oids.len()).await.map_err(failure)?;
        let disabled = self.disable(oids, size, report).await;
        let mut disabled = disabled.map_err(failure)?;
        for part in oids.chunks(size) {
            let next = self.next_batch(part, &mut disabled, report).await;
            let done = match next {
                Ok((given, batch)) => self.batch(given, batch, report).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                self.abandon(disabled, &error, report);
                return Err(failure(error));
            }
            progress(part.len());
        }
        Ok(())
    }

    /// Revokes the lease with this id. One that does not exist is as good as revoked.
    pub(crate) async fn run_by_id(&self, id: &LeaseId, report: &mut Report) -> Result<()> {
        let found = ledger::leases(self.session(), &Filter::by_id(std::slice::from_ref(id)))
            .await
            .map_err(|error| error.failure(format!("could not look for lease \"{id}\"")))?;
        let oids: Vec<u32> = found.iter().map(|lease| lease.oid).collect();
        self.run(&oids, report, &|_| ()).await
    }

    /// How many leases to take through the steps at a time.
    async fn batch_size(&self, count: usize) -> Result<usize, DatabaseError> {
        match count > LEAST_PORTION {
            true => revocation::portion(self.session(), BATCH).await,
            false => Ok(BATCH),
        }
    }

    pub(super) fn session(&self) -> &Session {
        &self.admin.session
    }

    /// What failed when it ends a revocation before its time.
    fn failure(&self, error: DatabaseError) -> anyhow::Error {
        let name = self.admin.server.name();
        let what = match error.is_lost() {
            true => format!("lost the connection \"{name}\" during revocation"),
            false => format!("could not revoke leases on connection \"{name}\""),
        };
        error.failure(what)
    }

    async fn batch(
        &self,
        given: Vec<Lease>,
        mut batch: Batch,
        report: &mut Report,
    ) -> Result<(), DatabaseError> {
        let earlier = report.reassigned.len();
        let result = self.steps(&given, &mut batch, report).await;
        let reassigned = &report.reassigned[earlier..];
        let done = (&given[..], reassigned);
        trace::revoked(
            self.state,
            (self.which, self.admin),
            done,
            &batch.failed,
            result.as_ref(),
        );
        // Also after a lost session: what fell out of the batch until then is known.
        self.report_failed(batch.failed, report);
        report.revoked.extend(result?);
        Ok(())
    }

    pub(super) fn report_failed(&self, failed: Vec<(Lease, String)>, report: &mut Report) {
        let failed = failed.into_iter().map(|(lease, error)| FailedLease {
            lease_id: lease.marker.lease,
            connection: self.admin.server.name().clone(),
            error,
        });
        report.failed.extend(failed);
    }

    /// Takes a batch through all steps but the first, which is done, and returns those of the given leases that are gone.
    async fn steps(
        &self,
        given: &[Lease],
        batch: &mut Batch,
        report: &mut Report,
    ) -> Result<Vec<LeaseId>, DatabaseError> {
        let session = self.session();
        // 2. End sessions.
        self.end_sessions(batch).await?;
        // 3. The role's own statements.
        self.run_statements(batch).await?;
        // 4. What depends on them.
        self.release(batch, report).await?;
        // 5. Drop.
        self.drop(batch).await?;
        // 6. Look.
        let remaining = revocation::remaining(session, &oids(given)).await?;
        // Another sweep may have dropped it between two of our steps, and made the second fail.
        batch
            .failed
            .retain(|(lease, _)| remaining.contains(&lease.oid));
        batch.fail(
            |lease| remaining.contains(&lease.oid),
            "it is still there after it was dropped, or still has sessions",
        );
        self.explain(batch).await;
        let is_gone = |lease: &Lease| !remaining.contains(&lease.oid);
        let gone = given.iter().filter(|lease| is_gone(lease));
        Ok(gone.map(|lease| lease.marker.lease.clone()).collect())
    }

    /// Runs a step that waits for locks, for all leases of the batch or for those with these oids. One that falls out
    /// because of a lock is told who holds it.
    pub(super) async fn step<T>(
        &self,
        batch: &mut Batch,
        oids: Option<&BTreeSet<u32>>,
        (what, locked): (&str, Locked),
        run: impl AsyncFn(&[Lease], Duration) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let run = async |leases: &[Lease], patience| match (leases, run(leases, patience).await) {
            ([lease], Err(error)) => Err(self.explained(error, lease.oid, locked).await?),
            (_, result) => result,
        };
        match oids {
            Some(oids) => batch.step_for(oids, what, run).await,
            None => batch.step(what, run).await,
        }
    }

    /// Ends sessions; what can do harm without one, or could not be ended, falls out of the batch.
    async fn end_sessions(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        let session = self.session();
        let open = batch
            .step("could not end its sessions", async |leases, patience| {
                let (oids, limit) = (oids(leases), self.session_timeout);
                let mut open = revocation::end_sessions(session, &oids, limit).await?;
                open.extend(starting::end_starting(session, leases, patience, limit).await?);
                if open.is_empty() {
                    // Those that have started meanwhile.
                    open = revocation::end_sessions(session, &oids, limit).await?;
                }
                Ok(open)
            })
            .await?;
        let open: HashSet<u32> = open.into_iter().flatten().collect();
        let seconds = self.session_timeout.as_secs();
        batch.fail(
            |lease| open.contains(&lease.oid),
            &format!("its sessions did not end within {seconds} s"),
        );
        let prepared = locks::prepared_transactions(session, &oids(&batch.leases)).await;
        for (oid, names) in optional(prepared)? {
            let problem = format!("{names} has to be committed or rolled back first");
            batch.fail(|lease| lease.oid == oid, &problem);
        }
        Ok(())
    }

    async fn drop(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        let failed = revocation::drop_logins(self.session(), &batch.leases).await?;
        self.fail(batch, "could not drop it", failed).await
    }

    /// Lets the leases with these oids fall out of the batch, with their errors. Those that are locked are told who holds the
    /// lock.
    pub(super) async fn fail(
        &self,
        batch: &mut Batch,
        what: &str,
        failed: BTreeMap<u32, DatabaseError>,
    ) -> Result<(), DatabaseError> {
        for (oid, error) in failed {
            let error = self.explained(error, oid, Locked::Dependencies).await?;
            batch.fail(|lease| lease.oid == oid, &format!("{what}: {error}"));
        }
        Ok(())
    }

    /// The error, with those who hold the lock on a login where that is what failed.
    async fn explained(
        &self,
        error: DatabaseError,
        oid: u32,
        locked: Locked,
    ) -> Result<DatabaseError, DatabaseError> {
        if !error.is_lock_timeout() {
            return Ok(error);
        }
        let holders = locks::holders(self.session(), oid, locked).await;
        Ok(match optional(holders)?.as_str() {
            "" => error,
            holders => error.held_by(holders),
        })
    }

    async fn run_statements(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        for lease in batch.leases.clone() {
            let Some(role) = self
                .role_of(&lease)
                .filter(|role| !role.revocation_statements.is_empty())
            else {
                continue;
            };
            if !role
                .revocation_statements
                .can_name(lease.marker.lease.as_str())
            {
                batch.fail(
                    |other| other.oid == lease.oid,
                    "its name may not be filled into the revocation_statements: it needs \"{{name}}\" or '{{name}}' in quotes of its own, or is none that pgcreds makes",
                );
                continue;
            }
            if let Some(refusal) = self.session().refused() {
                let problem = format!("its revocation_statements could not run: {refusal}");
                batch.fail(|other| other.oid == lease.oid, &problem);
                continue;
            }
            match revocation::run_statements(self.session(), &lease, role).await {
                Ok(()) => {}
                Err(error) if error.is_lost() => return Err(error),
                Err(error) => batch.fail(
                    |other| other.oid == lease.oid,
                    &format!("revocation_statements failed: {error}"),
                ),
            }
        }
        Ok(())
    }

    /// Adds to each failed lease that it still can log in, and what still depends on it, as far as the server says so: what
    /// is gone is known by now, and is not put at risk.
    async fn explain(&self, batch: &mut Batch) {
        let failed: Vec<u32> = batch.failed.iter().map(|(lease, _)| lease.oid).collect();
        if failed.is_empty() {
            return;
        }
        let can_log_in = revocation::that_can_log_in(self.session(), &failed).await;
        for (lease, error) in &mut batch.failed {
            match &can_log_in {
                Ok(oids) if oids.contains(&lease.oid) => error.insert_str(0, CAN_LOG_IN),
                Ok(_) => {}
                Err(problem) => error.push_str(&format!(
                    "; could not see whether it can still log in: {problem}"
                )),
            }
            match dependencies::describe(self.session(), lease.oid).await {
                Ok(rest) if !rest.is_empty() => {
                    error.push_str(&format!("; what still depends on it: {rest}"));
                }
                _ => {}
            }
        }
    }

    /// The recipe that made it, if this state file still has it.
    pub(super) fn role_of(&self, lease: &Lease) -> Option<&Role> {
        let role = self.state.roles.get(&lease.marker.role);
        role.filter(|role| role.connection == lease.marker.connection)
    }
}

pub(super) fn oids(leases: &[Lease]) -> Vec<u32> {
    leases.iter().map(|lease| lease.oid).collect()
}

/// An answer that a revocation can do without. Fails only when the session is lost.
pub(super) fn optional<T: Default>(answer: Result<T, DatabaseError>) -> Result<T, DatabaseError> {
    match answer {
        Err(error) if !error.is_lost() => Ok(T::default()),
        answer => answer,
    }
}
