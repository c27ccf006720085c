//! A lease as the commands print it: a contract of the JSON output.

use serde::Serialize;

use crate::model::lease::{Lease, LeaseState};
use crate::model::name::{ConnectionName, Label, LeaseId, RoleName};
use crate::model::timestamp::Timestamp;

/// The columns of a list of leases.
pub(crate) const COLUMNS: [&str; 8] = [
    "lease_id",
    "role",
    "connection",
    "state",
    "expires_at",
    "issued_by",
    "label",
    "sessions",
];

/// One lease.
#[derive(Serialize)]
pub(crate) struct View {
    lease_id: LeaseId,
    role: RoleName,
    connection: ConnectionName,
    state: LeaseState,
    issued_at: Timestamp,
    expires_at: Timestamp,
    max_expires_at: Timestamp,
    issued_by: Label,
    label: Label,
    sessions: i64,
}

impl From<Lease> for View {
    fn from(lease: Lease) -> Self {
        let marker = lease.marker;
        Self {
            lease_id: marker.lease,
            role: marker.role,
            connection: marker.connection,
            state: lease.state,
            issued_at: marker.issued_at,
            expires_at: lease.expires_at,
            max_expires_at: marker.max_expires_at,
            issued_by: marker.issued_by,
            label: marker.label,
            sessions: lease.sessions,
        }
    }
}
