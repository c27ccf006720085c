//! The steps of a revocation, each for many logins at a time: cut off, end sessions, drop, look.
//! What a login owns or was granted is in `dependencies.rs`; the order of the steps is in `ops/revoke.rs`.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

use crate::model::lease::Lease;
use crate::model::role::Role;
use crate::model::statements::Values;
use crate::postgres::error::DatabaseError;
use crate::postgres::privileges::join_logins;
use crate::postgres::retry::on_conflict;
use crate::postgres::session::{Session, begin, foreign};
use crate::postgres::{identifier, identifiers};

/// Which leases a revocation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Whatever it is given.
    All,
    /// Only those that still are expired or quarantined at the moment of the cut: a renewal may have come first.
    Due,
}

/// Step 1: no login, no password, an end that is not to come. Committed when it returns.
///
/// Returns the oids that were cut off; those that are missing were renewed in the meantime, or are gone.
pub(crate) async fn cut(
    session: &Session,
    leases: &[Lease],
    which: Which,
) -> Result<Vec<u32>, DatabaseError> {
    on_conflict(DatabaseError::is_conflict, async |_| {
        loop {
            match try_cut(session, leases, which).await {
                Ok(Some(oids)) => return Ok(oids),
                // An end moved while we looked at it: look again.
                Ok(None) => session.rollback().await,
                Err(error) => {
                    session.rollback().await;
                    return Err(error);
                }
            }
        }
    })
    .await
}

/// Cuts off, or returns `None` when a renewal came between the look and the change; the transaction is then still open.
///
/// The change comes before the second look: from then on a renewal has to wait for us, and sees what we did.
async fn try_cut(
    session: &Session,
    leases: &[Lease],
    which: Which,
) -> Result<Option<Vec<u32>>, DatabaseError> {
    let oids = oid_array(leases);
    let rows = session
        .run(&format!(
            "{} SELECT oid, rolname, rolvaliduntil AS ends_at, (rolvaliduntil <= now()) IS NOT TRUE AS runs_on, \
             NOT rolcanlogin OR coalesce(rolvaliduntil, 'infinity') = 'infinity' OR rolvaliduntil <= now() AS is_due, \
             to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00') AS now \
             FROM pg_roles WHERE oid = ANY({oids}) ORDER BY oid;",
            begin()
        ))
        .await?;
    let mut sql = String::new();
    let mut ends = HashMap::new();
    let mut cut = Vec::new();
    for row in &rows {
        if which == Which::Due && row.try_get("is_due")? != Some("t") {
            continue;
        }
        let oid = oid(row.try_get("oid")?);
        let end = if row.try_get("runs_on")? == Some("t") {
            format!(" VALID UNTIL '{}'", row.try_get("now")?.unwrap_or_default())
        } else {
            ends.insert(oid, row.try_get("ends_at")?.map(str::to_owned));
            String::new()
        };
        let name = identifier(row.try_get("rolname")?.unwrap_or_default());
        sql.push_str(&format!("ALTER ROLE {name} NOLOGIN PASSWORD NULL{end};"));
        cut.push(oid);
    }
    sql.push_str(&format!(
        "SELECT oid, rolvaliduntil AS ends_at FROM pg_roles WHERE oid = ANY({oids})"
    ));
    for row in session.run(&sql).await? {
        let before = ends.get(&oid(row.try_get("oid")?));
        if before.is_some_and(|before| row.try_get("ends_at").ok() != Some(before.as_deref())) {
            return Ok(None);
        }
    }
    session.run("COMMIT").await?;
    Ok(Some(cut))
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
    let mut is_member = false;
    loop {
        let open = open_sessions(session, oids).await?;
        if open.is_empty() || Instant::now() >= end {
            return Ok(open);
        }
        if !is_member {
            join_logins(session, &open).await?;
            is_member = true;
        }
        session
            .query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = ANY($1)",
                &[(&open, Type::OID_ARRAY)],
            )
            .await?;
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}

/// The logins among these that have sessions.
async fn open_sessions(session: &Session, oids: &[u32]) -> Result<Vec<u32>, DatabaseError> {
    let rows = session
        .query(
            "SELECT DISTINCT usesysid FROM pg_stat_activity WHERE usesysid = ANY($1) ORDER BY 1",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The logins among these that a prepared transaction belongs to, or holds on to, with the transactions in words. No
/// session is there to be ended, and dropping would wait for its locks.
pub(crate) async fn prepared_transactions(
    session: &Session,
    oids: &[u32],
) -> Result<Vec<(u32, String)>, DatabaseError> {
    // PostgreSQL shows locks of prepared transactions with the transaction's id for a session's. (src/backend/utils/adt/lockfuncs.c)
    let rows = session
        .query(
            "SELECT r.oid, string_agg(format('prepared transaction \"%s\" in database \"%s\"', p.gid, p.database), ', ' ORDER BY p.gid) AS names \
             FROM pg_prepared_xacts p JOIN pg_roles r ON r.oid = ANY($1) AND (r.rolname = p.owner OR EXISTS ( \
                 SELECT FROM pg_locks l WHERE l.pid IS NULL AND l.virtualtransaction = '-1/' || p.transaction \
                 AND l.locktype = 'object' AND l.classid = 'pg_authid'::regclass AND l.objid = r.oid)) GROUP BY 1",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("oid")?, row.try_get("names")?)))
        .collect()
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
    on_conflict(DatabaseError::is_conflict, async |_| {
        let result = session
            .run(&format!("{} {} COMMIT", begin(), foreign(&statements)))
            .await;
        if result.is_err() {
            session.rollback().await;
        }
        result.map(|_| ())
    })
    .await
}

/// Step 5: drops these logins. One that is gone already is as good as dropped.
pub(crate) async fn drop_logins(session: &Session, leases: &[Lease]) -> Result<(), DatabaseError> {
    let names = identifiers(leases.iter().map(|lease| lease.marker.lease.as_str()));
    on_conflict(DatabaseError::is_conflict, async |_| {
        let result = session
            .run(&format!("{} DROP ROLE IF EXISTS {names}; COMMIT", begin()))
            .await;
        if result.is_err() {
            session.rollback().await;
        }
        result.map(|_| ())
    })
    .await
}

/// The logins among these that other sessions hold on to, with those sessions in words: one that has changed the owner of
/// something to the login, and not committed yet, does.
pub(crate) async fn holders(
    session: &Session,
    oids: &[u32],
) -> Result<Vec<(u32, String)>, DatabaseError> {
    let rows = session
        .query(
            "SELECT l.objid, string_agg(DISTINCT format('session %s of \"%s\"', l.pid, a.usename), ', ') AS holders \
             FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'object' AND l.classid = 'pg_authid'::regclass AND l.objid = ANY($1) \
             AND l.granted AND l.pid <> pg_backend_pid() GROUP BY 1",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("objid")?, row.try_get("holders")?)))
        .collect()
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

fn oid_array(leases: &[Lease]) -> String {
    let oids: Vec<String> = leases.iter().map(|lease| lease.oid.to_string()).collect();
    format!("'{{{}}}'::oid[]", oids.join(","))
}

/// An oid as the server writes it.
fn oid(text: Option<&str>) -> u32 {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
