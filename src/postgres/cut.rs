//! The first step of a revocation: no login, no password, an expiry that has passed. Nothing that the login itself does may
//! keep it from that, and a lock on one login keeps no other from it.
//!
//! A login that has changed its own password in a transaction which is still open holds a lock on itself. Its sessions are
//! terminated then. Locks of other users' sessions are waited for, and reported.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::model::lease::Lease;
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::one_by_one::{Change, PAUSE, one_by_one, short_wait};
use crate::postgres::privileges::joins;
use crate::postgres::revocation::{
    Which, array, open_sessions, terminate_as_signaler, termination,
};
use crate::postgres::session::{LOCK_WAIT, Session, begin_waiting};

/// Whether a login without an end, or with one that has passed, or that cannot log in, is at hand.
const IS_DUE: &str = "(NOT rolcanlogin OR coalesce(rolvaliduntil, 'infinity') = 'infinity' OR rolvaliduntil <= now())";

/// What came of disabling logins. Those that are named in neither list were renewed in the meantime, or are gone.
#[derive(Default)]
pub(crate) struct Cut {
    /// The oids of those that are disabled.
    pub(crate) disabled: HashSet<u32>,
    /// Those that could not be disabled, with the reason.
    pub(crate) failed: HashMap<u32, DatabaseError>,
}

/// A login that may be disabled now.
struct Candidate {
    oid: u32,
    name: String,
    /// The expiry to set, where it is to come or missing.
    end: Option<String>,
}

/// Disables logins, and is committed when it returns: all in one transaction, else each in one of its own, and those with
/// sessions first lose these. Waits for locks for about a second at most, however many logins are locked.
pub(crate) async fn cut(
    session: &Session,
    leases: &[Lease],
    which: Which,
) -> Result<Cut, DatabaseError> {
    let oids: Vec<u32> = leases.iter().map(|lease| lease.oid).collect();
    let candidates = candidates(session, &oids, which).await?;
    let changes: String = candidates.iter().map(Candidate::change).collect();
    let begin = begin_waiting(session, short_wait(candidates.len()));
    let result = session
        .run(&format!("{begin} {changes} {} COMMIT", guard(&candidates)))
        .await;
    match result {
        Ok(_) => Ok(Cut {
            disabled: candidates.iter().map(|it| it.oid).collect(),
            failed: HashMap::new(),
        }),
        Err(error) if error.is_lost() => Err(error),
        Err(_) => {
            session.rollback().await;
            apart(session, &oids, which).await
        }
    }
}

/// Tries logins again that could not be disabled, all of them in turn: for as long as we wait for a lock, and those that
/// come back with new sessions until `limit` after that.
pub(crate) async fn cut_obstructed(
    session: &Session,
    oids: &[u32],
    which: Which,
    limit: Duration,
) -> Result<Cut, DatabaseError> {
    let begun = Instant::now();
    let mut cut = Cut::default();
    let mut oids = oids.to_vec();
    loop {
        let open = open_sessions(session, &due(session, &oids, which).await?).await?;
        terminate_as_signaler(session, &open, condition(which)).await?;
        let Cut { disabled, failed } = apart(session, &oids, which).await?;
        cut.disabled.extend(disabled);
        oids = failed.keys().copied().collect();
        oids.sort_unstable();
        let waited = begun.elapsed();
        let may_wait = waited < LOCK_WAIT || (waited < LOCK_WAIT + limit && !open.is_empty());
        if !failed.values().any(is_temporary) || !may_wait {
            let explained = failed.into_iter().map(|(oid, error)| (oid, explain(error)));
            cut.failed = explained.collect();
            return Ok(cut);
        }
        sleep(PAUSE).await;
    }
}

/// Whether it may well succeed when it is tried again: another session holds a lock, or has changed the login since the look.
pub(crate) fn is_temporary(error: &DatabaseError) -> bool {
    error.is_lock_timeout() || error.is_conflict() || was_renewed(error)
}

