//! Policies that name logins, on tables of other roles: changed as the table's owner, or reported with the statement that
//! the owner has to run. The logins are an array of oids in SQL.

use crate::postgres::error::DatabaseError;
use crate::postgres::identifier;
use crate::postgres::session::Session;

/// A policy on a table on which the admin does not have the owner's rights.
struct Policy {
    name: String,
    table: String,
    owner: String,
    can_act: bool,
    /// The statement that takes the logins out of it.
    change: String,
}

/// Takes the logins out of the policies on tables whose owner the admin may become. `DROP OWNED` sees to those on tables
/// that the admin has the owner's rights on.
pub(super) async fn change_as_owners(session: &Session, logins: &str) -> Result<(), DatabaseError> {
    for policy in find(session, logins).await? {
        if policy.can_act {
            let owner = identifier(&policy.owner);
            let own_role = session.mode().own_role();
            let sql = format!("SET LOCAL ROLE {owner}; {}; {own_role}", policy.change);
            session.attempt(&sql).await?;
        }
    }
    Ok(())
}

/// Fails when policies still name the logins, with what has to be run, and by which role.
pub(super) async fn refuse_left(session: &Session, logins: &str) -> Result<(), DatabaseError> {
    let policies = find(session, logins).await?;
    let Some(policy) = policies.first() else {
        return Ok(());
    };
    let owner = identifier(&policy.owner);
    let mut error = format!(
        "policy \"{}\" on table {} names it; run in that database as {owner} or as a superuser: {};",
        policy.name, policy.table, policy.change
    );
    for other in &policies[1..] {
        error.push_str(&format!(
            " as {}: {};",
            identifier(&other.owner),
            other.change
        ));
    }
    let admin = identifier(&session.address().user);
    error.push_str(&format!(
        " or let the admin do it: GRANT {owner} TO {admin};"
    ));
    Err(DatabaseError::unexpected(&error))
}

async fn find(session: &Session, logins: &str) -> Result<Vec<Policy>, DatabaseError> {
    let sql = include_str!("sql/policies.sql").replace("{logins}", logins);
    let rows = session.run(&sql).await?;
    rows.iter()
        .map(|row| {
            let text = |column| {
                let value = row.try_get(column).map(Option::unwrap_or_default);
                value.map(str::to_owned)
            };
            Ok(Policy {
                name: text("policy")?,
                table: text("table_name")?,
                owner: text("owner")?,
                can_act: text("can_act")? == "t",
                change: text("change")?,
            })
        })
        .collect()
}
