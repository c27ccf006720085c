//! Which server a session is with, whatever way leads there.

use crate::postgres::error::DatabaseError;
use crate::postgres::session::Session;

/// What tells servers apart: a copy of a cluster has its system identifier, but was started at another time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// To the microsecond, by the server's clock.
    started_at: String,
    /// `None` where the admin may not read it.
    system: Option<String>,
    is_standby: bool,
}

impl Identity {
    /// Asks the server.
    pub(crate) async fn of(session: &Session) -> Result<Self, DatabaseError> {
        match ask(
            session,
            "(SELECT system_identifier FROM pg_control_system())",
        )
        .await
        {
            Err(error) if !error.is_lost() => ask(session, "NULL").await,
            identity => identity,
        }
    }

    /// Whether the roles of the one are those of the other: they are one server, or one is the other's standby.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let follows = self.is_standby || other.is_standby;
        self.started_at == other.started_at
            || (follows && self.system.is_some() && self.system == other.system)
    }

    /// Whether it only follows a primary.
    pub(crate) fn is_standby(&self) -> bool {
        self.is_standby
    }
}

async fn ask(session: &Session, system: &str) -> Result<Identity, DatabaseError> {
    let sql = format!(
        "SELECT to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS started_at, \
         {system}::text AS system, \
         pg_is_in_recovery() AS is_standby"
    );
    let rows = session.query(&sql, &[]).await?;
    let row = rows
        .first()
        .ok_or_else(|| DatabaseError::unexpected("the server does not say who it is"))?;
    Ok(Identity {
        started_at: row.try_get("started_at")?,
        system: row.try_get("system")?,
        is_standby: row.try_get("is_standby")?,
    })
}
