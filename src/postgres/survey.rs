//! What `doctor` asks a server. Nothing is changed: what is tried is given up.

use std::collections::HashMap;

use rand::RngExt as _;
use rand::distr::Alphanumeric;

use crate::postgres::answers::Answers;
use crate::postgres::error::DatabaseError;
use crate::postgres::login::TIMESTAMP_FORMAT;
use crate::postgres::privileges::join;
use crate::postgres::session::{Session, begin};
use crate::postgres::successor::{can_act, default_owner};
use crate::postgres::text::Text;
use crate::postgres::{identifier, identifiers, literal};

/// A server as far as its settings and catalogs tell.
#[derive(Debug)]
pub(crate) struct Survey {
    /// As in `server_version_num`, such as 150018.
    pub(crate) version_number: u32,
    pub(crate) is_in_recovery: bool,
    /// Seconds since 1970 by the server's clock.
    pub(crate) clock: f64,
    /// An hour before that, as leases write their end.
    pub(crate) hour_ago: String,
    /// Roles by which managed services can be told.
    pub(crate) marker_roles: Vec<String>,
    /// Amazon RDS lets only members of `rds_password` set passwords, and the admin is none.
    pub(crate) lacks_rds_password: bool,
    pub(crate) password_encryption: String,
    pub(crate) log_statement: String,
    /// Locks that all sessions together can hold, and for how many sessions that is.
    pub(crate) lock_slots: u32,
    pub(crate) lock_sessions: u32,
    /// The table of the connection's database with the longest access control list, and its length.
    pub(crate) longest_acl: Option<(String, u32)>,
}

/// Looks at the server in one round trip.
pub(crate) async fn survey(session: &Session) -> Result<Survey, DatabaseError> {
    let rows = session
        .run(&format!(
            "{} SELECT current_setting('server_version_num') AS version_number, pg_is_in_recovery() AS in_recovery, \
             extract(epoch FROM clock_timestamp()) AS clock, \
             to_char((now() - interval '1 hour') AT TIME ZONE 'UTC', {TIMESTAMP_FORMAT}) AS hour_ago, \
             (SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles \
                 WHERE rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin')) AS marker_roles, \
             coalesce(current_setting('rds.restrict_password_commands', true), '') IN ('on', '1', 'true') AND NOT EXISTS \
                 (SELECT FROM pg_roles WHERE rolname = 'rds_password' AND pg_has_role(oid, 'MEMBER')) AS lacks_rds_password, \
             current_setting('password_encryption') AS password_encryption, \
             current_setting('log_statement') AS log_statement, \
             current_setting('max_locks_per_transaction') AS locks, \
             current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int AS lock_sessions; \
             SELECT oid::regclass AS acl_table, cardinality(relacl) AS acl_length FROM pg_class \
             WHERE relacl IS NOT NULL ORDER BY 2 DESC, 1 LIMIT 1; COMMIT",
            begin(session)
        ))
        .await?;
    let answers = Answers::new(rows);
    let marker_roles = answers.find("marker_roles");
    let locks: u32 = answers.parsed("locks")?;
    let lock_sessions = answers.parsed("lock_sessions")?;
    let longest_acl = match answers.find("acl_table") {
        Some(table) => Some((table.to_owned(), answers.parsed("acl_length")?)),
        None => None,
    };
    Ok(Survey {
        version_number: answers.parsed("version_number")?,
        is_in_recovery: answers.is_true("in_recovery")?,
        clock: answers.parsed("clock")?,
        hour_ago: answers.text("hour_ago")?.to_owned(),
        marker_roles: marker_roles
            .map(|names| names.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        lacks_rds_password: answers.is_true("lacks_rds_password")?,
        password_encryption: answers.text("password_encryption")?.to_owned(),
        log_statement: answers.text("log_statement")?.to_owned(),
        lock_slots: locks.saturating_mul(lock_sessions),
        lock_sessions,
        longest_acl,
    })
}

/// The roles that are members of the admin or of a superuser, directly or not, each with a membership on its way there,
/// as `REVOKE` takes it. It goes down from those few: most logins lead nowhere.
pub(crate) async fn leading_up(session: &Session) -> Result<HashMap<u32, String>, DatabaseError> {
    let rows = session
        .query(
            "WITH RECURSIVE below AS (\
                 SELECT a.member, quote_ident(s.rolname) || ' FROM ' || quote_ident(pg_get_userbyid(a.member)) AS membership \
                 FROM pg_roles s JOIN pg_auth_members a ON a.roleid = s.oid \
                 WHERE s.rolsuper OR s.rolname IN (current_user, session_user) \
                 UNION SELECT a.member, membership FROM below JOIN pg_auth_members a ON a.roleid = below.member) \
             SELECT member, min(membership) AS membership FROM below GROUP BY member",
            &[],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get("member")?,
                row.try_get::<_, Text>("membership")?.lossy,
            ))
        })
        .collect()
}

