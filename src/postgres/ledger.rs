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
use crate::postgres::comments::{IS_LIKE, is_marked, pattern};
use crate::postgres::error::DatabaseError;
use crate::postgres::login::TIMESTAMP_FORMAT;
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
}

/// What a role on the server turned out to be.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A lease.
    Lease(Lease),
    /// A login with a marker that cannot be understood, such as that of a later pgcreds; left alone, and worth a word.
    LeftAlone(String, MarkerError),
}

/// When a lease's own `VALID UNTIL` was removed, the last end in its marker counts. Markers are compared as text: a
/// forged one cannot make a cast fail. Nor may it be asked for a number of characters, as `substring` and `strpos` do: that
/// fails where it is no text in the database's encoding.
const IS_EXPIRED: &str = "(r.rolvaliduntil <= now() OR (coalesce(r.rolvaliduntil, 'infinity') = 'infinity' \
     AND nullif(split_part(split_part(d.description, '\"max_expires_at\":\"', 2), '\"', 1), '') COLLATE \"C\" <= now_text))";

/// Whether the admin may administer the login `r`, as PostgreSQL sees it: until 15 `CREATEROLE` is enough, from 16 on it
/// takes `ADMIN OPTION` on the login, of the admin itself or of a role that it is a member of.
///
/// It joins `pg_auth_members` because `pg_has_role` walks through all memberships of the admin anew for each login.
const IS_OURS: &str = "me.rolsuper OR (me.rolcreaterole AND (current_setting('server_version_num')::int < 160000 \
     OR r.oid IN (SELECT roleid FROM administered)))";

/// All roles that have something like a marker, with what is needed to judge them.
fn query(is_ours: &str, columns: &str, filter: &str) -> String {
    format!(
        "WITH RECURSIVE me AS (SELECT oid, rolsuper, rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user), \
         mine AS (SELECT oid FROM me UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN mine ON m.member = mine.oid), \
         administered AS (SELECT DISTINCT m.roleid FROM pg_catalog.pg_auth_members m JOIN mine ON m.member = mine.oid WHERE m.admin_option), \
         clock AS (SELECT to_char(now() AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT}) AS now_text), \
         lease AS (SELECT r.oid, r.rolname::text AS name, d.description, \
             CASE WHEN NOT r.rolcanlogin THEN 'quarantined' WHEN {IS_EXPIRED} THEN 'expired' ELSE 'active' END AS state, \
             CASE WHEN isfinite(r.rolvaliduntil) THEN r.rolvaliduntil END AS ends_at, \
             {is_ours} AS is_ours \
             FROM me, clock, pg_catalog.pg_shdescription d JOIN pg_catalog.pg_roles r ON r.oid = d.objoid \
             WHERE d.classoid = 'pg_catalog.pg_authid'::regclass AND {} \
             AND NOT r.rolsuper AND r.rolname NOT IN (current_user, session_user)), \
         open AS (SELECT usesysid, count(*) AS sessions FROM pg_catalog.pg_stat_activity GROUP BY 1) \
         SELECT {columns} FROM lease LEFT JOIN open ON open.usesysid = lease.oid WHERE {filter}",
        is_marked(),
    )
}

/// The columns that make an [`Entry`].
fn entry_columns() -> String {
    format!(
        "lease.oid, name, description, state, is_ours, coalesce(sessions, 0) AS sessions, \
         to_char(ends_at AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT}) AS expires_at"
    )
}

impl Filter {
    /// Only the leases with these ids.
    pub(crate) fn by_id(leases: &[LeaseId]) -> Self {
        Self {
            leases: leases.to_vec(),
            ..Self::default()
        }
    }

    /// The condition and its parameters, all of them texts.
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
            add(
                "name = ANY(string_to_array({}, chr(10)))",
                names.join(
                    "
",
                ),
            );
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
    let sql = query(
        IS_OURS,
        &entry_columns(),
        &format!("{condition} ORDER BY ends_at, name"),
    );
    let mut rows = pin!(session.stream(&sql, &parameters).await?);
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
    let sql = query(
        IS_OURS,
        "lease.oid, is_ours",
        &format!("{condition} ORDER BY lease.oid"),
    );
    let mut rows = pin!(session.stream(&sql, &parameters).await?);
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
    let sql = query(
        "true",
        &entry_columns(),
        "lease.oid = ANY($1) ORDER BY lease.oid",
    );
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
