//! The first steps of a revocation, for all leases before the slow steps of any: disable them and tell their sessions to end.

use std::time::Duration;

use crate::model::lease::Lease;
use crate::ops::batch::{Batch, CANNOT_CUT};
use crate::ops::report::Report;
use crate::ops::revoke::{BATCH, Revocation, optional};
use crate::ops::trace;
use crate::postgres::cut::{self, Cut, is_temporary};
use crate::postgres::error::DatabaseError;
use crate::postgres::ledger::{self, Entry};
use crate::postgres::locks::{self, Locked};
use crate::postgres::revocation;

/// Leases that stay in memory until their slow steps. Those beyond are read again, so that memory has a limit.
const KEPT: usize = 20 * BATCH;

/// What came of disabling leases.
pub(super) struct Disabled {
    /// Those that are disabled, and those that could not be.
    cut: Cut,
    /// The first batches, in order.
    kept: std::vec::IntoIter<Vec<Lease>>,
}

impl Revocation<'_> {
    /// Disables the logins with these oids, in batches of `size`. Those that are locked are put off until all others are
    /// disabled, and then tried again together. Fails when the session is lost.
    pub(super) async fn disable(
        &self,
        all: &[u32],
        size: usize,
        report: &mut Report,
    ) -> Result<Disabled, DatabaseError> {
        let mut kept = Vec::new();
        match self.disable_all(all, size, &mut kept, report).await {
            Ok(cut) => Ok(Disabled {
                cut,
                kept: kept.into_iter(),
            }),
            Err(error) => {
                for leases in &kept {
                    let place = (self.which, self.admin);
                    trace::revoked(self.state, place, (leases, &[]), &[], Err(&error));
                }
                Err(error)
            }
        }
    }

    async fn disable_all(
        &self,
        all: &[u32],
        size: usize,
        kept: &mut Vec<Vec<Lease>>,
        report: &mut Report,
    ) -> Result<Cut, DatabaseError> {
        let session = self.session();
        let mut done = Cut::default();
        for part in all.chunks(size) {
            kept.push(self.read(part, report).await?);
            let Some(leases) = kept.last() else { continue };
            let part = cut::cut(session, leases, self.which).await?;
            // The batch that comes next has to wait for nothing else.
            if all.len() > size {
                let disabled: Vec<u32> = part.disabled.iter().copied().collect();
                optional(revocation::end_sessions(session, &disabled, Duration::ZERO).await)?;
            }
            done.disabled.extend(part.disabled);
            done.failed.extend(part.failed);
            if kept.len() * size > KEPT {
                kept.pop();
            }
        }
        let locked = done.failed.iter().filter(|(_, error)| is_temporary(error));
        let locked: Vec<u32> = locked.map(|(oid, _)| *oid).collect();
        if !locked.is_empty() {
            let limit = self.session_timeout;
            let again = cut::cut_obstructed(session, &locked, self.which, limit).await?;
            // Those that are named no more were renewed meanwhile, or are gone.
            done.failed.retain(|oid, _| !locked.contains(oid));
            done.disabled.extend(again.disabled);
            done.failed.extend(again.failed);
        }
        Ok(done)
    }

    /// Notes what is known of the leases that were to come when the session was lost: they are disabled, or could not be.
    pub(super) fn abandon(&self, disabled: Disabled, lost: &DatabaseError, report: &mut Report) {
        let Disabled { cut, kept } = disabled;
        for leases in kept {
            let failed: Vec<(Lease, String)> = leases
                .iter()
                .filter_map(|lease| {
                    let error = cut.failed.get(&lease.oid)?;
                    Some((lease.clone(), format!("{CANNOT_CUT}: {error}")))
                })
                .collect();
            let place = (self.which, self.admin);
            trace::revoked(self.state, place, (&leases, &[]), &failed, Err(lost));
            self.report_failed(failed, report);
        }
    }

    /// Reads leases by their oids.
    async fn read(&self, oids: &[u32], report: &mut Report) -> Result<Vec<Lease>, DatabaseError> {
        let mut leases = Vec::new();
        for entry in ledger::by_oids(self.session(), oids).await? {
            match entry {
                Entry::Lease(lease) => leases.push(lease),
                Entry::LeftAlone(name, error) => report
                    .notes
                    .push(format!("\"{name}\" was left alone: {error}")),
            }
        }
        Ok(leases)
    }

    /// The next batch for the slow steps; these are its oids. What could not be disabled has failed, what was
    /// renewed is left out.
    pub(super) async fn next_batch(
        &self,
        part: &[u32],
        disabled: &mut Disabled,
        report: &mut Report,
    ) -> Result<(Vec<Lease>, Batch), DatabaseError> {
        let given = match disabled.kept.next() {
            Some(leases) => leases,
            None => self.read(part, report).await?,
        };
        let Cut { disabled, failed } = &mut disabled.cut;
        let mut batch = Batch::new(given.clone());
        batch.leases.retain(|lease| disabled.contains(&lease.oid));
        if given.iter().any(|lease| failed.contains_key(&lease.oid)) {
            let holders = optional(locks::holders(self.session(), 0, Locked::Row).await)?;
            for lease in &given {
                let Some(error) = failed.remove(&lease.oid) else {
                    continue;
                };
                let error = match holders.as_str() {
                    "" => error,
                    holders if error.is_lock_timeout() => error.held_by(holders),
                    _ => error,
                };
                let problem = format!("{CANNOT_CUT}: {error}");
                batch.failed.push((lease.clone(), problem));
            }
        }
        Ok((given, batch))
    }
}