/// How a pooler hands out its sessions, if what answers is one: PostgreSQL knows no such setting.
pub(crate) async fn pool_mode(session: &Session) -> Option<String> {
    let rows = session.run("SHOW pool_mode").await.ok()?;
    rows.first()?.get(0).map(str::to_owned)
}

/// Whether the admin gets the privileges of a login that it makes itself a member of: ending its sessions and reassigning
/// what it owns needs them.
pub(crate) async fn can_join(session: &Session) -> Result<bool, DatabaseError> {
    let probe = Probe::new(&[]);
    let sql = format!(
        "{} SELECT pg_has_role({}, 'USAGE') AS joined; ROLLBACK",
        probe.sql(session).await?,
        literal(&probe.name)
    );
    given_up(session, &sql).await?.is_true("joined")
}

/// Who gets what a login owns where its role names nobody.
#[derive(Debug)]
pub(crate) struct DefaultSuccessor {
    pub(crate) name: String,
    pub(crate) is_superuser: bool,
    /// Whether a login that is a member of the groups may create anything in the connection's database.
    pub(crate) is_needed: bool,
}

/// Finds the successor that a revocation would take for a login that is a member of these groups.
pub(crate) async fn default_successor(
    session: &Session,
    groups: &[String],
) -> Result<DefaultSuccessor, DatabaseError> {
    let probe = Probe::new(groups);
    let name = literal(&probe.name);
    let sql = format!(
        "{} SELECT s.rolname AS successor, s.rolsuper AS is_superuser, \
         has_database_privilege({name}, current_database(), 'CREATE') OR EXISTS (SELECT FROM pg_namespace n \
             WHERE n.nspname !~ '^pg_' AND has_schema_privilege({name}, n.oid, 'CREATE')) AS can_create \
         FROM pg_roles s WHERE s.rolname = ({}); ROLLBACK",
        probe.sql(session).await?,
        default_owner()
    );
    let answers = given_up(session, &sql).await?;
    Ok(DefaultSuccessor {
        name: answers.text("successor")?.to_owned(),
        is_superuser: answers.is_true("is_superuser")?,
        is_needed: answers.is_true("can_create")?,
    })
}

/// Tries to reassign what a login that is a member of these groups owns. PostgreSQL checks the privileges for that also
/// where it owns nothing. Returns whether the successor would get code, too.
pub(crate) async fn try_reassigning(
    session: &Session,
    groups: &[String],
    successor: &str,
) -> Result<bool, DatabaseError> {
    let probe = Probe::new(groups);
    let sql = format!(
        "{} REASSIGN OWNED BY {} TO {}; SELECT {} AS gets_code FROM pg_roles WHERE rolname = {}; ROLLBACK",
        probe.sql(session).await?,
        identifier(&probe.name),
        identifier(successor),
        can_act("oid", successor),
        literal(&probe.name)
    );
    given_up(session, &sql).await?.is_true("gets_code")
}

/// A role that is made, joined by the admin, and given up.
struct Probe<'a> {
    name: String,
    groups: &'a [String],
}

impl<'a> Probe<'a> {
    fn new(groups: &'a [String]) -> Self {
        let random = rand::rng().sample_iter(Alphanumeric).map(char::from);
        Self {
            name: format!("pgc_doctor_{}", random.take(12).collect::<String>()),
            groups,
        }
    }

    /// Begins the transaction and makes the role, as a revocation finds it after `join_logins`.
    async fn sql(&self, session: &Session) -> Result<String, DatabaseError> {
        let rows = session
            .run(&format!(
                "{} SELECT current_setting('server_version_num')::int >= 160000 AS has_options, rolsuper AS is_superuser \
                 FROM pg_roles WHERE rolname = current_user; COMMIT",
                begin(session)
            ))
            .await?;
        let answers = Answers::new(rows);
        let name = identifier(&self.name);
        let groups = match self.groups {
            [] => String::new(),
            groups => format!(
                " IN ROLE {}",
                identifiers(groups.iter().map(String::as_str))
            ),
        };
        let grant = if answers.is_true("is_superuser")? {
            String::new()
        } else {
            join(&self.name, answers.is_true("has_options")?)
        };
        Ok(format!(
            "{} CREATE ROLE {name} NOLOGIN{groups}; {grant}",
            begin(session)
        ))
    }
}

/// Runs SQL that ends with a `ROLLBACK`, and rolls back where it did not come to its end.
async fn given_up(session: &Session, sql: &str) -> Result<Answers, DatabaseError> {
    let result = session.run(sql).await;
    if result.is_err() {
        session.rollback().await;
    }
    result.map(Answers::new)
}
