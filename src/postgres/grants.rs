//! Privileges that logins were granted on objects, found in the access control lists and revoked for many logins at once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryRow;

use crate::postgres::acl::{classes, items, listed};
use crate::postgres::dependencies::{Login, Released, here};
use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::passed_on::PassedOn;
use crate::postgres::retry::on_conflict;
use crate::postgres::session::{LOCK_STEP, Session, begin, begin_waiting};

/// Takes privileges on `objects` (a query) away, from all logins at once: one catalog update an object, not one an object
/// and login. Returns what these logins may have granted on, to be restored in the same transaction.
///
/// PostgreSQL revokes only what one grantor granted, so this is done as each grantor that the admin may act as.
pub(super) async fn revoke_grants(
    session: &Session,
    logins: &[Login],
    objects: &str,
) -> Result<Option<PassedOn>, DatabaseError> {
    let rows = session.run(&grants_query(logins, objects)).await?;
    let mut revokes = BTreeMap::<(&str, &str, &str), Vec<&str>>::new();
    let mut can_pass_on = false;
    for row in &rows {
        let value = |name| row.try_get(name).map(Option::unwrap_or_default);
        can_pass_on |= value("is_grantable")? == "t";
        let key = (value("grantor")?, value("kind")?, value("grantees")?);
        if !key.1.is_empty() {
            revokes.entry(key).or_default().push(value("object")?);
        }
    }
    let mut passed_on = None;
    if can_pass_on {
        let oids: Vec<u32> = logins.iter().map(|login| login.oid).collect();
        passed_on = Some(PassedOn::find(session, &oids, objects).await?);
    }
    let own_role = session.mode().own_role();
    let mut sql = String::new();
    for ((grantor, kind, grantees), objects) in revokes {
        sql.push_str(&format!(
            "SET LOCAL ROLE {}; REVOKE ALL ON {kind} {} FROM {grantees} CASCADE; {own_role};",
            identifier(grantor),
            objects.join(", ")
        ));
    }
    session.run(&sql).await?;
    Ok(passed_on)
}

/// Finds the grants to `logins` on `objects`: for each object and grantor the list of grantees, ready to be put into a
/// `REVOKE`. Grants on columns go with those on their table; only grantors that the admin may act as are named. A row
/// without a kind stands for privileges of a kind that is not looked at here, memberships among them.
fn grants_query(logins: &[Login], objects: &str) -> String {
    let oids: Vec<String> = logins.iter().map(|login| login.oid.to_string()).collect();
    format!(
        "WITH dependency AS ({objects}), login AS (SELECT oid, rolname FROM pg_roles WHERE oid = ANY('{{{}}}'::oid[])), \
         item AS ({}) \
         SELECT kind, object, g.rolname AS grantor, \
             string_agg(DISTINCT quote_ident(login.rolname), ', ' ORDER BY quote_ident(login.rolname)) AS grantees, \
             bool_or(item.is_grantable) AS is_grantable \
         FROM item JOIN login ON login.oid = item.grantee JOIN pg_roles g ON g.oid = item.grantor \
         WHERE pg_has_role(g.oid, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END) \
         GROUP BY 1, 2, 3 \
         UNION ALL SELECT '', '', '', '', true WHERE EXISTS (SELECT FROM dependency WHERE classid <> ALL({})) \
         ORDER BY 1, 2, 3",
        oids.join(","),
        items(false),
        classes(),
    )
}

/// The objects that `logins` have privileges on, as a query for `dependency`.
pub(super) fn objects_of(logins: &[Login]) -> String {
    format!(
        "SELECT DISTINCT classid, objid FROM pg_shdepend WHERE {} AND deptype = 'a'",
        here(logins)
    )
}

/// Takes privileges away as [`revoke_grants`] does, on `budget` objects in each transaction; what an administrator should
/// know of those that are committed goes into `released`.
pub(super) async fn revoke_in_portions(
    session: &Session,
    logins: &[Login],
    budget: usize,
    released: &RefCell<Released>,
) -> Result<(), DatabaseError> {
    let mut last = (0, 0);
    loop {
        let objects = next_objects(session, logins, last).await?;
        let Some(object) = objects.last() else {
            return Ok(());
        };
        last = *object;
        for portion in objects.chunks(budget) {
            let warnings = revoke_portion(session, logins, portion).await?;
            released.borrow_mut().warnings.extend(warnings);
        }
    }
}

/// Objects that are read at a time.
const CHUNK: usize = 50_000;

async fn next_objects(
    session: &Session,
    logins: &[Login],
    (class, oid): (u32, u32),
) -> Result<Vec<(u32, u32)>, DatabaseError> {
    let rows = session
        .run(&format!(
            "{} {} AND (classid, objid) > ({class}::oid, {oid}::oid) ORDER BY 1, 2 LIMIT {CHUNK}; COMMIT",
            begin(session),
            objects_of(logins)
        ))
        .await;
    if rows.is_err() {
        session.rollback().await;
    }
    let number = |row: &SimpleQueryRow, column| row.get(column)?.parse::<u32>().ok();
    let object = |row: &SimpleQueryRow| Some((number(row, 0)?, number(row, 1)?));
    let no_number = || DatabaseError::unexpected("the server has an oid that is no number");
    let rows = rows?;
    rows.iter()
        .map(|row| object(row).ok_or_else(no_number))
        .collect()
}

async fn revoke_portion(
    session: &Session,
    logins: &[Login],
    objects: &[(u32, u32)],
) -> Result<Vec<String>, DatabaseError> {
    let objects = listed(objects);
    let attempt = async || {
        session.run(&begin_waiting(session, LOCK_STEP)).await?;
        let warnings = match revoke_grants(session, logins, &objects).await? {
            Some(passed_on) => passed_on.restore(session).await?,
            None => Vec::new(),
        };
        session.run("COMMIT").await?;
        Ok(warnings)
    };
    let is_passing = |error: &DatabaseError| error.is_conflict() || error.is_lock_timeout();
    on_conflict(is_passing, async |_| {
        let result = attempt().await;
        if result.is_err() {
            session.rollback().await;
        }
        result
    })
    .await
}