/// Disables each login in a transaction of its own, in which its sessions are terminated first: the change is then first in
/// the queue for the locks that they held, before a client comes back. Those without sessions come first.
async fn apart(session: &Session, oids: &[u32], which: Which) -> Result<Cut, DatabaseError> {
    let candidates = candidates(session, oids, which).await?;
    let found: Vec<u32> = candidates.iter().map(|it| it.oid).collect();
    let open = open_sessions(session, &found).await?;
    let joins = joins(session, &open).await?;
    let (late, early): (Vec<&Candidate>, Vec<&Candidate>) = candidates
        .iter()
        .partition(|it| open.binary_search(&it.oid).is_ok());
    let change = |candidate: &Candidate| -> Change {
        let oid = candidate.oid;
        let join = joins.get(&oid).map(String::as_str).unwrap_or_default();
        let end = match open.binary_search(&oid) {
            Ok(_) => termination(&[oid], condition(which)),
            Err(_) => String::new(),
        };
        let guard = guard(std::slice::from_ref(candidate));
        (oid, format!("{join} {end} {} {guard}", candidate.change()))
    };
    let changes = early.into_iter().chain(late).map(change).collect();
    let mut cut = Cut::default();
    for (oid, result) in one_by_one(session, changes).await? {
        match result {
            Ok(()) => drop(cut.disabled.insert(oid)),
            Err(error) => drop(cut.failed.insert(oid, error)),
        }
    }
    Ok(cut)
}

impl Candidate {
    fn change(&self) -> String {
        let name = identifier(&self.name);
        let end = self.end.as_deref();
        let end = end.map(|end| format!(" VALID UNTIL '{end}'"));
        format!(
            "ALTER ROLE {name} NOLOGIN PASSWORD NULL{};",
            end.unwrap_or_default()
        )
    }
}

/// What a login has to be for being disabled.
fn condition(which: Which) -> &'static str {
    match which {
        Which::Due => IS_DUE,
        Which::All => "true",
    }
}

/// The logins among these that may be disabled now.
async fn candidates(
    session: &Session,
    oids: &[u32],
    which: Which,
) -> Result<Vec<Candidate>, DatabaseError> {
    let sql = format!(
        "SELECT oid, rolname::text AS name, CASE WHEN (rolvaliduntil <= now()) IS NOT TRUE \
         THEN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00') END AS new_end \
         FROM pg_roles WHERE oid = ANY($1) AND {} ORDER BY oid",
        condition(which)
    );
    let rows = session.query(&sql, &[(&oids, Type::OID_ARRAY)]).await?;
    let candidate = |row: &tokio_postgres::Row| {
        Ok(Candidate {
            oid: row.try_get("oid")?,
            name: row.try_get("name")?,
            end: row.try_get("new_end")?,
        })
    };
    rows.iter().map(candidate).collect()
}

/// The oids of those.
async fn due(session: &Session, oids: &[u32], which: Which) -> Result<Vec<u32>, DatabaseError> {
    let candidates = candidates(session, oids, which).await?;
    Ok(candidates.into_iter().map(|it| it.oid).collect())
}

/// Fails the transaction where a login that had expired at the look was renewed before its change. A renewal that comes
/// after the change has to wait for us, and then sees what we did.
fn guard(candidates: &[Candidate]) -> String {
    let expired = candidates.iter().filter(|it| it.end.is_none());
    let oids: Vec<u32> = expired.map(|it| it.oid).collect();
    if oids.is_empty() {
        return String::new();
    }
    format!(
        "SELECT 1 / (CASE WHEN count(*) = 0 THEN 1 ELSE 0 END) FROM pg_roles \
         WHERE oid = ANY({}) AND (rolvaliduntil <= now()) IS NOT TRUE;",
        array(&oids)
    )
}

/// What an administrator can understand of an error of the guard.
fn explain(error: DatabaseError) -> DatabaseError {
    match was_renewed(&error) {
        true => DatabaseError::unexpected("its expiry is changed again and again"),
        false => error,
    }
}

/// Whether the guard failed the transaction.
fn was_renewed(error: &DatabaseError) -> bool {
    error.code() == Some(&SqlState::DIVISION_BY_ZERO)
}
