//! The step of a revocation that frees leases of what depends on them, database by database.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::failure::one_line;
use crate::model::lease::Lease;
use crate::model::reassigned::Reassigned;
use crate::model::role::Role;
use crate::ops::batch::Batch;
use crate::ops::report::Report;
use crate::ops::revoke::{Revocation, oids};
use crate::postgres::dependencies::{self, Login, NewOwner, Released};
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::locks::Locked;
use crate::postgres::privileges::join_logins;
use crate::postgres::retry::on_conflict;
use crate::postgres::session::Session;

impl Revocation<'_> {
    /// Frees the batch of what depends on it, database by database, with one connection to each.
    pub(super) async fn release(
        &self,
        batch: &mut Batch,
        report: &mut Report,
    ) -> Result<(), DatabaseError> {
        let session = self.session();
        let given = batch.leases.clone();
        let databases = dependencies::by_database(session, &oids(&batch.leases)).await?;
        let dependent: BTreeSet<u32> = databases.values().flatten().copied().collect();
        if dependent.is_empty() {
            return Ok(());
        }
        let what = ("could not become a member of it", Locked::Dependencies);
        let join =
            async |leases: &[Lease], patience| join_logins(session, &oids(leases), patience).await;
        self.step(batch, Some(&dependent), what, join).await?;
        for (database, dependent) in databases {
            let database = match database {
                Ok(database) => database,
                Err(name) => {
                    let problem = format!(
                        "could not look into database \"{name}\": its name is not valid UTF-8"
                    );
                    batch.fail(|lease| dependent.contains(&lease.oid), &problem);
                    continue;
                }
            };
            for released in self.release_in(&database, batch, &dependent).await? {
                report.notes.extend(released.warnings);
                let owners = released.reassigned.into_iter();
                report
                    .reassigned
                    .extend(owners.filter_map(|owner| self.reassigned(&given, owner)));
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
        let what = (what.as_str(), Locked::Dependencies);
        if database == self.session().address().dbname {
            let release = async |leases: &[Lease], patience| {
                self.release_with(self.session(), leases, patience).await
            };
            return self.step(batch, Some(dependent), what, release).await;
        }
        match self.admin.server.connect_to(database).await {
            Ok(session) => {
                let release = async |leases: &[Lease], patience| {
                    let released = self.release_with(&session, leases, patience).await;
                    released.map_err(DatabaseError::elsewhere)
                };
                self.step(batch, Some(dependent), what, release).await
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

    /// The entry of the report for a new owner of what one of these leases owned.
    fn reassigned(&self, leases: &[Lease], new_owner: NewOwner) -> Option<Reassigned> {
        let lease = leases.iter().find(|lease| lease.oid == new_owner.login)?;
        Some(Reassigned {
            lease_id: lease.marker.lease.clone(),
            connection: self.admin.server.name().clone(),
            database: new_owner.database,
            new_owner: new_owner.name,
            withheld_from: new_owner.withheld_from,
        })
    }

    async fn release_with(
        &self,
        session: &Session,
        leases: &[Lease],
        patience: Duration,
    ) -> Result<Released, DatabaseError> {
        let logins: Vec<Login> = leases.iter().map(|lease| self.login(lease)).collect();
        let is_conflict = |error: &DatabaseError| error.is_conflict() || error.is_duplicate();
        on_conflict(is_conflict, async |_| {
            dependencies::release(session, &logins, patience).await
        })
        .await
    }

    fn login(&self, lease: &Lease) -> Login {
        let new_owner = self.role_of(lease).and_then(Role::successor);
        Login {
            oid: lease.oid,
            name: lease.marker.lease.to_string(),
            new_owner: new_owner.cloned(),
        }
    }
}
