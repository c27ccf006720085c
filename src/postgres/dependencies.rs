//! What depends on logins: found in `pg_shdepend`, in every database; what is owned is reassigned, what is granted is
//! revoked, and nothing is ever dropped. Who gets what is owned is in `reassignment.rs`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

use crate::postgres::error::DatabaseError;
use crate::postgres::grants::{objects_of, revoke_grants, revoke_in_portions};
use crate::postgres::identifiers;
use crate::postgres::policies;
use crate::postgres::reassignment::{owned, reassign};
use crate::postgres::session::{LOCK_STEP, Session, begin_waiting};
use crate::postgres::text::Text;

/// A login, as this module needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) oid: u32,
    pub(crate) name: String,
    /// Who gets what it owns, if its role says so.
    pub(crate) new_owner: Option<String>,
}

/// What was done to free logins.
#[derive(Debug, Default)]
pub(crate) struct Released {
    /// What somebody should know.
    pub(crate) warnings: Vec<String>,
    /// Who got what they owned.
    pub(crate) reassigned: Vec<NewOwner>,
}

impl Released {
    pub(super) fn add(&mut self, more: Self) {
        self.warnings.extend(more.warnings);
        self.reassigned.extend(more.reassigned);
    }
}

/// The role that got what a login owned in a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NewOwner {
    pub(crate) login: u32,
    pub(crate) database: String,
    pub(crate) name: String,
    /// The role that did not get it, because the login's code could have run with that role's rights.
    pub(crate) withheld_from: Option<String>,
}

/// The name of a database. `Err` has what can be read of one that is no UTF-8: such a database cannot be connected to.
pub(crate) type Database = Result<String, String>;

/// The logins among `oids` that something depends on, by database; shared objects count for `here`.
///
/// `pg_shdepend` names every database and everybody may read it. (PostgreSQL documentation, "pg_shdepend".)
pub(crate) async fn by_database(
    session: &Session,
    oids: &[u32],
) -> Result<BTreeMap<Database, BTreeSet<u32>>, DatabaseError> {
    let rows = session
        .query(
            "SELECT DISTINCT coalesce(b.datname, current_database())::text AS database, d.refobjid \
             FROM pg_shdepend d LEFT JOIN pg_database b ON b.oid = d.dbid \
             WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = ANY($1)",
            &[(&oids, Type::OID_ARRAY)],
        )
        .await?;
    let mut databases = BTreeMap::<Database, BTreeSet<u32>>::new();
    for row in rows {
        let name: Text = row.try_get("database")?;
        let database = match name.is_whole {
            true => Ok(name.lossy),
            false => Err(name.lossy),
        };
        databases
            .entry(database)
            .or_default()
            .insert(row.try_get("refobjid")?);
    }
    Ok(databases)
}

/// What still depends on a login, in words, such as `3 objects in database "a"`; empty when nothing does.
pub(crate) async fn describe(session: &Session, oid: u32) -> Result<String, DatabaseError> {
    let rows = session
        .query(
            "SELECT coalesce('database \"' || b.datname || '\"', 'the whole cluster') AS place, \
             CASE d.deptype WHEN 'o' THEN 'owned' WHEN 'r' THEN 'policy' ELSE 'privilege' END AS kind, count(*) AS number, \
             min(CASE WHEN d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) \
                 THEN pg_describe_object(d.classid, d.objid, d.objsubid) END) AS example \
             FROM pg_shdepend d LEFT JOIN pg_database b ON b.oid = d.dbid \
             WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = $1 GROUP BY 1, 2 ORDER BY 1, 2",
            &[(&oid, Type::OID)],
        )
        .await?;
    let mut parts = Vec::new();
    for row in &rows {
        let (number, kind): (i64, &str) = (row.try_get("number")?, row.try_get("kind")?);
        let place = row.try_get::<_, Text>("place")?.lossy;
        let example = row.try_get::<_, Option<Text>>("example")?;
        let example = example
            .map(|example| format!(" ({})", example.lossy))
            .unwrap_or_default();
        parts.push(format!("{number} × {kind}{example} in {place}"));
    }
    Ok(parts.join(", "))
}

/// Frees these logins of everything in the session's database and of shared objects, in one transaction: reassigns what
/// they own, then removes the privileges. Waits for locks for as long as `patience`, and for each no longer at a time than
/// an application may wait behind it. Fails without a change when anything cannot be done; with a `budget`, which says how
/// many objects of many fit into one transaction, only the last of several transactions is undone. What is committed goes
/// into `released`, also when a later transaction fails.
pub(crate) async fn release(
    session: &Session,
    logins: &[Login],
    patience: Duration,
    budget: Option<usize>,
    released: &RefCell<Released>,
) -> Result<(), DatabaseError> {
    if let Some(budget) = budget {
        // First: a new owner needs the right to create that the login still has.
        let moved = in_steps(session, patience, async || reassign(session, logins).await).await?;
        released.borrow_mut().add(moved);
        revoke_in_portions(session, logins, budget, released).await?;
    }
    let rest = in_steps(session, patience, async || free(session, logins).await).await?;
    released.borrow_mut().add(rest);
    Ok(())
}

