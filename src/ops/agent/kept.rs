//! A lease that a file lives on, and what this machine knows of its end.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::lease::Lease;
use crate::model::name::LeaseId;
use crate::model::timestamp::Timestamp;
use crate::model::ttl::Ttl;
use crate::postgres::renewal::Renewed;

/// How far our idea of a lease's end may be from the server's: it counts whole seconds.
const TOLERANCE: Duration = Duration::from_secs(2);

/// A lease with the time that it was issued for.
pub(super) struct Kept {
    pub(super) lease: Lease,
    pub(super) ttl: Ttl,
    ends_at: Instant,
}

impl Kept {
    /// A lease that was issued just now.
    pub(super) fn new(lease: Lease, ttl: Ttl) -> Self {
        let ends_at = Instant::now() + Duration::from_secs(ttl.as_seconds());
        Self {
            lease,
            ttl,
            ends_at,
        }
    }

    pub(super) fn id(&self) -> &LeaseId {
        &self.lease.marker.lease
    }

    /// Its end by the server's clock.
    pub(super) fn expires_at(&self) -> &Timestamp {
        &self.lease.expires_at
    }

    pub(super) fn left(&self) -> Duration {
        self.ends_at.saturating_duration_since(Instant::now())
    }

    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Whether no renewal can move its end.
    pub(super) fn is_at_cap(&self) -> bool {
        self.lease.expires_at >= self.lease.marker.max_expires_at
    }

    /// How often to ask the server about it: that it was revoked should not be found out at the next renewal only.
    pub(super) fn ask_every(&self) -> Duration {
        let often = Duration::from_secs(self.ttl.as_seconds()) / 20;
        often.clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// Takes the end of a renewal over.
    pub(super) fn renewed(&mut self, renewed: Renewed) {
        self.ends_at = Instant::now() + Duration::from_secs(renewed.seconds_left);
        self.lease.expires_at = renewed.expires_at;
    }

    /// Takes over how much time the server gives it, and returns whether that is less than was known: somebody cut it
    /// short, or this machine slept.
    pub(super) fn is_cut_short(&mut self, left: Duration) -> bool {
        let ends_at = Instant::now() + left;
        let is_cut_short = ends_at + TOLERANCE < self.ends_at;
        if is_cut_short {
            self.ends_at = ends_at;
        }
        is_cut_short
    }
}
