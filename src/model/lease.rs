//! A lease: a login with an end, as the ledger in the database shows it.

use std::fmt;

use serde::Serialize;

use crate::model::marker::Marker;
use crate::model::timestamp::Timestamp;

/// Where a lease stands, by the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LeaseState {
    /// Its end is to come.
    Active,
    /// Its end has passed and no sweep has met it yet.
    Expired,
    /// Cut off (no login, no password), but not dropped yet.
    Quarantined,
}

impl fmt::Display for LeaseState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Quarantined => "quarantined",
        })
    }
}

/// A login that pgcreds made.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    /// The PostgreSQL role's oid.
    pub(crate) oid: u32,
    /// What pgcreds wrote about it; the lease's id is `marker.lease`.
    pub(crate) marker: Marker,
    /// Where it stands.
    pub(crate) state: LeaseState,
    /// Its end: `VALID UNTIL`, or the marker's last end where somebody removed that.
    pub(crate) expires_at: Timestamp,
    /// Open sessions of the login.
    pub(crate) sessions: i64,
    /// Whether this admin may alter and drop it (PostgreSQL 16+: only with `ADMIN OPTION` on it).
    pub(crate) is_ours: bool,
}
