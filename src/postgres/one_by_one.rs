//! Changes of many logins, each in a transaction of its own: a lock on one login keeps no other from being changed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use tokio::time::{Instant, sleep};

use crate::postgres::error::DatabaseError;
use crate::postgres::session::{Session, begin_waiting};

/// Transactions that are sent without waiting for the answers of earlier ones. Their waits for locks add up to less than
/// the time that an answer may take.
const AT_ONCE: usize = 32;

/// The time that all changes of a group together may wait for locks.
const TOTAL_WAIT: Duration = Duration::from_secs(1);

/// The shortest wait for a lock: a session that was terminated has released its locks by then, as a rule.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);

/// The longest wait for a lock.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// How long locked logins are tried again and again, all of them in turn.
const RETRIES: Duration = Duration::from_secs(2);

/// How long to wait before locked logins are tried again.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// How long each of `count` changes may wait for a lock.
pub(super) fn short_wait(count: usize) -> Duration {
    let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    (TOTAL_WAIT / count).clamp(SHORTEST_WAIT, LONGEST_WAIT)
}

/// A change of the login with this oid: SQL without a transaction around it.
pub(super) type Change = (u32, String);

/// Runs each change in a transaction of its own, and returns the result of each, in order. Fails only when the session is
/// lost; what was committed before stays committed.
pub(super) async fn one_by_one(
    session: &Session,
    changes: Vec<Change>,
) -> Result<Vec<(u32, Result<(), DatabaseError>)>, DatabaseError> {
    let begin = begin_waiting(session, short_wait(changes.len()));
    let begin = begin.as_str();
    let mut results = stream::iter(changes)
        .map(async |(oid, sql)| {
            let sql = format!("{begin} {sql}");
            // Sent together. COMMIT rolls back what has failed, without a word.
            let (changed, committed) = tokio::join!(session.run(&sql), session.run("COMMIT"));
            (oid, changed.and(committed).map(|_| ()))
        })
        .buffered(AT_ONCE);
    let mut done = Vec::new();
    while let Some((oid, result)) = results.next().await {
        match result {
            Err(error) if error.is_lost() => return Err(error),
            result => done.push((oid, result)),
        }
    }
    Ok(done)
}

/// Runs `together`, which makes all the changes at once; where that fails, each change alone, and those that are locked again
/// for a short time. Returns the errors of the logins that could not be changed. Fails only when the session is lost.
pub(crate) async fn all_or_each(
    session: &Session,
    together: &str,
    mut changes: BTreeMap<u32, String>,
) -> Result<BTreeMap<u32, DatabaseError>, DatabaseError> {
    let mut failed = BTreeMap::new();
    if changes.is_empty() {
        return Ok(failed);
    }
    let begin = begin_waiting(session, short_wait(changes.len()));
    match session.run(&format!("{begin} {together} COMMIT")).await {
        Ok(_) => return Ok(failed),
        Err(error) if error.is_lost() => return Err(error),
        Err(_) => session.rollback().await,
    }
    let end = Instant::now() + RETRIES;
    loop {
        let is_last = Instant::now() >= end;
        let tried = changes.iter().map(|(oid, sql)| (*oid, sql.clone()));
        for (oid, result) in one_by_one(session, tried.collect()).await? {
            match result {
                Err(error) if !is_last && (error.is_lock_timeout() || error.is_conflict()) => {}
                result => {
                    changes.remove(&oid);
                    failed.extend(result.err().map(|error| (oid, error)));
                }
            }
        }
        if changes.is_empty() {
            return Ok(failed);
        }
        sleep(PAUSE).await;
    }
}
