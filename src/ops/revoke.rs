//! The one revocation engine: the order of the steps, for many leases at a time. A batch that fails is split until the
//! guilty lease is alone; it stays cut off and is reported, and the others go.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use anyhow::Result;

use crate::failure::one_line;
use crate::model::lease::Lease;
use crate::model::name::LeaseId;
use crate::model::role::Role;
use crate::ops::connect::Admin;
use crate::ops::report::{FailedLease, Report};
use crate::postgres::dependencies::{self, Login};
use crate::postgres::error::DatabaseError;
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

/// The leases of a batch that are still on their way, and those that fell out of it.
struct Batch {
    leases: Vec<Lease>,
    failed: Vec<(Lease, String)>,
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
                        .newer
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
        let all = leases.clone();
        let mut batch = Batch {
            leases,
            failed: Vec::new(),
        };
        let result = self.steps(&mut batch).await;
        // Also after a lost session: what fell out of the batch until then is known.
        let failed: HashSet<u32> = batch.failed.iter().map(|(lease, _)| lease.oid).collect();
        for (lease, error) in batch.failed {
            report.failed.push(FailedLease {
                lease_id: lease.marker.lease,
                connection: self.admin.server.name().clone(),
                error,
            });
        }
        let gone = result?;
        let is_revoked = |lease: &Lease| gone.contains(&lease.oid) && !failed.contains(&lease.oid);
        report.revoked.extend(
            all.into_iter()
                .filter(is_revoked)
                .map(|lease| lease.marker.lease),
        );
        Ok(())
    }

    /// Takes a batch through all steps and returns the oids that are gone.
    async fn steps(&self, batch: &mut Batch) -> Result<HashSet<u32>, DatabaseError> {
        let session = self.session();
        let given = batch.oids();
        // 1. Cut access.
        let cut: HashSet<u32> = batch
            .step("could not cut it off", async |leases| {
                revocation::cut(session, leases, self.which).await
            })
            .await?
            .into_iter()
            .collect();
        batch.leases.retain(|lease| cut.contains(&lease.oid));
        // 2. End sessions.
        let open = batch
            .step("could not end its sessions", async |leases| {
                revocation::end_sessions(session, &oids(leases), self.session_timeout).await
            })
            .await?;
        let seconds = self.session_timeout.as_secs();
        batch.fail_all(
            &open,
            &format!("its sessions did not end within {seconds} s"),
        );
        // 3. The role's own statements.
        self.run_statements(batch).await?;
        // 4. What depends on them.
        self.release(batch).await?;
        // 5. Drop.
        batch
            .step("could not drop it", async |leases| {
                revocation::drop_logins(session, leases)
                    .await
                    .map(|()| Vec::<u32>::new())
            })
            .await?;
        // 6. Look.
        let remaining = revocation::remaining(session, &given).await?;
        let dropped: Vec<u32> = batch
            .oids()
            .into_iter()
            .filter(|oid| remaining.contains(oid))
            .collect();
        batch.fail_all(
            &dropped,
            "it is still there after it was dropped, or still has sessions",
        );
        self.explain(batch).await?;
        Ok(given
            .into_iter()
            .filter(|oid| !remaining.contains(oid))
            .collect())
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
                Err(error) => batch.fail_all(
                    &[lease.oid],
                    &format!("revocation_statements failed: {error}"),
                ),
            }
        }
        Ok(())
    }

    /// Frees the batch of what depends on it, database by database, with one connection to each.
    async fn release(&self, batch: &mut Batch) -> Result<(), DatabaseError> {
        let databases = dependencies::by_database(self.session(), &batch.oids()).await?;
        let dependent: BTreeSet<u32> = databases.values().flatten().copied().collect();
        if dependent.is_empty() {
            return Ok(());
        }
        let (mut with, without) = batch.split_off(&dependent);
        let session = self.session();
        with.step("could not become a member of it", async |leases| {
            join_logins(session, &oids(leases))
                .await
                .map(|()| Vec::<u32>::new())
        })
        .await?;
        for (database, of_database) in databases {
            let (mut here, elsewhere) = with.split_off(&of_database);
            let result = self.release_in(&database, &mut here).await;
            with = here.join(elsewhere);
            result?;
        }
        *batch = with.join(without);
        Ok(())
    }

    async fn release_in(&self, database: &str, batch: &mut Batch) -> Result<(), DatabaseError> {
        let step = async |session: &Session, leases: &[Lease]| {
            let logins: Vec<Login> = leases.iter().map(|lease| self.login(lease)).collect();
            on_conflict(DatabaseError::is_conflict, async |_| {
                dependencies::release(session, &logins).await
            })
            .await
            .map(|()| Vec::<u32>::new())
        };
        let what = format!("could not free it of what depends on it in database \"{database}\"");
        if database == self.session().address().dbname {
            batch
                .step(&what, async |leases| step(self.session(), leases).await)
                .await?;
            return Ok(());
        }
        match self.admin.server.connect_to(database).await {
            Ok(session) => {
                batch
                    .step(&what, async |leases| {
                        step(&session, leases)
                            .await
                            .map_err(DatabaseError::elsewhere)
                    })
                    .await?;
            }
            Err(error) => {
                let grant = "GRANT CONNECT ON DATABASE";
                let error = format!(
                    "could not look into database \"{database}\" ({grant} to the admin?): {}",
                    one_line(&error)
                );
                batch.fail_all(&batch.oids(), &error);
            }
        }
        Ok(())
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

impl Batch {
    fn oids(&self) -> Vec<u32> {
        oids(&self.leases)
    }

    /// Runs a step for all leases at once, and in ever smaller parts where that fails, so that only the guilty fall out.
    /// Fails only when the session is lost.
    async fn step<T>(
        &mut self,
        what: &str,
        run: impl AsyncFn(&[Lease]) -> Result<Vec<T>, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let mut parts = vec![std::mem::take(&mut self.leases)];
        let mut results = Vec::new();
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match run(&part).await {
                Ok(values) => {
                    results.extend(values);
                    self.leases.append(&mut part);
                }
                Err(error) if error.is_lost() => return Err(error),
                Err(error) if part.len() == 1 => {
                    self.failed.extend(
                        part.into_iter()
                            .map(|lease| (lease, format!("{what}: {error}"))),
                    );
                }
                Err(_) => {
                    parts.push(part.split_off(part.len() / 2));
                    parts.push(part);
                }
            }
        }
        Ok(results)
    }

    fn fail_all(&mut self, oids: &[u32], error: &str) {
        let (out, rest) = std::mem::take(&mut self.leases)
            .into_iter()
            .partition(|lease: &Lease| oids.contains(&lease.oid));
        self.leases = rest;
        let out: Vec<Lease> = out;
        self.failed
            .extend(out.into_iter().map(|lease| (lease, error.to_owned())));
    }

    /// Splits into those with the given oids and the rest; what failed stays with the first.
    fn split_off(&mut self, oids: &BTreeSet<u32>) -> (Self, Self) {
        let (with, without) = std::mem::take(&mut self.leases)
            .into_iter()
            .partition(|lease: &Lease| oids.contains(&lease.oid));
        let failed = std::mem::take(&mut self.failed);
        (
            Self {
                leases: with,
                failed,
            },
            Self {
                leases: without,
                failed: Vec::new(),
            },
        )
    }

    fn join(mut self, other: Self) -> Self {
        self.leases.extend(other.leases);
        self.failed.extend(other.failed);
        self
    }
}

fn oids(leases: &[Lease]) -> Vec<u32> {
    leases.iter().map(|lease| lease.oid).collect()
}
