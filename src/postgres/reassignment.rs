//! Who gets what logins own: whom their role names, else the database's owner or the admin, or a role without rights.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::SimpleQueryRow;

use crate::postgres::code::owners_of_code;
use crate::postgres::dependencies::{Login, Released, here};
use crate::postgres::error::DatabaseError;
use crate::postgres::powerless::{Powerless, new_name};
use crate::postgres::session::Session;
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
pub(super) fn oids(rows: &[SimpleQueryRow]) -> BTreeSet<u32> {
    rows.iter()
        .filter_map(|row| row.get(0)?.parse().ok())
        .collect()
}

/// Gives what the logins own, in the session's database and of shared objects, to their successors.
///
/// Code can run with the rights of its owner. Where nobody chose a successor, a login that owns code, and that could not
/// act as its successor anyway, leaves everything to a role without rights that is made for it.
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
    let owners = oids(&rows);
    if owners.is_empty() {
        return Ok(Released::default());
    }
    let fallback = default_owner(session, logins).await?;
    let with_code = owners_of_code(session, logins, &fallback).await?;
    let mut released = Released::default();
    let (suspects, others): (Vec<&Login>, Vec<&Login>) = logins
        .iter()
        .filter(|login| owners.contains(&login.oid))
        .partition(|login| with_code.contains(&login.oid));
    let mut by_successor = BTreeMap::<&str, Vec<&str>>::new();
    for login in others {
        let successor = login.new_owner.as_deref().unwrap_or(&fallback);
        by_successor.entry(successor).or_default().push(&login.name);
        released.reassigned.push(news(session, login, successor));
    }
    for (successor, owners) in by_successor {
        run(session, &reassignment(&owners, successor), successor).await?;
    }
    if !suspects.is_empty() {
        released.warnings = set_apart(session, &suspects, &fallback).await?;
    }
    Ok(released)
}

/// Gives what each of these logins owns to a role without rights of its own. Returns what somebody should know.
async fn set_apart(
    session: &Session,
    suspects: &[&Login],
    successor: &str,
) -> Result<Vec<String>, DatabaseError> {
    let powerless = Powerless::look(session).await?;
    let mut warnings = Vec::new();
    for login in suspects {
        let role = new_name();
        let reassignment = reassignment(&[&login.name], &role);
        let sql = powerless.give(&role, &login.name, &reassignment);
        run(session, &sql, &role).await?;
        warnings.push(format!(
            "{}: it has code that could have run with the rights of \"{successor}\"; choose who gets it with reassign_owned_to, \
             or, after a look at it, run in that database: DROP OWNED BY {role}; DROP ROLE {role}",
            news(session, login, &role)
        ));
    }
    Ok(warnings)
}

fn news(session: &Session, login: &Login, successor: &str) -> String {
    format!(
        "what lease \"{}\" owned in database \"{}\" belongs to \"{successor}\" now",
        login.name,
        session.address().dbname
    )
}

fn reassignment(owners: &[&str], successor: &str) -> String {
    format!(
        "REASSIGN OWNED BY {} TO {}",
        identifiers(owners.iter().copied()),
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

/// The successor where a role names none: the database's owner if the admin may act for it and it is none of the logins,
/// else the admin.
async fn default_owner(session: &Session, logins: &[Login]) -> Result<String, DatabaseError> {
    let oids: Vec<String> = logins.iter().map(|login| login.oid.to_string()).collect();
    let rows = session
        .run(&format!(
            "SELECT CASE WHEN datdba <> ALL('{{{}}}'::oid[]) AND pg_has_role(datdba, 'USAGE') THEN pg_get_userbyid(datdba) \
             ELSE current_user END FROM pg_database WHERE datname = current_database()",
            oids.join(",")
        ))
        .await?;
    let owner = rows.first().and_then(|row| row.get(0)).map(str::to_owned);
    owner.ok_or_else(|| DatabaseError::unexpected("the database has no owner"))
}
