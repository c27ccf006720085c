//! Sessions that are starting: `NOLOGIN` came too late for them, and `pg_stat_activity` does not say yet whose they are.
//!
//! The server looks whether a login may log in right after authentication, and shows the session when it has started, which
//! every client can put off for as long as it likes (`post_auth_delay`). All the while it is in a transaction, whose lock
//! shows. (PostgreSQL 13 to 18, `InitPostgres`)

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;

use crate::model::lease::Lease;
use crate::postgres::answers::Answers;
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::privileges::join;
use crate::postgres::retry::on_conflict;
use crate::postgres::session::{Session, begin};

/// Sessions that are not started after this time are taken for such as put it off.
const MOMENT: Duration = Duration::from_millis(250);

/// Ends the sessions of these logins, which are cut off, that are starting. Those that have started meanwhile are among the
/// sessions of [`end_sessions`](crate::postgres::revocation::end_sessions), which has to come afterwards; those that are not
/// authenticated yet will be refused. Returns the oids of logins whose sessions still are starting after `limit`.
pub(crate) async fn end_starting(
    session: &Session,
    leases: &[Lease],
    limit: Duration,
) -> Result<Vec<u32>, DatabaseError> {
    let mut late = starting(session).await?;
    wait(session, &mut late, MOMENT).await?;
    if late.is_empty() {
        return Ok(Vec::new());
    }
    let mut ended = Vec::new();
    for lease in leases {
        let end = async |_| {
            let result = end_as(session, lease, &late).await;
            session.rollback().await;
            result
        };
        let theirs = on_conflict(DatabaseError::is_conflict, end).await?;
        ended.extend(theirs.into_iter().map(|pid| (pid, lease.oid)));
    }
    let mut left = ended.iter().map(|(pid, _)| *pid).collect();
    wait(session, &mut left, limit).await?;
    ended.retain(|(pid, _)| left.contains(pid));
    Ok(ended.into_iter().map(|(_, oid)| oid).collect())
}

/// The process ids of all sessions that are starting. Until PostgreSQL 17 they are not in `pg_stat_activity` at all.
async fn starting(session: &Session) -> Result<Vec<i32>, DatabaseError> {
    let rows = session
        .query(
            "SELECT pid FROM pg_locks l WHERE locktype = 'virtualxid' AND pid IS NOT NULL AND NOT EXISTS \
             (SELECT FROM pg_stat_activity a WHERE a.pid = l.pid AND (usesysid IS NOT NULL OR datid IS NOT NULL))",
            &[],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Waits until none of these sessions is starting any more, and leaves those that still are after `limit`.
async fn wait(
    session: &Session,
    pids: &mut Vec<i32>,
    limit: Duration,
) -> Result<(), DatabaseError> {
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(5);
    while !pids.is_empty() && Instant::now() < end {
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
        let starting = starting(session).await?;
        pids.retain(|pid| starting.contains(pid));
    }
    Ok(())
}

/// Ends those of the sessions that are the lease's, and returns them. The transaction stays open: the admin's membership must
/// not outlive it.
///
/// The server says to nobody whose they are, but refuses to end those of others: so it is asked as the lease itself, which
/// may end no other login's unless it was given `pg_signal_backend`.
async fn end_as(session: &Session, lease: &Lease, pids: &[i32]) -> Result<Vec<i32>, DatabaseError> {
    let begun = session
        .run(&format!(
            "{} SELECT current_setting('server_version_num')::int >= 160000 AS has_options",
            begin()
        ))
        .await?;
    let has_options = Answers::new(begun).is_true("has_options")?;
    let name = lease.marker.lease.as_str();
    session
        .run(&format!(
            "{} SET LOCAL ROLE {}; SAVEPOINT as_lease",
            join(name, has_options),
            identifier(name)
        ))
        .await?;
    let mut ended = Vec::new();
    for pid in pids {
        let end = format!("SELECT pg_terminate_backend({pid})");
        match session.run(&end).await {
            Ok(_) => ended.push(*pid),
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                session.run("ROLLBACK TO as_lease").await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(ended)
}
