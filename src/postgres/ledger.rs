//! The ledger: which logins on the server are leases, read from their markers and their `VALID UNTIL`.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::model::lease::{Lease, LeaseState};
use crate::model::marker::{Marker, MarkerError};
use crate::model::name::{ConnectionName, Label, LeaseId, RoleName};
use crate::model::ttl::Ttl;
use crate::postgres::comments::{IS_LIKE, pattern};
use crate::postgres::error::DatabaseError;
use crate::postgres::ledger_sql::{Columns, NAMES, Roles, query};
use crate::postgres::session::{Parameter, Session};
use crate::postgres::text::Text;

/// Which leases are wanted. Everything is evaluated by the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only these; empty is all.
    pub(crate) leases: Vec<LeaseId>,
    pub(crate) role: Option<RoleName>,
    pub(crate) connection: Option<ConnectionName>,
    pub(crate) label: Option<Label>,
    pub(crate) state: Option<LeaseState>,
    /// Only those that end within this time from now.
    pub(crate) expires_within: Option<Ttl>,
    /// Only those that a sweep takes: expired or quarantined.
    pub(crate) is_due: bool,
    /// They are only shown: which of them this admin may administer is not found out, and all count as such.
    pub(crate) is_for_display: bool,
}

/// What a role on the server turned out to be.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A lease.
    Lease(Lease),
    /// A login with a marker that cannot be understood, such as that of a later pgcreds; left alone, and worth a word.
    LeftAlone(String, MarkerError),
}

impl Filter {
    /// Only the leases with these ids.
    pub(crate) fn by_id(leases: &[LeaseId]) -> Self {
        Self {
            leases: leases.to_vec(),
            ..Self::default()
        }
    }

    /// Where the leases are looked for.
    fn roles(&self) -> Roles {
        match (self.leases.is_empty(), self.is_due) {
            (false, _) => Roles::Named,
            (true, true) => Roles::Due,
            (true, false) => Roles::All,
        }
    }

    /// The condition and its parameters, all of them texts. The names are the first, where there are any.
    fn condition(&self) -> (String, Vec<String>) {
        let mut conditions = vec!["true".to_owned()];
        let mut parameters = Vec::new();
        let mut add = |condition: &str, value: String| {
            parameters.push(value);
            conditions.push(condition.replace("{}", &format!("${}", parameters.len())));
        };
        if !self.leases.is_empty() {
            // A lease id holds no control characters.
            let names: Vec<&str> = self.leases.iter().map(LeaseId::as_str).collect();
            let condition = format!("name = ANY({})", NAMES.replace("$1", "{}"));
            add(&condition, names.join("\n"));
        }
        if let Some(role) = &self.role {
            add(IS_LIKE, format!("%{}%", pattern(&Marker::role_part(role))));
        }
        if let Some(connection) = &self.connection {
            let part = pattern(&Marker::connection_part(connection));
            add(IS_LIKE, format!("%{part}%"));
        }
        if let Some(label) = &self.label {
            add(IS_LIKE, format!("%{}", pattern(&Marker::label_part(label))));
        }
        if let Some(state) = self.state {
            add("state = {}", state.to_string());
        }
        if let Some(ttl) = self.expires_within {
            add(
                "ends_at <= now() + {}::interval",
                format!("{} seconds", ttl.as_seconds()),
            );
        }
        if self.is_due {
            conditions.push("state <> 'active'".into());
        }
        (conditions.join(" AND "), parameters)
    }
}

/// Reads the ledger and hands each entry on as it arrives, those that end first coming first.
pub(crate) async fn for_each<E: From<DatabaseError>>(
    session: &Session,
    filter: &Filter,
    mut visit: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let (condition, values) = filter.condition();
    let parameters: Vec<Parameter<'_>> = values
        .iter()
        .map(|value| (value as _, Type::TEXT))
        .collect();
    let asks_admin = !filter.is_for_display;
    let roles = filter.roles();
    let sql = query(&roles, Columns::Entry { asks_admin }, &condition);
    let mut rows = pin!(
        session
            .stream(&roles.begin(session), &sql, &parameters)
            .await?
    );
    while let Some(row) = session.next(&mut rows).await? {
        if let Some(entry) = entry(&row)? {
            visit(entry)?;
        }
    }
    session.rollback().await;
    Ok(())
}

