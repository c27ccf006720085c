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
use crate::postgres::privileges::{join, reached};
use crate::postgres::retry::on_conflict;
use crate::postgres::session::{Session, begin_waiting};

/// Sessions that are not started after this time are taken for such as put it off.
const MOMENT: Duration = Duration::from_millis(250);

/// Ends the sessions of these logins, which are cut off, that are starting. Those that have started meanwhile are left to
/// [`end_sessions`](crate::postgres::revocation::end_sessions), which has to come afterwards; those that are not authenticated
/// yet will be refused, but cannot be told from others. Returns the oids of logins that may have sessions which still are
/// starting after `limit`. Waits for each lock for as long as `patience`.
pub(crate) async fn end_starting(
    session: &Session,
    leases: &[Lease],
    patience: Duration,
    limit: Duration,
) -> Result<Vec<u32>, DatabaseError> {
    let end = Instant::now() + limit;
    let mut late = starting(session).await?;
    wait(session, &mut late, MOMENT).await?;
    if late.is_empty() {
        return Ok(Vec::new());
    }
    let mut theirs = Vec::new();
    for lease in leases {
        let ended = match Instant::now() < end {
            true => end_those_of(session, lease, &late, patience).await?,
            false => None,
        };
        // Where nobody can say whose they are, all of them may be.
        let pids = ended.unwrap_or_else(|| late.clone());
        theirs.extend(pids.into_iter().map(|pid| (pid, lease.oid)));
    }
    let mut left: Vec<i32> = theirs.iter().map(|(pid, _)| *pid).collect();
    wait(
        session,
        &mut left,
        end.saturating_duration_since(Instant::now()),
    )
    .await?;
    theirs.retain(|(pid, _)| left.contains(pid));
    Ok(theirs.into_iter().map(|(_, oid)| oid).collect())
}

/// Ends those of the sessions that are the lease's, and returns them; `None` where that cannot be told.
async fn end_those_of(
    session: &Session,
    lease: &Lease,
    pids: &[i32],
    patience: Duration,
) -> Result<Option<Vec<i32>>, DatabaseError> {
    let end = async |_| {
        let result = end_as(session, lease, pids, patience).await;
        session.rollback().await;
        result
    };
    match on_conflict(DatabaseError::is_conflict, end).await {
        Err(error) if !error.is_lost() => Ok(None),
        result => result,
    }
}

/// The process ids of all sessions that are starting. Until PostgreSQL 17 they are not in `pg_stat_activity` at all.
async fn starting(session: &Session) -> Result<Vec<i32>, DatabaseError> {
    let rows = session
        .query(
            "SELECT pid FROM pg_locks l WHERE locktype = 'virtualxid' AND pid IS NOT NULL AND NOT EXISTS \
             (SELECT FROM pg_stat_get_backend_idset() AS id WHERE pg_stat_get_backend_pid(id) = l.pid \
                 AND (pg_stat_get_backend_userid(id) <> 0 OR pg_stat_get_backend_dbid(id) <> 0))",
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

/// The same in a transaction that stays open: the admin's membership must not outlive it.
///
/// The server says to nobody whose they are, but refuses to end those of others: so it is asked as the lease itself. That
/// tells nothing where the lease may end other logins' sessions, or not even its own.
async fn end_as(
    session: &Session,
    lease: &Lease,
    pids: &[i32],
    patience: Duration,
) -> Result<Option<Vec<i32>>, DatabaseError> {
    let begun = session
        .run(&format!(
            "{} SELECT current_setting('server_version_num')::int >= 160000 AS has_options, {} AS can_tell \
             FROM pg_roles r WHERE r.oid = {}",
            begin_waiting(session, patience),
            can_tell(),
            lease.oid
        ))
        .await?;
    let answers = Answers::new(begun);
    // It may be gone.
    if answers.find("can_tell") != Some("t") {
        return Ok(None);
    }
    let name = lease.marker.lease.as_str();
    session
        .run(&format!(
            "{} SET LOCAL ROLE {}; SAVEPOINT as_lease",
            join(name, answers.is_true("has_options")?),
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
    Ok(Some(ended))
}

/// Whether a role `r` may call the function that ends sessions, and is in no group as which it could end those of others.
fn can_tell() -> String {
    format!(
        "(SELECT bool_and(has_function_privilege(r.oid, oid, 'EXECUTE')) FROM pg_proc \
             WHERE proname = 'pg_terminate_backend' AND pronamespace = 'pg_catalog'::regnamespace) \
         AND NOT EXISTS (SELECT FROM {} g WHERE g.rolcanlogin OR g.rolname = 'pg_signal_backend')",
        reached("r.oid")
    )
}
