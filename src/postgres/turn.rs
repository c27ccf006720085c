//! The advisory locks by which new logins wait for each other. Any user of the database can take them too, so nobody waits for
//! a stranger for long.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::types::Type;

use crate::failure::Failure;
use crate::model::name::RoleName;
use crate::postgres::error::DatabaseError;
use crate::postgres::literal;
use crate::postgres::session::{Session, begin};

/// How long to wait behind others of the same admin. Whoever waits there is in nobody's way.
const PATIENCE: Duration = Duration::from_secs(60);

/// A queue that a new login waits in.
pub(super) struct Turn {
    /// What is hashed to the lock's number.
    key: String,
    /// Whether the login must not be made without it.
    is_needed: bool,
}

/// A session that holds the lock of a turn.
struct Holder {
    key: String,
    pid: i32,
    user: String,
    is_stranger: bool,
}

impl Turn {
    /// Of the logins of a role whose leases are counted.
    pub(super) fn counting(role: &RoleName) -> Self {
        Self {
            key: format!("pgcreds {role}"),
            is_needed: true,
        }
    }

    /// Of logins that get grants on objects: PostgreSQL lets only one at a time change an object's access control list and
    /// fails the others, which then try again.
    pub(super) fn granting() -> Self {
        Self {
            key: "pgcreds".to_owned(),
            is_needed: false,
        }
    }
}

/// Begins a transaction, waits for the turns, and runs `sql` in it. A turn that a stranger holds for longer than a lock of
/// somebody else is waited for is done without, or is the failure. Nothing is open when it fails so.
pub(super) async fn begin_in_turn(
    session: &Session,
    mut turns: Vec<Turn>,
    sql: &str,
    what: impl Fn() -> String,
) -> Result<Vec<SimpleQueryRow>> {
    // Nothing is made yet: a session that is lost here leaves nothing to look for.
    let failure = |error: DatabaseError| error.elsewhere().failure(what());
    let end = Instant::now() + PATIENCE;
    loop {
        let locks = turns.iter().map(|turn| {
            let key = literal(&turn.key);
            format!("SELECT pg_advisory_xact_lock(hashtext({key}));")
        });
        let locks: String = locks.collect();
        let error = match session
            .run(&format!("{} {locks} {sql}", begin(session)))
            .await
        {
            Ok(rows) => return Ok(rows),
            Err(error) if error.is_lock_timeout() && !turns.is_empty() => error,
            Err(error) => return Err(failure(error)),
        };
        session.rollback().await;
        for holder in holders(session, &turns).await.map_err(failure)? {
            let is_held = |turn: &Turn| turn.key == holder.key;
            let is_needed = turns.iter().any(|turn| is_held(turn) && turn.is_needed);
            if is_needed && (holder.is_stranger || Instant::now() > end) {
                return Err(holder.failure(&what()));
            }
            turns.retain(|turn| !(is_held(turn) && holder.is_stranger));
        }
        if Instant::now() > end {
            return Err(failure(error));
        }
    }
}

impl Holder {
    fn failure(&self, what: &str) -> anyhow::Error {
        let Self { pid, user, .. } = self;
        Failure::server(format!(
            "{what}: process {pid} of user \"{user}\" on the server holds the lock under which its leases are counted"
        ))
        .hint(format!(
            "See what it does in pg_stat_activity. To end it, run: SELECT pg_terminate_backend({pid});"
        ))
        .into()
    }
}

/// Who holds the locks of these turns. In `pg_locks` the number is in two halves (PostgreSQL's documentation, 53.13).
async fn holders(session: &Session, turns: &[Turn]) -> Result<Vec<Holder>, DatabaseError> {
    let keys: Vec<&str> = turns.iter().map(|turn| turn.key.as_str()).collect();
    let rows = session
        .query(
            "SELECT key, l.pid, coalesce(a.usename, '')::text AS holder, a.usename IS DISTINCT FROM current_user AS is_stranger \
             FROM unnest($1::text[]) AS key \
             JOIN pg_locks l ON (l.classid::bigint << 32 | l.objid::bigint) = hashtext(key) AND l.objsubid = 1 \
             LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted \
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY l.pid",
            &[(&keys, Type::TEXT_ARRAY)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Holder {
                key: row.try_get("key")?,
                pid: row.try_get("pid")?,
                user: row.try_get("holder")?,
                is_stranger: row.try_get("is_stranger")?,
            })
        })
        .collect()
}