/// How long these logins can still log in, by the server's clock. One that is gone or cut off is left out. Cheap: it
/// looks for names, and reads no marker.
pub(crate) async fn time_left(
    session: &Session,
    leases: &[&LeaseId],
) -> Result<HashMap<String, Duration>, DatabaseError> {
    let names: Vec<&str> = leases.iter().map(|id| id.as_str()).collect();
    let sql = include_str!("sql/time_left.sql");
    let rows = session.query(sql, &[(&names, Type::TEXT_ARRAY)]).await?;
    rows.iter()
        .map(|row| {
            let seconds: Option<i64> = row.try_get("seconds_left")?;
            // Another session took its end away.
            let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
            Ok((
                row.try_get("name")?,
                Duration::from_secs(seconds.unwrap_or(u64::from(u32::MAX))),
            ))
        })
        .collect()
}

/// Reads the ledger into memory.
pub(crate) async fn leases(
    session: &Session,
    filter: &Filter,
) -> Result<Vec<Lease>, DatabaseError> {
    let mut leases = Vec::new();
    for_each(session, filter, |entry| {
        if let Entry::Lease(lease) = entry {
            leases.push(lease);
        }
        Ok::<(), DatabaseError>(())
    })
    .await?;
    Ok(leases)
}

/// The oids of logins that have something like a marker and fit the filter: first those that this admin may administer,
/// and how many there are of others.
pub(crate) async fn oids(
    session: &Session,
    filter: &Filter,
) -> Result<(Vec<u32>, usize), DatabaseError> {
    let (condition, values) = filter.condition();
    let parameters: Vec<Parameter<'_>> = values
        .iter()
        .map(|value| (value as _, Type::TEXT))
        .collect();
    let roles = filter.roles();
    let sql = query(&roles, Columns::Oid, &condition);
    let mut rows = pin!(
        session
            .stream(&roles.begin(session), &sql, &parameters)
            .await?
    );
    let (mut ours, mut others) = (Vec::new(), 0);
    while let Some(row) = session.next(&mut rows).await? {
        if row.try_get("is_ours")? {
            ours.push(row.try_get("oid")?);
        } else {
            others += 1;
        }
    }
    session.rollback().await;
    Ok((ours, others))
}

/// The entries of the logins with these oids, which are known to be administered by this admin.
pub(crate) async fn by_oids(session: &Session, oids: &[u32]) -> Result<Vec<Entry>, DatabaseError> {
    let asks_admin = false;
    let sql = query(&Roles::Oids, Columns::Entry { asks_admin }, "true");
    let rows = session.query(&sql, &[(&oids, Type::OID_ARRAY)]).await?;
    rows.iter()
        .filter_map(|row| entry(row).transpose())
        .collect()
}

/// Judges one row; `None` for a role that is not ours whatever its comment says.
fn entry(row: &Row) -> Result<Option<Entry>, DatabaseError> {
    let (name, comment): (Text, Text) = (row.try_get("name")?, row.try_get("description")?);
    let marker = match name.is_whole && comment.is_whole {
        true => Marker::parse(&comment.lossy, &name.lossy),
        false => Err(MarkerError::NotUtf8),
    };
    let marker = match marker {
        Ok(marker) => marker,
        Err(error @ (MarkerError::Newer(_) | MarkerError::NotUtf8)) => {
            return Ok(Some(Entry::LeftAlone(name.lossy, error)));
        }
        Err(MarkerError::NotAMarker | MarkerError::OtherLogin) => return Ok(None),
    };
    let ends_at = row.try_get::<_, Option<&str>>("expires_at")?;
    let state = match row.try_get("state")? {
        "active" => LeaseState::Active,
        "expired" => LeaseState::Expired,
        _ => LeaseState::Quarantined,
    };
    Ok(Some(Entry::Lease(Lease {
        oid: row.try_get("oid")?,
        expires_at: ends_at
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| marker.max_expires_at.clone()),
        marker,
        state,
        sessions: row.try_get("sessions")?,
        is_ours: row.try_get("is_ours")?,
    })))
}

/// What a role without a marker is, for an answer to a question about it by name.
pub(crate) async fn is_role(session: &Session, name: &LeaseId) -> Result<bool, DatabaseError> {
    let name = name.as_str();
    let rows = session
        .query(
            "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname::text = $1",
            &[(&name, Type::TEXT)],
        )
        .await?;
    Ok(!rows.is_empty())
}
