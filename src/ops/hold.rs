//! Keeping a lease alive while something uses it, and ending it afterwards.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep_until};

use crate::failure::{self, Kind};
use crate::model::event::{self as model, EventKind};
use crate::model::lease::Lease;
use crate::model::marker::Marker;
use crate::model::timestamp::Timestamp;
use crate::model::ttl::Ttl;
use crate::ops::connect::{self, Admin};
use crate::ops::issue::{Fresh, Issued, take_back};
use crate::ops::renew::extend;
use crate::ops::trace;
use crate::postgres::connect::Server;
use crate::postgres::error::DatabaseError;
use crate::state::State;

/// An idle session is given up after this time: whatever uses the lease may take hours.
const IDLE: Duration = Duration::from_secs(10);

/// Pause after the first attempt that failed; each further one is twice as long, up to the second.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A lease in use.
pub(crate) struct Held<'a> {
    state: &'a State,
    lease: Lease,
    ttl: Ttl,
    server: Server,
    /// The session that issued it, as long as it is fresh.
    admin: Option<Admin>,
    idle_at: Instant,
    /// When to renew; `None` when it can live no longer.
    renew_at: Option<Instant>,
    pause: Duration,
}

/// What happened to a lease in use.
#[derive(Debug)]
pub(crate) enum Event {
    /// It lives on until then.
    Renewed(Timestamp),
    /// It ends then, and cannot be renewed.
    Last(Timestamp),
    /// It could not be renewed; tried again soon.
    NotRenewed(anyhow::Error),
}

impl<'a> Held<'a> {
    /// Takes a fresh lease over; each renewal is for the time that it was issued for.
    pub(crate) fn new(state: &'a State, issued: Issued) -> Self {
        let Fresh { lease, ttl, .. } = issued.fresh;
        Self {
            state,
            lease,
            ttl,
            server: issued.admin.server.clone(),
            admin: Some(issued.admin),
            idle_at: Instant::now() + IDLE,
            renew_at: Some(Instant::now() + two_thirds(Duration::from_secs(ttl.as_seconds()))),
            pause: PAUSES.0,
        }
    }

    /// Waits until the lease has to be renewed, and renews it. Can be given up at any time and called again.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            match self.renew_at {
                _ if self.admin.is_some()
                    && self.renew_at.is_none_or(|renew_at| self.idle_at < renew_at) =>
                {
                    sleep_until(self.idle_at).await;
                    self.admin = None;
                }
                Some(renew_at) => {
                    sleep_until(renew_at).await;
                    return self.renew().await;
                }
                None => std::future::pending().await,
            }
        }
    }

    async fn renew(&mut self) -> Event {
        if self.lease.expires_at >= self.lease.marker.max_expires_at {
            self.renew_at = None;
            return Event::Last(self.lease.expires_at.clone());
        }
        // A session in whose midst we are given up is closed, and the server forgets what it began.
        let admin = match self.admin.take() {
            Some(admin) => Ok(admin),
            None => {
                let opened = connect::reopen_anywhere(self.state, &self.server).await;
                let event = || model::Event::of(EventKind::Renew, &self.lease.marker);
                trace::failure(self.state, event, opened)
            }
        };
        let renewed = match admin {
            Ok(admin) => {
                // With the password that it has by now.
                self.server = admin.server.clone();
                extend(self.state, &admin, &self.lease, Some(self.ttl)).await
            }
            Err(error) => Err(error),
        };
        match renewed {
            Ok(renewed) => {
                self.lease.expires_at.clone_from(&renewed.expires_at);
                self.pause = PAUSES.0;
                let left = Duration::from_secs(renewed.seconds_left);
                self.renew_at = Some(Instant::now() + two_thirds(left));
                Event::Renewed(renewed.expires_at)
            }
            Err(error) => {
                // A refusal is final: it has ended, or somebody revoked it.
                let is_final = failure::kind(&error) == Kind::Request;
                self.renew_at = (!is_final).then(|| Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(PAUSES.1);
                Event::NotRenewed(error)
            }
        }
    }

    /// The lease's marker.
    pub(crate) fn marker(&self) -> &Marker {
        &self.lease.marker
    }

    /// Revokes the lease.
    pub(crate) async fn release(self) -> Result<()> {
        let id = &self.lease.marker.lease;
        if let Some(admin) = self.admin {
            match take_back(&admin, self.state, id).await {
                // The server was restarted, or a firewall forgot the session, while nobody used it.
                Err(error) if is_lost(&error) => {}
                result => return result.map(|_| ()),
            }
        }
        let opened = connect::reopen_anywhere(self.state, &self.server).await;
        let event = || model::Event::of(EventKind::Revoke, &self.lease.marker);
        let admin = trace::failure(self.state, event, opened)?;
        take_back(&admin, self.state, id).await?;
        Ok(())
    }
}

fn is_lost(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DatabaseError>()
        .is_some_and(DatabaseError::is_lost)
}

/// Two thirds of a lifetime: time enough to try again before the end. Ends are cut to whole seconds, so that the last one
/// does not count.
pub(super) fn two_thirds(left: Duration) -> Duration {
    let certain = left.saturating_sub(Duration::from_secs(1));
    (certain * 2 / 3).max(Duration::from_millis(250))
}
