//! The steps of a revocation, each for many logins at a time: end sessions, drop, look. The cut is in `cut.rs`, what a
//! login owns or was granted in `dependencies.rs`; the order of the steps is in `ops/revoke.rs`.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

use crate::model::lease::Lease;
use crate::model::role::Role;
use crate::model::statements::Values;
use crate::postgres::error::DatabaseError;
use crate::postgres::identifiers;
use crate::postgres::privileges::join_logins;
use crate::postgres::retry::on_conflict;
use crate::postgres::session::{LOCK_WAIT, Session, begin, begin_waiting, foreign};

/// Which leases a revocation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Whatever it is given.
    All,
    /// Only those that still are expired or quarantined at the moment of the cut: a renewal may have come first.
    Due,
}

/// Step 2: ends the sessions of these logins, also one that works as another role after `SET ROLE`, and waits until they
/// are gone. Returns the oids of logins that still have sessions after `limit`.
pub(crate) async fn end_sessions(
    session: &Session,
    oids: &[u32],
    limit: Duration,
) -> Result<Vec<u32>, DatabaseError> {
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(10);
    // Logins that the admin may end the sessions of.
    let mut joined: Vec<u32> = Vec::new();
    loop {
        let open = open_sessions(session, oids).await?;
        if open.is_empty() || Instant::now() >= end {
            return Ok(open);
        }
        let is_joined = |oid: &u32| joined.contains(oid);
        if open.iter().all(is_joined) || join_or_end(session, &open, LOCK_WAIT).await? {
            session
                .query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = ANY($1)",
                    &[(&open, Type::OID_ARRAY)],
                )
                .await?;
            joined = open;
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}

/// Makes the admin a member of these logins, so that it may end their sessions. Where they keep it from that, it ends them
/// at once, and returns `false`.
///
/// Before PostgreSQL 15 a login may grant itself to the admin, and the admin's own grant then waits for the login's open
/// transaction. There `CREATEROLE` is enough to become a member of `pg_signal_backend`, which is taken back at once.
pub(super) async fn join_or_end(
    session: &Session,
    oids: &[u32],
    patience: Duration,
) -> Result<bool, DatabaseError> {
    match join_logins(session, oids, patience).await {
        Ok(()) => return Ok(true),
        Err(error) if error.is_lock_timeout() => {}
        Err(error) => return Err(error),
    }
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    let ended = session
        .run(&format!(
            "{} GRANT pg_signal_backend TO CURRENT_USER; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = ANY('{{{}}}'::oid[])",
            begin_waiting(session, patience),
            oids.join(",")
        ))
        .await;
    session.rollback().await;
    ended.map(|_| false)
}

/// The logins among these that have sessions.
pub(super) async fn open_sessions(
    session: &Session,
    oids: &[u32],
) -> Result<Vec<u32>, DatabaseError> {
    let rows = session
        .query(
            "SELECT DISTINCT usesysid FROM pg_stat_activity WHERE usesysid = ANY($1) ORDER BY 1",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Step 3: the role's own revocation statements, for one login, in one transaction.
pub(crate) async fn run_statements(
    session: &Session,
    lease: &Lease,
    role: &Role,
) -> Result<(), DatabaseError> {
    let name = lease.marker.lease.as_str();
    let statements = role.revocation_statements.render(&Values {
        name,
        password: "",
        expiration: "",
    });
    let statements = foreign(session, &statements, &role.search_path);
    on_conflict(DatabaseError::is_conflict, async |_| {
        let result = session
            .run(&format!("{} {statements} COMMIT", begin(session)))
            .await;
        if result.is_err() {
            session.rollback().await;
        }
        result.map(|_| ())
    })
    .await
}

/// Step 5: drops these logins, waiting for locks for as long as `patience`. One that is gone already is as good as dropped.
pub(crate) async fn drop_logins(
    session: &Session,
    leases: &[Lease],
    patience: Duration,
) -> Result<(), DatabaseError> {
    let names = identifiers(leases.iter().map(|lease| lease.marker.lease.as_str()));
    on_conflict(DatabaseError::is_conflict, async |_| {
        let result = session
            .run(&format!(
                "{} DROP ROLE IF EXISTS {names}; COMMIT",
                begin_waiting(session, patience)
            ))
            .await;
        if result.is_err() {
            session.rollback().await;
        }
        result.map(|_| ())
    })
    .await
}

/// Step 6: the oids among these that still are roles, or still have sessions.
pub(crate) async fn remaining(session: &Session, oids: &[u32]) -> Result<Vec<u32>, DatabaseError> {
    let rows = session
        .query(
            "SELECT oid FROM pg_roles WHERE oid = ANY($1) \
             UNION SELECT usesysid FROM pg_stat_activity WHERE usesysid = ANY($1)",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The logins among these that the server would let in.
pub(crate) async fn that_can_log_in(
    session: &Session,
    oids: &[u32],
) -> Result<Vec<u32>, DatabaseError> {
    let rows = session
        .query(
            "SELECT oid FROM pg_roles WHERE oid = ANY($1) AND rolcanlogin",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
