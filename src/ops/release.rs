//! The step of a revocation that frees leases of what depends on them, database by database.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::failure::one_line;
use crate::model::lease::Lease;
use crate::model::reassigned::Reassigned;
use crate::model::role::Role;
use crate::ops::ask::when_there_is_room;
use crate::ops::batch::Batch;
use crate::ops::report::Report;
use crate::ops::revoke::{Revocation, oids};
use crate::postgres::dependencies::{self, Database, Login, NewOwner, Released};
use crate::postgres::error::DatabaseError;
use crate::postgres::loads::loads;
use crate::postgres::locks::Locked;
use crate::postgres::one_by_one::all_or_each;
use crate::postgres::portions::move_in_portions;
use crate::postgres::privileges::joins;
use crate::postgres::refusal::Refusal;
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
        let oids: Vec<u32> = dependent.iter().copied().collect();
        let joins = joins(session, &oids).await?;
        let together: String = joins.values().map(String::as_str).collect();
        let failed = all_or_each(session, &together, joins).await?;
        self.fail(batch, "could not become a member of it", failed)
            .await?;
        let released = RefCell::default();
        let result = self.release_in_all(databases, batch, &released).await;
        // Several transactions for one lease have the same to say. What is committed is true also when the rest failed.
        let Released {
            warnings,
            reassigned,
        } = released.into_inner();
        report.notes.extend(BTreeSet::from_iter(warnings));
        let owners = BTreeSet::from_iter(reassigned).into_iter();
        let reassigned = owners.filter_map(|owner| self.reassigned(&given, owner));
        report.reassigned.extend(reassigned);
        result
    }

    /// Frees the dependent leases of a batch, one database after the other.
    async fn release_in_all(
        &self,
        databases: BTreeMap<Database, BTreeSet<u32>>,
        batch: &mut Batch,
        released: &RefCell<Released>,
    ) -> Result<(), DatabaseError> {
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
            self.release_in(&database, batch, &dependent, released)
                .await?;
        }
        Ok(())
    }

    /// Frees the dependent leases of a batch in one database.
    async fn release_in(
        &self,
        database: &str,
        batch: &mut Batch,
        dependent: &BTreeSet<u32>,
        released: &RefCell<Released>,
    ) -> Result<(), DatabaseError> {
        if database == self.session().address().dbname {
            return self
                .release_with(self.session(), batch, dependent, released)
                .await;
        }
        let open = async || self.admin.server.connect_to(database).await;
        match when_there_is_room(self.session_timeout, open).await {
            Ok(session) => {
                self.release_with(&session, batch, dependent, released)
                    .await
            }
            Err(error) => {
                let problem = format!(
                    "could not look into database \"{database}\": {}{}",
                    one_line(&error),
                    self.fix(database, &error).await?
                );
                batch.fail(|lease| dependent.contains(&lease.oid), &problem);
                Ok(())
            }
        }
    }

    /// What lets the admin into a database that refused it, to be put behind the refusal.
    pub(super) async fn fix(
        &self,
        database: &str,
        error: &anyhow::Error,
    ) -> Result<String, DatabaseError> {
        Ok(match Refusal::of(error) {
            Some(refusal) => format!("; {}", refusal.fix(self.session(), database).await?),
            None => String::new(),
        })
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

    /// Frees leases of what they have in the session's database: alone those that own more than fits into one transaction,
    /// the others together as far as they fit.
    async fn release_with(
        &self,
        session: &Session,
        batch: &mut Batch,
        dependent: &BTreeSet<u32>,
        released: &RefCell<Released>,
    ) -> Result<(), DatabaseError> {
        let dbname = &session.address().dbname;
        let what = format!("could not free it of what depends on it in database \"{dbname}\"");
        let what = (what.as_str(), Locked::Dependencies);
        let is_elsewhere = !std::ptr::eq(session, self.session());
        let problem = |error: DatabaseError| match is_elsewhere {
            true => error.elsewhere(),
            false => error,
        };
        let count = async |leases: &[Lease], _| {
            let counted = loads(session, &self.logins(leases)).await;
            counted.map_err(problem)
        };
        for loads in self.step(batch, Some(dependent), what, count).await? {
            for oid in loads.large() {
                let portions = async |leases: &[Lease], patience| {
                    let [lease] = leases else {
                        return Ok(());
                    };
                    let login = self.login(lease);
                    let budget = loads.budget;
                    let moved = move_in_portions(session, &login, budget, patience, released);
                    moved.await.map_err(problem)
                };
                let lease = BTreeSet::from([oid]);
                self.step(batch, Some(&lease), what, portions).await?;
            }
            for (part, budget) in loads.parts() {
                let release = async |leases: &[Lease], patience| {
                    let logins = self.logins(leases);
                    let is_conflict =
                        |error: &DatabaseError| error.is_conflict() || error.is_duplicate();
                    let done = on_conflict(is_conflict, async |_| {
                        dependencies::release(session, &logins, patience, budget, released).await
                    });
                    done.await.map_err(problem)
                };
                self.step(batch, Some(&part), what, release).await?;
            }
        }
        Ok(())
    }

    fn logins(&self, leases: &[Lease]) -> Vec<Login> {
        leases.iter().map(|lease| self.login(lease)).collect()
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
