//! The steps of a revocation, each for many logins at a time: end sessions, drop, look. The cut is in `cut.rs`, what a
//! login owns or was granted in `dependencies.rs`; the order of the steps is in `ops/revoke.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

use crate::model::lease::Lease;
use crate::model::role::Role;
use crate::model::statements::Values;
use crate::postgres::answers::Answers;
use crate::postgres::error::DatabaseError;
use crate::postgres::one_by_one::{all_or_each, one_by_one, short_wait};
use crate::postgres::privileges::joins;
use crate::postgres::retry::on_conflict;
use crate::postgres::session::{Session, begin, begin_waiting, foreign};
use crate::postgres::{identifier, identifiers};

/// Which leases a revocation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Whatever it is given.
    All,
    /// Only those that still are expired or quarantined at the moment of the cut: a renewal may have come first.
    Due,
}

/// Step 2: terminates the sessions of these logins, also one that works as another role after `SET ROLE`, and waits until
/// they are gone. Returns the oids of logins that still have sessions after `limit`; with no limit they are told to end once.
pub(crate) async fn end_sessions(
    session: &Session,
    oids: &[u32],
    limit: Duration,
) -> Result<Vec<u32>, DatabaseError> {
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(10);
    loop {
        let open = open_sessions(session, oids).await?;
        if open.is_empty() {
            return Ok(open);
        }
        terminate(session, &open).await?;
        if Instant::now() >= end {
            return Ok(open);
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}

/// Tells the sessions of these logins to end. The admin has to be a member of a login for that; where it cannot become a
/// member of all of them at once, each login gets a transaction of its own.
///
/// Before PostgreSQL 15 a login may grant itself to the admin, and the admin's own grant then waits for the login's open
/// transaction.
async fn terminate(session: &Session, oids: &[u32]) -> Result<(), DatabaseError> {
    let joins = joins(session, oids).await?;
    let begin = begin_waiting(session, short_wait(oids.len()));
    let all: String = joins.values().map(String::as_str).collect();
    let end = termination(oids, "true");
    match session.run(&format!("{begin} {all} {end} COMMIT")).await {
        Ok(_) => return Ok(()),
        Err(error) if error.is_lost() => return Err(error),
        Err(_) => session.rollback().await,
    }
    let change = |oid: &u32| {
        let join = joins.get(oid).map(String::as_str).unwrap_or_default();
        (*oid, format!("{join} {}", termination(&[*oid], "true")))
    };
    let mut obstructed = Vec::new();
    let mut refused = Ok(());
    for (oid, result) in one_by_one(session, oids.iter().map(change).collect()).await? {
        match result {
            Err(error) if error.is_lock_timeout() || error.is_conflict() => obstructed.push(oid),
            Err(error) => refused = Err(error),
            Ok(()) => {}
        }
    }
    terminate_as_signaler(session, &obstructed, "true").await?;
    refused
}

/// The SQL that tells the sessions of those of these logins to end whose rows in `pg_roles` meet the condition.
pub(super) fn termination(oids: &[u32], condition: &str) -> String {
    format!(
        "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid \
         WHERE a.usesysid = ANY({}) AND {condition};",
        array(oids)
    )
}

/// Oids as an SQL array.
pub(super) fn array(oids: &[u32]) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("'{{{}}}'::oid[]", oids.join(","))
}

/// Tells the sessions of these logins to end where the admin cannot become a member of them: until PostgreSQL 15
/// `CREATEROLE` is enough to become a member of `pg_signal_backend`, which is rolled back at once.
pub(super) async fn terminate_as_signaler(
    session: &Session,
    oids: &[u32],
    condition: &str,
) -> Result<(), DatabaseError> {
    if oids.is_empty() {
        return Ok(());
    }
    let ended = session
        .run(&format!(
            "{} GRANT pg_signal_backend TO CURRENT_USER; {}",
            begin_waiting(session, short_wait(1)),
            termination(oids, condition)
        ))
        .await;
    session.rollback().await;
    match ended {
        Err(error) if error.is_lost() => Err(error),
        _ => Ok(()),
    }
}

/// Whose sessions there are. The view `pg_stat_activity` has the same, but looks through all memberships of the admin, of
/// which it has one in each login that it created (PostgreSQL 16 and later).
const SESSIONS: &str = "(SELECT pg_stat_get_backend_userid(id) AS usesysid FROM pg_stat_get_backend_idset() AS id) AS session";

/// How many logins to take through the steps at a time, at most `most`.
///
/// From PostgreSQL 16 on the server goes through all memberships of a `CREATEROLE` admin anew for each role that is dropped:
/// with many of them fewer logins fit into the time that a statement has.
pub(crate) async fn portion(session: &Session, most: usize) -> Result<usize, DatabaseError> {
    if session.mode().is_superuser {
        return Ok(most);
    }
    let rows = session
        .run(
            "SELECT count(*) AS memberships FROM pg_catalog.pg_auth_members \
             WHERE member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) \
             AND current_setting('server_version_num')::int >= 160000",
        )
        .await?;
    let memberships: usize = Answers::new(rows).parsed("memberships")?;
    Ok((DROPS / memberships.max(1)).clamp(LEAST_PORTION.min(most), most))
}

/// Logins that are dropped at a time, times memberships of the admin: some seconds' work for the server.
const DROPS: usize = 1_000_000;

/// The least portion.
pub(crate) const LEAST_PORTION: usize = 10;

/// The logins among these that have sessions.
pub(super) async fn open_sessions(
    session: &Session,
    oids: &[u32],
) -> Result<Vec<u32>, DatabaseError> {
    let rows = session
        .query(
            &format!(
                "SELECT DISTINCT usesysid FROM {SESSIONS} WHERE usesysid = ANY($1) ORDER BY 1"
            ),
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

/// Step 5: drops these logins. One that is gone already is as good as dropped. Returns the errors of those that could not be.
pub(crate) async fn drop_logins(
    session: &Session,
    leases: &[Lease],
) -> Result<BTreeMap<u32, DatabaseError>, DatabaseError> {
    let drop = |names: &str| format!("DROP ROLE IF EXISTS {names};");
    let together = identifiers(leases.iter().map(|lease| lease.marker.lease.as_str()));
    let alone = |lease: &Lease| (lease.oid, drop(&identifier(lease.marker.lease.as_str())));
    let each = leases.iter().map(alone).collect();
    all_or_each(session, &drop(&together), each).await
}

/// Step 6: the oids among these that still are roles, or still have sessions.
pub(crate) async fn remaining(session: &Session, oids: &[u32]) -> Result<Vec<u32>, DatabaseError> {
    let rows = session
        .query(
            &format!(
                "SELECT oid FROM pg_roles WHERE oid = ANY($1) \
                 UNION SELECT usesysid FROM {SESSIONS} WHERE usesysid = ANY($1)"
            ),
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
