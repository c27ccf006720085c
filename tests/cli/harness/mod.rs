//! What every test needs: a throw-away PostgreSQL cluster, a sandbox to run pgcreds in, and a proxy that breaks connections.
//! It knows PostgreSQL and the command line of pgcreds, and nothing of how pgcreds works inside.

mod cluster;
mod normalize;
mod programs;
mod proxy;
mod refusal;
mod run;
mod sandbox;
mod scratch;
mod server;
mod session;
mod sql;
mod template;
mod traffic;
mod wire;

pub(crate) use cluster::Cluster;
pub(crate) use normalize::normalize;
pub(crate) use proxy::{Direction, Fault, Proxy};
pub(crate) use run::{Run, Running};
pub(crate) use rustix::process::Signal;
pub(crate) use sandbox::{Sandbox, write_private};
pub(crate) use session::LiveSession;
pub(crate) use sql::Admin;

use std::time::{Duration, Instant};

/// Waits until the condition holds; panics when it does not within the timeout.
#[track_caller]
pub(crate) fn eventually(timeout: Duration, condition: impl FnMut() -> bool) {
    assert!(
        within(timeout, condition),
        "the condition did not hold within {timeout:?}"
    );
}

/// Whether the condition came to hold within the timeout. The only sleep of the harness.
pub(crate) fn within(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + timeout;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}
