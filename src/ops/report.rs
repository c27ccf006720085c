//! What came of a revocation: a contract of the JSON output.

use serde::Serialize;

use crate::failure::{self, Kind};
use crate::model::name::{ConnectionName, LeaseId};
use crate::model::reassigned::Reassigned;

/// What came of revoking many leases on many connections.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Leases that are gone: looked for, and not found.
    pub(crate) revoked: Vec<LeaseId>,
    /// Leases that are still there.
    pub(crate) failed: Vec<FailedLease>,
    /// Connections that could not be used to the end.
    pub(crate) unreachable: Vec<Unreachable>,
    /// The new owners of what leases owned; a lease that is still there may be among them.
    pub(crate) reassigned: Vec<Reassigned>,
    /// Leases that may be on a connection that was not asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unasked: Vec<FailedLease>,
    /// Those of `revoked` that were not there any more.
    #[serde(skip)]
    pub(crate) gone: Vec<LeaseId>,
    /// How many connections could be asked.
    #[serde(skip)]
    pub(crate) reached: usize,
    /// Due leases that another admin has to revoke.
    #[serde(skip)]
    pub(crate) others: usize,
    /// What somebody should know although nothing failed.
    #[serde(skip)]
    pub(crate) notes: Vec<String>,
}

/// A lease that is not known to be gone. One that could not be dropped is cut off all the same, unless the error says
/// otherwise.
#[derive(Debug, Serialize)]
pub(crate) struct FailedLease {
    pub(crate) lease_id: LeaseId,
    pub(crate) connection: ConnectionName,
    pub(crate) error: String,
}

/// A connection that could not be opened, or broke.
#[derive(Debug, Serialize)]
pub(crate) struct Unreachable {
    pub(crate) connection: ConnectionName,
    pub(crate) error: String,
    /// Whose problem it is.
    #[serde(skip)]
    pub(crate) kind: Kind,
}

impl Report {
    /// Notes a connection that could not be opened, or broke.
    pub(crate) fn unreachable(&mut self, connection: &ConnectionName, error: &anyhow::Error) {
        self.unreachable.push(Unreachable {
            connection: connection.clone(),
            error: failure::one_line(error),
            kind: failure::kind(error),
        });
    }

    /// Brings the connections that could not be used into the order of these.
    pub(crate) fn sort_unreachable(&mut self, connections: &[ConnectionName]) {
        let position =
            |it: &Unreachable| connections.iter().position(|name| *name == it.connection);
        self.unreachable.sort_by_key(position);
    }

    /// Whether nothing is left to be done.
    pub(crate) fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unreachable.is_empty() && self.unasked.is_empty()
    }

    /// Adds the report on one server. Several connections can lead to it: a lease is named once, as revoked if either way
    /// succeeded. Another server can have a lease of the same name, which is another lease.
    pub(crate) fn add_server(&mut self, mut other: Self) {
        other.revoked.sort_unstable();
        other
            .failed
            .sort_by(|one, other| one.lease_id.cmp(&other.lease_id));
        other
            .failed
            .dedup_by(|one, other| one.lease_id == other.lease_id);
        let revoked = &other.revoked;
        other
            .failed
            .retain(|failed| revoked.binary_search(&failed.lease_id).is_err());
        self.revoked.extend(other.revoked);
        self.failed.extend(other.failed);
        self.unreachable.extend(other.unreachable);
        self.reached += other.reached;
        self.others += other.others;
        self.notes.extend(other.notes);
        self.reassigned.extend(other.reassigned);
    }

    /// Brings the entries into order and names each revoked lease once.
    pub(crate) fn finish(&mut self) {
        self.revoked.sort_unstable();
        self.revoked.dedup();
        self.failed.sort_by(|one, other| {
            (&one.lease_id, &one.connection).cmp(&(&other.lease_id, &other.connection))
        });
        self.reassigned.sort_unstable();
        self.notes.sort_unstable();
        self.notes.dedup();
    }
}
