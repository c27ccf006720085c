//! Who gets what logins own: whom their role names, else the database's owner or the admin, or a role without rights.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::SimpleQueryRow;

use crate::postgres::code::owners_of_code;
use crate::postgres::dependencies::{Login, Released, here};
use crate::postgres::error::DatabaseError;
use crate::postgres::powerless::Powerless;
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
/// act as its successor anyway, leaves everything to a role without rights.
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
    let powerless = match with_code.is_empty() {
        true => None,
        false => Some(Powerless::prepare(session).await?),
    };
    let database = &session.address().dbname;
    let mut by_successor = BTreeMap::<&str, Vec<&str>>::new();
    let mut released = Released::default();
    for login in logins.iter().filter(|login| owners.contains(&login.oid)) {
        let suspect = powerless
            .as_ref()
            .filter(|_| with_code.contains(&login.oid));
        let unchosen = suspect.map_or(fallback.as_str(), |role| &role.name);
        let successor = login.new_owner.as_deref().unwrap_or(unchosen);
        by_successor.entry(successor).or_default().push(&login.name);
        let what = format!(
            "what lease \"{}\" owned in database \"{database}\" belongs to \"{successor}\" now",
            login.name
        );
        match suspect {
            Some(_) => released.warnings.push(format!(
                "{what}: it has code that could have run with the rights of \"{fallback}\"; choose who gets it with reassign_owned_to"
            )),
            None => released.reassigned.push(what),
        }
    }
    for (successor, owners) in by_successor {
        reassign_to(session, successor, &owners, powerless.as_ref()).await?;
    }
    Ok(released)
}

async fn reassign_to(
    session: &Session,
    successor: &str,
    owners: &[&str],
    powerless: Option<&Powerless>,
) -> Result<(), DatabaseError> {
    let sql = format!(
        "REASSIGN OWNED BY {} TO {}",
        identifiers(owners.iter().copied()),
        identifier(successor)
    );
    let sql = match powerless.filter(|role| role.name == successor) {
        Some(role) => role.with_rights_of(owners, &sql),
        None => sql,
    };
    session
        .run(&sql)
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
