//! The one revocation engine: the order of the steps, for many leases at a time. A batch that fails is split until the
//! guilty lease is alone; it stays cut off and is reported, and the others go.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use anyhow::Result;

use crate::failure::one_line;
use crate::model::lease::Lease;
use crate::model::name::LeaseId;
use crate::model::role::Role;
use crate::ops::batch::{Batch, CANNOT_CUT};
use crate::ops::connect::Admin;
use crate::ops::report::{FailedLease, Report};
use crate::ops::trace;
use crate::postgres::dependencies::{self, Login, Released};
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::ledger::{self, Entry, Filter};
use crate::postgres::privileges::join_logins;
use crate::postgres::retry::on_conflict;
use crate::postgres::revocation::{self, Which};
use crate::postgres::session::Session;
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
        let what = || {
            format!(
                "lost the connection \"{}\" during revocation",
                self.admin.server.name()
            )
        };
        for part in oids.chunks(BATCH) {
            let entries = ledger::by_oids(self.session(), part)
                .await
                .map_err(|error| error.failure(what()))?;
            let mut leases = Vec::new();
            for entry in entries {
                match entry {
                    Entry::Lease(lease) => leases.push(lease),
                    Entry::Newer(name, error) => report
                        .notes
                        .push(format!("\"{name}\" was left alone: {error}")),
                }
            }
            self.batch(leases, report)
                .await
                .map_err(|error| error.failure(what()))?;
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

    fn session(&self) -> &Session {
        &self.admin.session
    }

    async fn batch(&self, leases: Vec<Lease>, report: &mut Report) -> Result<(), DatabaseError> {
        let mut batch = Batch::new(leases.clone());
        let result = self.steps(&mut batch, report).await;
        let place = (self.which, self.admin);
        trace::revoked(self.state, place, &leases, &batch.failed, &result);
        // Also after a lost session: what fell out of the batch until then is known.
        report
            .failed
            .extend(batch.failed.into_iter().map(|(lease, error)| FailedLease {
                lease_id: lease.marker.lease,
                connection: self.admin.server.name().clone(),
                error,
            }));
        report.revoked.extend(result?);
        Ok(())
    }

    /// Takes a batch through all steps and returns the leases that are gone.
    async fn steps(
        &self,
        batch: &mut Batch,
        report: &mut Report,
    ) -> Result<Vec<LeaseId>, DatabaseError> {
        let session = self.session();
        let given = batch.leases.clone();
        // 1. Cut access.
        let cut = batch
            .step(CANNOT_CUT, async |leases| {
                revocation::cut(session, leases, self.which).await
            })
            .await?;
        let cut: HashSet<u32> = cut.into_iter().flatten().collect();
        batch.leases.retain(|lease| cut.contains(&lease.oid));
        // 2. End sessions.
        self.end_sessions(batch).await?;
        // 3. The role's own statements.
        self.run_statements(batch).await?;
        // 4. What depends on them.
        self.release(batch, report).await?;
        // 5. Drop.
        self.drop(batch).await?;
        // 6. Look.
        let remaining = revocation::remaining(session, &oids(&given)).await?;
        // Another sweep may have dropped it between two of our steps, and made the second fail.
        batch
            .failed
            .retain(|(lease, _)| remaining.contains(&lease.oid));
        batch.fail(
            |lease| remaining.contains(&lease.oid),
            "it is still there after it was dropped, or still has sessions",
        );
        self.explain(batch).await?;
        let is_gone = |lease: &Lease| !remaining.contains(&lease.oid);
        Ok(given
            .into_iter()
            .filter(is_gone)
            .map(|lease| lease.marker.lease)
            .collect())
    }

    /// Ends sessions; what can do harm without one, or could not be ended, falls out of the batch.
    async fn end_sessions(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        let session = self.session();
        let open = batch
            .step("could not end its sessions", async |leases| {
                revocation::end_sessions(session, &oids(leases), self.session_timeout).await
            })
            .await?;
        let open: HashSet<u32> = open.into_iter().flatten().collect();
        let seconds = self.session_timeout.as_secs();
        batch.fail(
            |lease| open.contains(&lease.oid),
            &format!("its sessions did not end within {seconds} s"),
        );
        let prepared = revocation::prepared_transactions(session, &oids(&batch.leases)).await?;
        for (oid, names) in prepared {
            let problem = format!("{names} has to be committed or rolled back first");
            batch.fail(|lease| lease.oid == oid, &problem);
        }
        Ok(())
    }

    /// Drops the batch. Leases that another session holds on to fall out at once and by name: taking the batch apart would
    /// wait for the same lock again and again.
    async fn drop(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        if batch.leases.is_empty() {
            return Ok(());
        }
        let session = self.session();
        let dropped = revocation::drop_logins(session, &batch.leases).await;
        if dropped.as_ref().is_err_and(DatabaseError::is_lock_timeout) {
            for (oid, holders) in revocation::holders(session, &oids(&batch.leases)).await? {
                let problem = format!("could not drop it: {holders} holds a lock on it");
                batch.fail(|lease| lease.oid == oid, &problem);
            }
        }
        if dropped.is_err() {
            let drop = async |leases: &[Lease]| revocation::drop_logins(session, leases).await;
            batch.step("could not drop it", drop).await?;
        }
        Ok(())
    }

    async fn run_statements(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        for lease in batch.leases.clone() {
            let Some(role) = self
                .role_of(&lease)
                .filter(|role| !role.revocation_statements.is_empty())
            else {
                continue;
            };
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

    /// Frees the batch of what depends on it, database by database, with one connection to each.
    async fn release(&self, batch: &mut Batch, report: &mut Report) -> Result<(), DatabaseError> {
        let session = self.session();
        let databases = dependencies::by_database(session, &oids(&batch.leases)).await?;
        let dependent: BTreeSet<u32> = databases.values().flatten().copied().collect();
        if dependent.is_empty() {
            return Ok(());
        }
        batch
            .step_for(
                &dependent,
                "could not become a member of it",
                async |leases| join_logins(session, &oids(leases)).await,
            )
            .await?;
        for (database, dependent) in databases {
            for released in self.release_in(&database, batch, &dependent).await? {
                report.notes.extend(released.warnings);
                report.details.extend(released.reassigned);
            }
        }
        Ok(())
    }

    /// Frees the dependent leases of a batch in one database.
    async fn release_in(
        &self,
        database: &str,
        batch: &mut Batch,
        dependent: &BTreeSet<u32>,
    ) -> Result<Vec<Released>, DatabaseError> {
        let what = format!("could not free it of what depends on it in database \"{database}\"");
        if database == self.session().address().dbname {
            return batch
                .step_for(dependent, &what, async |leases| {
                    self.release_with(self.session(), leases).await
                })
                .await;
        }
        match self.admin.server.connect_to(database).await {
            Ok(session) => {
                batch
                    .step_for(dependent, &what, async |leases| {
                        self.release_with(&session, leases)
                            .await
                            .map_err(DatabaseError::elsewhere)
                    })
                    .await
            }
            Err(error) => {
                let grant = format!(
                    "if a permission is missing, run: GRANT CONNECT ON DATABASE {} TO {}",
                    identifier(database),
                    identifier(&self.session().address().user)
                );
                let problem = format!(
                    "could not look into database \"{database}\": {}; {grant}",
                    one_line(&error)
                );
                batch.fail(|lease| dependent.contains(&lease.oid), &problem);
                Ok(Vec::new())
            }
        }
    }

    async fn release_with(
        &self,
        session: &Session,
        leases: &[Lease],
    ) -> Result<Released, DatabaseError> {
        let logins: Vec<Login> = leases.iter().map(|lease| self.login(lease)).collect();
        let is_conflict = |error: &DatabaseError| error.is_conflict() || error.is_duplicate();
        on_conflict(is_conflict, async |_| {
            dependencies::release(session, &logins).await
        })
        .await
    }

    /// Adds to each failed lease what still depends on it.
    async fn explain(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        for (lease, error) in &mut batch.failed {
            let rest = dependencies::describe(self.session(), lease.oid).await?;
            if !rest.is_empty() {
                error.push_str(&format!("; what still depends on it: {rest}"));
            }
        }
        Ok(())
    }

    fn login(&self, lease: &Lease) -> Login {
        let role = self.role_of(lease);
        let new_owner =
            role.and_then(|role| role.reassign_owned_to.as_ref().or(role.set_role.as_ref()));
        Login {
            oid: lease.oid,
            name: lease.marker.lease.to_string(),
            new_owner: new_owner.cloned(),
        }
    }

    /// The recipe that made it, if this state file still has it.
    fn role_of(&self, lease: &Lease) -> Option<&Role> {
        let role = self.state.roles.get(&lease.marker.role);
        role.filter(|role| role.connection == lease.marker.connection)
    }
}

fn oids(leases: &[Lease]) -> Vec<u32> {
    leases.iter().map(|lease| lease.oid).collect()
}