async fn free(session: &Session, logins: &[Login]) -> Result<Released, DatabaseError> {
    let mut released = reassign(session, logins).await?;
    let passed_on = revoke_grants(session, logins, &objects_of(logins)).await?;
    let oids = oid_array(logins);
    policies::change_as_owners(session, &oids).await?;
    drop_owned(session, logins).await?;
    policies::refuse_left(session, &oids).await?;
    if let Some(passed_on) = passed_on {
        released.warnings.extend(passed_on.restore(session).await?);
    }
    Ok(released)
}

/// Runs a transaction that waits for each lock for a short time only, again and again for as long as `patience`: a session
/// that queued behind it gets through in between.
async fn in_steps<T>(
    session: &Session,
    patience: Duration,
    work: impl AsyncFn() -> Result<T, DatabaseError>,
) -> Result<T, DatabaseError> {
    let end = Instant::now() + patience;
    loop {
        let attempt = async {
            session
                .run(&begin_waiting(session, LOCK_STEP.min(patience)))
                .await?;
            let done = work().await?;
            session.run("COMMIT").await?;
            Ok(done)
        };
        match attempt.await {
            Ok(done) => return Ok(done),
            Err(error) => {
                let error: DatabaseError = error;
                session.rollback().await;
                let is_passing = error.is_lock_timeout() || error.is_conflict();
                if !is_passing || Instant::now() >= end {
                    return Err(error);
                }
                sleep(LOCK_STEP / 4).await;
            }
        }
    }
}

/// Rows of `pg_shdepend` about `logins` that lie in this database or in none.
pub(super) fn here(logins: &[Login]) -> String {
    format!(
        "refclassid = 'pg_authid'::regclass AND refobjid = ANY({}) \
         AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
        oid_array(logins)
    )
}

/// The oids of logins as an array in SQL.
pub(super) fn oid_array(logins: &[Login]) -> String {
    let oids: Vec<String> = logins.iter().map(|login| login.oid.to_string()).collect();
    format!("'{{{}}}'::oid[]", oids.join(","))
}

/// Removes what is left: default privileges, policies' mentions, memberships granted by the login, user mappings.
///
/// `DROP OWNED` would drop tables that a login owns, so it runs only for logins that own nothing that holds data, and the
/// check is made in the same transaction, after the sessions have ended.
async fn drop_owned(session: &Session, logins: &[Login]) -> Result<(), DatabaseError> {
    let rows = session
        .run(&format!(
            "SELECT DISTINCT refobjid, EXISTS (SELECT FROM pg_shdepend o WHERE {} AND o.refobjid = d.refobjid) AS owns \
             FROM pg_shdepend d WHERE {}",
            owned(logins),
            here(logins)
        ))
        .await?;
    let mut left = BTreeSet::new();
    for row in &rows {
        if row.try_get("owns")? == Some("t") {
            return Err(DatabaseError::unexpected(
                "it owns objects that could not be reassigned",
            ));
        }
        left.extend(row.get(0));
    }
    let names: Vec<&str> = logins
        .iter()
        .filter(|login| left.contains(login.oid.to_string().as_str()))
        .map(|login| login.name.as_str())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    // A member of the login, or a superuser, can make things in its name at any time, also since the check: what was
    // dropped shows in the transaction's own statistics.
    let rows = session
        .run(&format!(
            "DROP OWNED BY {}; SELECT sum(pg_stat_get_xact_tuples_deleted(c.oid)) AS dropped FROM pg_class c \
             WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname = ANY('{{{WORTH}}}')",
            identifiers(names)
        ))
        .await?;
    if rows.first().and_then(|row| row.get("dropped")) != Some("0") {
        return Err(DatabaseError::unexpected(
            "it came to own objects while it was being freed",
        ));
    }
    Ok(())
}

/// The catalogs that lose a row when something of worth is dropped.
const WORTH: &str = "pg_class,pg_proc,pg_type,pg_namespace,pg_operator,pg_opclass,pg_opfamily,pg_ts_config,pg_ts_dict,\
    pg_collation,pg_conversion,pg_statistic_ext,pg_largeobject_metadata,pg_publication,pg_subscription,pg_extension,\
    pg_event_trigger,pg_foreign_server,pg_foreign_data_wrapper,pg_language,pg_trigger,pg_rewrite,pg_constraint";
