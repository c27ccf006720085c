//! Who gets what logins own: whom their role names, else the database's owner or the admin, or a role without rights.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::SimpleQueryRow;

use crate::postgres::answers::Answers;
use crate::postgres::code::owners_of_code;
use crate::postgres::dependencies::{Login, NewOwner, Released, here, oid_array};
use crate::postgres::error::DatabaseError;
use crate::postgres::owned_databases::OwnedDatabases;
use crate::postgres::powerless::{Powerless, begun, new_name};
use crate::postgres::session::Session;
use crate::postgres::successor::default_owner;
use crate::postgres::{identifier, identifiers};

/// Rows of `pg_shdepend` about things that logins own and that hold data or code; default privileges and user mappings
/// belong to a login without being worth anything to a successor, and `REASSIGN OWNED` skips them.
pub(super) fn owned(logins: &[Login]) -> String {
    format!(
        "{} AND deptype = 'o' AND classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)",
        here(logins)
    )
}

/// A query for the objects that logins own, with the columns that [`owners_of_code`] reads.
pub(super) fn owned_objects(logins: &[Login]) -> String {
    format!(
        "SELECT DISTINCT refobjid, classid, objid FROM pg_shdepend WHERE {}",
        owned(logins)
    )
}

/// Locks the tables among these objects that other roles can act on as the login, until the transaction ends: no session can
/// add a rule, a trigger or an expression to them between the check for code and the change of the owner. Returns whether
/// there are such tables.
pub(super) async fn lock_tables(session: &Session, objects: &str) -> Result<bool, DatabaseError> {
    let sql = include_str!("sql/tables_to_lock.sql").replace("$OBJECTS", objects);
    let rows = session.run(&sql).await?;
    let tables: Vec<&str> = rows.iter().filter_map(|row| row.get(0)).collect();
    if tables.is_empty() {
        return Ok(false);
    }
    session
        .run(&format!(
            "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
            tables.join(", ")
        ))
        .await?;
    Ok(true)
}

/// Oids as the server writes them, in the first column.
pub(super) fn first_column(rows: &[SimpleQueryRow]) -> Result<BTreeSet<u32>, DatabaseError> {
    let oid = |row: &SimpleQueryRow| row.get(0)?.parse().ok();
    let no_number = || DatabaseError::unexpected("the server has an oid that is no number");
    rows.iter()
        .map(|row| oid(row).ok_or_else(no_number))
        .collect()
}

/// Gives what the logins own, in the session's database and of shared objects, to their successors.
///
/// Code can run with the rights of its owner. A login that owns code, and that could not act as its successor anyway, leaves
/// everything to a role without rights that is made for it, also where a successor was chosen: by its role, which a marker
/// names, and whoever may create roles can write one.
pub(super) async fn reassign(
    session: &Session,
    logins: &[Login],
) -> Result<Released, DatabaseError> {
    let rows = session
        .run(&format!(
            "SELECT DISTINCT refobjid FROM pg_shdepend WHERE {} ORDER BY 1",
            owned(logins)
        ))
        .await?;
    let owners = first_column(&rows)?;
    if owners.is_empty() {
        return Ok(Released::default());
    }
    let fallback = fallback(session).await?;
    let mut by_successor = BTreeMap::<&str, Vec<Login>>::new();
    for login in logins.iter().filter(|login| owners.contains(&login.oid)) {
        let successor = login.new_owner.as_deref().unwrap_or(&fallback);
        by_successor
            .entry(successor)
            .or_default()
            .push(login.clone());
    }
    // All are looked at before anything has a new owner.
    lock_tables(session, &owned_objects(logins)).await?;
    let mut with_code = BTreeSet::new();
    for (successor, logins) in &by_successor {
        let objects = owned_objects(logins);
        with_code.extend(owners_of_code(session, logins, &objects, successor).await?);
    }
    // What was interrupted goes on: one role for all that a login leaves in a database.
    let begun = begun(session, &Vec::from_iter(owners)).await?;
    with_code.extend(begun.keys());
    let mut released = Released::default();
    for (successor, logins) in by_successor {
        let (suspects, others): (Vec<Login>, Vec<Login>) = logins
            .into_iter()
            .partition(|login| with_code.contains(&login.oid));
        if !others.is_empty() {
            let databases = OwnedDatabases::find(session, &oid_array(&others), successor).await?;
            databases.give(session).await?;
            let result = run(session, &reassignment(&others, successor), successor).await;
            result.map_err(|error| databases.explain(error))?;
        }
        let got_it = |login| new_owner(session, login, successor);
        released.reassigned.extend(others.iter().map(got_it));
        if !suspects.is_empty() {
            let left = set_apart(session, &suspects, &begun, successor).await?;
            released.reassigned.extend(left);
        }
    }
    Ok(released)
}

/// Who gets what a login owns, if it is no code.
pub(super) async fn successor(session: &Session, login: &Login) -> Result<String, DatabaseError> {
    match &login.new_owner {
        Some(role) => Ok(role.clone()),
        None => fallback(session).await,
    }
}

async fn fallback(session: &Session) -> Result<String, DatabaseError> {
    let answers = Answers::new(session.run(&default_owner()).await?);
    Ok(answers.text("successor")?.to_owned())
}

/// Gives what each of these logins owns to a role without rights of its own. Returns what somebody should know.
async fn set_apart(
    session: &Session,
    suspects: &[Login],
    begun: &BTreeMap<u32, String>,
    successor: &str,
) -> Result<Vec<NewOwner>, DatabaseError> {
    let powerless = Powerless::look(session).await?;
    let databases = OwnedDatabases::find(session, &oid_array(suspects), successor).await?;
    let mut left = Vec::new();
    for login in suspects {
        let (role, creation) = match begun.get(&login.oid) {
            Some(role) => (role.clone(), String::new()),
            None => {
                let role = new_name();
                let creation = powerless.creation(&role, &login.name);
                (role, creation)
            }
        };
        let reassignment = reassignment(std::slice::from_ref(login), &role);
        let given = powerless.give(&role, &login.name, &reassignment);
        let result = run(session, &format!("{creation} {given}"), &role).await;
        result.map_err(|error| databases.explain(error))?;
        left.push(NewOwner {
            withheld_from: Some(successor.to_owned()),
            ..new_owner(session, login, &role)
        });
    }
    Ok(left)
}

pub(super) fn new_owner(session: &Session, login: &Login, name: &str) -> NewOwner {
    NewOwner {
        login: login.oid,
        database: session.address().dbname.clone(),
        name: name.to_owned(),
        withheld_from: None,
    }
}

fn reassignment(owners: &[Login], successor: &str) -> String {
    format!(
        "REASSIGN OWNED BY {} TO {}",
        identifiers(owners.iter().map(|login| login.name.as_str())),
        identifier(successor)
    )
}

async fn run(session: &Session, sql: &str, successor: &str) -> Result<(), DatabaseError> {
    session
        .run(sql)
        .await
        .map_err(|error| error.during(&format!("could not reassign to \"{successor}\"")))?;
    Ok(())
}
