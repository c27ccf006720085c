//! The first step of a revocation: no login, no password, an end that is not to come. Nothing that the login itself does
//! may keep it from that.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::types::Type;

use crate::model::lease::Lease;
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::retry::on_conflict;
use crate::postgres::revocation::{Which, join_or_end, open_sessions, termination};
use crate::postgres::session::{Session, begin_waiting};

/// How often we look again when an end moves while we look at it.
const LOOKS: u32 = 10;

/// How long to wait for a lock at most once the sessions that may hold it were told to end.
const ENDING: Duration = Duration::from_secs(1);

/// Whether a login without an end, or with one that has passed, or that cannot log in, is at hand.
const IS_DUE: &str = "(NOT rolcanlogin OR coalesce(rolvaliduntil, 'infinity') = 'infinity' OR rolvaliduntil <= now())";

/// Cuts off logins, and is committed when it returns. Waits for locks for as long as `patience`.
///
/// A login that has changed its own password in a transaction which is still open holds a lock on itself. The sessions of
/// those that are to be cut off are ended then, until `deadline` where clients come back again and again.
///
/// Returns the oids that were cut off; those that are missing were renewed in the meantime, or are gone.
pub(crate) async fn cut(
    session: &Session,
    leases: &[Lease],
    which: Which,
    patience: Duration,
    deadline: Instant,
) -> Result<Vec<u32>, DatabaseError> {
    let mut cut = Cut {
        session,
        oids: leases.iter().map(|lease| lease.oid).collect(),
        which,
        patience,
        to_end: Vec::new(),
    };
    let mut result = cut.run().await;
    cut.patience = patience.min(ENDING);
    let mut is_last = false;
    while let Err(error) = &result {
        let is_obstructed = error.is_lock_timeout() || error.is_conflict();
        if !is_obstructed || is_last {
            break;
        }
        let due = cut.due().await?;
        // All of them were renewed in the meantime, or are gone: nobody is in our way any more.
        if due.is_empty() {
            return Ok(due);
        }
        let open = open_sessions(session, &due).await?;
        if open.is_empty() {
            break;
        }
        is_last = Instant::now() >= deadline;
        cut.to_end = match join_or_end(session, &open, cut.condition(), cut.patience).await? {
            true => open,
            false => Vec::new(),
        };
        result = cut.run().await;
    }
    result
}

/// One attempt, with what it needs.
struct Cut<'a> {
    session: &'a Session,
    oids: Vec<u32>,
    which: Which,
    patience: Duration,
    /// Whose sessions to end first; the admin is a member of them.
    to_end: Vec<u32>,
}

impl Cut<'_> {
    /// The logins that may be cut off now.
    async fn due(&self) -> Result<Vec<u32>, DatabaseError> {
        let sql = format!(
            "SELECT oid FROM pg_roles WHERE oid = ANY($1) AND {}",
            self.condition()
        );
        let oids = [(&self.oids as _, Type::OID_ARRAY)];
        let rows = self.session.query(&sql, &oids).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// What a login has to be for being cut off.
    fn condition(&self) -> &str {
        match self.which {
            Which::Due => IS_DUE,
            Which::All => "true",
        }
    }

    async fn run(&self) -> Result<Vec<u32>, DatabaseError> {
        on_conflict(DatabaseError::is_conflict, async |_| {
            for _ in 0..LOOKS {
                match self.attempt().await {
                    Ok(Some(oids)) => return Ok(oids),
                    // An end moved while we looked at it: look again.
                    Ok(None) => self.session.rollback().await,
                    Err(error) => {
                        self.session.rollback().await;
                        return Err(error);
                    }
                }
            }
            Err(DatabaseError::unexpected(
                "somebody changes its end again and again",
            ))
        })
        .await
    }

    /// Cuts off, or returns `None` when a renewal came between the look and the change; the transaction is then still open.
    ///
    /// The change comes before the second look: from then on a renewal has to wait for us, and sees what we did.
    async fn attempt(&self) -> Result<Option<Vec<u32>>, DatabaseError> {
        let oids = array(&self.oids);
        let rows = self
            .session
            .run(&format!(
                "{} SELECT oid, rolname, rolvaliduntil AS ends_at, (rolvaliduntil <= now()) IS NOT TRUE AS runs_on, \
                 to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00') AS now \
                 FROM pg_roles WHERE oid = ANY({oids}) AND {} ORDER BY oid;",
                begin_waiting(self.patience),
                self.condition()
            ))
            .await?;
        let mut sql = self.ending();
        let mut ends = HashMap::new();
        let mut cut = Vec::new();
        for row in &rows {
            let oid = oid(row.try_get("oid")?)?;
            let end = if row.try_get("runs_on")? == Some("t") {
                format!(" VALID UNTIL '{}'", certain(row.try_get("now")?)?)
            } else {
                ends.insert(oid, row.try_get("ends_at")?.map(str::to_owned));
                String::new()
            };
            let name = identifier(certain(row.try_get("rolname")?)?);
            sql.push_str(&format!("ALTER ROLE {name} NOLOGIN PASSWORD NULL{end};"));
            cut.push(oid);
        }
        sql.push_str(&format!(
            "SELECT oid, rolvaliduntil AS ends_at FROM pg_roles WHERE oid = ANY({oids})"
        ));
        for row in self.session.run(&sql).await? {
            // The sessions that were ended have rows too.
            let Ok(ends_at) = row.try_get("ends_at") else {
                continue;
            };
            let before = ends.get(&oid(row.try_get("oid")?)?);
            if before.is_some_and(|before| ends_at != before.as_deref()) {
                return Ok(None);
            }
        }
        self.session.run("COMMIT").await?;
        Ok(Some(cut))
    }

    /// Ends sessions in the same request that changes the logins: the change is first in the queue for the locks that they
    /// held, before a client comes back. Not those of a lease that was renewed since the look.
    fn ending(&self) -> String {
        match self.to_end.is_empty() {
            true => String::new(),
            false => termination(&self.to_end, self.condition()),
        }
    }
}

fn array(oids: &[u32]) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("'{{{}}}'::oid[]", oids.join(","))
}

/// An oid as the server writes it.
fn oid(text: Option<&str>) -> Result<u32, DatabaseError> {
    certain(text)?
        .parse()
        .map_err(|_| DatabaseError::unexpected("the server has an oid that is no number"))
}

/// A value of a column that is never null.
fn certain(value: Option<&str>) -> Result<&str, DatabaseError> {
    value.ok_or_else(|| DatabaseError::unexpected("the server has a login without its values"))
}
