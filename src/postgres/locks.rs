//! Who holds the locks that a revocation waits for.

use tokio_postgres::types::Type;

use crate::postgres::error::DatabaseError;
use crate::postgres::session::Session;
use crate::postgres::text::Text;

/// What a step of a revocation has to lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locked {
    /// The login's row in `pg_authid`. Only superusers see whose row it is that somebody has changed: all that have
    /// changed one are held for holders.
    Row,
    /// The login, or something that it owns or was granted.
    Dependencies,
}

/// The prepared transactions with the locks `l` that have no session. What such locks and their transaction have in common
/// is the session that they once belonged to, or its replacement after a restart. (src/backend/access/transam/twophase.c)
const PREPARED: &str = "(pg_prepared_xacts p JOIN pg_locks x ON x.locktype = 'transactionid' AND x.pid IS NULL \
     AND x.transactionid = p.transaction) ON l.pid IS NULL AND l.virtualtransaction = x.virtualtransaction";

/// The others that hold a lock of that kind, in words; empty when nobody does (any more).
pub(crate) async fn holders(
    session: &Session,
    oid: u32,
    locked: Locked,
) -> Result<String, DatabaseError> {
    // The parameter is in use either way.
    let condition = match locked {
        Locked::Row => {
            "$1 IS NOT NULL AND l.locktype = 'relation' AND l.relation = 'pg_authid'::regclass AND l.mode <> 'AccessShareLock'"
        }
        Locked::Dependencies => {
            "l.locktype = 'object' AND l.classid = 'pg_authid'::regclass AND l.objid = $1 \
             OR l.locktype = 'relation' AND EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass \
                 AND d.refobjid = $1 AND d.classid = 'pg_class'::regclass AND d.objid = l.relation AND d.dbid = l.database)"
        }
    };
    let rows = session
        .query(
            &format!(
                "SELECT DISTINCT CASE WHEN l.pid IS NULL THEN format('prepared transaction \"%s\" in database \"%s\"', p.gid, p.database) \
                     ELSE format('session %s of \"%s\"', l.pid, a.usename) END AS holder \
                 FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
                 LEFT JOIN {PREPARED} \
                 WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid() AND ({condition}) ORDER BY 1"
            ),
            &[(&oid, Type::OID)],
        )
        .await?;
    let mut holders = Vec::new();
    for row in &rows {
        holders.push(row.try_get::<_, Text>(0)?.lossy);
    }
    Ok(holders.join(", "))
}

/// The logins among these that a prepared transaction belongs to, or holds on to, with the transactions in words. No
/// session is there to be ended, and dropping would wait for its locks.
pub(crate) async fn prepared_transactions(
    session: &Session,
    oids: &[u32],
) -> Result<Vec<(u32, String)>, DatabaseError> {
    let rows = session
        .query(
            &format!(
                "SELECT oid, string_agg(format('prepared transaction \"%s\" in database \"%s\"', gid, database), ', ' ORDER BY gid) AS names \
                 FROM (SELECT r.oid, p.gid, p.database FROM pg_prepared_xacts p JOIN pg_roles r ON r.rolname = p.owner \
                     UNION SELECT l.objid, p.gid, p.database FROM pg_locks l JOIN {PREPARED} \
                     WHERE l.locktype = 'object' AND l.classid = 'pg_authid'::regclass) AS found \
                 WHERE oid = ANY($1) GROUP BY 1"
            ),
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("oid")?, row.try_get::<_, Text>("names")?.lossy)))
        .collect()
}
