//! Databases that logins own. Only a role with `CREATEDB` may give one to another role: an admin without it acts as a role
//! that has it, where there is one.

use crate::postgres::error::DatabaseError;
use crate::postgres::session::Session;
use crate::postgres::{identifier, literal};

/// The databases of logins that the admin cannot give away itself; empty where it has `CREATEDB`.
pub(super) struct OwnedDatabases {
    names: Vec<String>,
    /// The SQL that gives each of them away as a role that may.
    transfers: Vec<String>,
    admin: String,
}

impl OwnedDatabases {
    /// Those of `logins`, an array of oids in SQL, which are to go to `new_owner`.
    pub(super) async fn find(
        session: &Session,
        logins: &str,
        new_owner: &str,
    ) -> Result<Self, DatabaseError> {
        let sql = include_str!("sql/owned_databases.sql")
            .replace("{logins}", logins)
            .replace("{new_owner}", &literal(new_owner));
        let rows = session.run(&sql).await?;
        let mut found = Self {
            names: Vec::new(),
            transfers: Vec::new(),
            admin: session.address().user.clone(),
        };
        for row in &rows {
            let name = row.try_get("database")?.unwrap_or_default().to_owned();
            if let Some(acting_role) = row.try_get("acting_role")? {
                let acting_role = identifier(acting_role);
                let login = identifier(row.try_get("login")?.unwrap_or_default());
                let is = |column| Ok::<_, DatabaseError>(row.try_get(column)? == Some("t"));
                let leave = match is("is_member")? {
                    true => format!("REVOKE {acting_role} FROM {login}; "),
                    false => String::new(),
                };
                let options = match is("has_options")? {
                    true => " WITH INHERIT TRUE, SET FALSE",
                    false => "",
                };
                let own_role = session.mode().own_role();
                found.transfers.push(format!(
                    "{leave}GRANT {login} TO {acting_role}{options}; SET LOCAL ROLE {acting_role}; \
                     ALTER DATABASE {} OWNER TO {}; {own_role}; REVOKE {login} FROM {acting_role}",
                    identifier(&name),
                    identifier(new_owner)
                ));
            }
            found.names.push(name);
        }
        Ok(found)
    }

    /// Gives away what can be, in the session's transaction. What is left is for `REASSIGN OWNED`, which older releases
    /// let every admin do.
    pub(super) async fn give(&self, session: &Session) -> Result<(), DatabaseError> {
        for transfer in &self.transfers {
            session.attempt(transfer).await?;
        }
        Ok(())
    }

    /// The error of a reassignment, with what has to be run where it failed because of these databases.
    pub(super) fn explain(&self, error: DatabaseError) -> DatabaseError {
        if self.names.is_empty() || !error.is_permission_denied() {
            return error;
        }
        let names: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        error.with_fix(&format!(
            "if it is about database {}, run as a superuser: ALTER ROLE {} CREATEDB;",
            names.join(", "),
            identifier(&self.admin)
        ))
    }
}
