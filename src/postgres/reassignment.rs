//! Who gets what logins own: whom their role names, else the database's owner or the admin, or a role without rights.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::SimpleQueryRow;

use crate::postgres::answers::Answers;
use crate::postgres::code::owners_of_code;
use crate::postgres::dependencies::{Login, Released, here};
use crate::postgres::error::DatabaseError;
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
    let mut with_code = BTreeSet::new();
    for (successor, logins) in &by_successor {
        with_code.extend(owners_of_code(session, logins, &owned(logins), successor).await?);
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
            run(session, &reassignment(&others, successor), successor).await?;
        }
        let news = |login| news(session, login, successor);
        released.reassigned.extend(others.iter().map(news));
        if !suspects.is_empty() {
            let warnings = set_apart(session, &suspects, &begun, successor).await?;
            released.warnings.extend(warnings);
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
) -> Result<Vec<String>, DatabaseError> {
    let powerless = Powerless::look(session).await?;
    let mut warnings = Vec::new();
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
        run(session, &format!("{creation} {given}"), &role).await?;
        warnings.push(code_warning(session, login, &role, successor));
    }
    Ok(warnings)
}

/// What somebody should know of a role that got a login's code.
pub(super) fn code_warning(
    session: &Session,
    login: &Login,
    role: &str,
    successor: &str,
) -> String {
    format!(
        "{}: it has code that could have run with the rights of \"{successor}\", as the lease could not; \
         after a look at it, run in that database: REASSIGN OWNED BY {role} TO {}; DROP ROLE {role};",
        news(session, login, role),
        identifier(successor)
    )
}

pub(super) fn news(session: &Session, login: &Login, successor: &str) -> String {
    format!(
        "what lease \"{}\" owned in database \"{}\" belongs to \"{successor}\" now",
        login.name,
        session.address().dbname
    )
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
