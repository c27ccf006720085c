//! The role without rights that owns what nobody chose an owner for and that has code in it: `pgcreds_reassigned_ADMIN`.
//! Each admin has its own: from PostgreSQL 16 on it could not use another's.

use crate::postgres::answers::Answers;
use crate::postgres::error::DatabaseError;
use crate::postgres::privileges::join;
use crate::postgres::session::Session;
use crate::postgres::{identifier, identifiers, literal};

const COMMENT: &str = "Owns what ended logins left behind with code in it, so that the code has no rights. Made by pgcreds.";

/// The role, ready to be given something in the transaction that it was prepared in.
pub(super) struct Powerless {
    pub(super) name: String,
    /// Whether grants have options: from PostgreSQL 16 on.
    has_options: bool,
    /// Whether the admin is a superuser: then the server does not ask what a new owner may.
    is_unlimited: bool,
}

impl Powerless {
    /// Makes the role if it is not there yet, inside the session's transaction, and the admin a member of it. One that has
    /// come to any rights is refused.
    pub(super) async fn prepare(session: &Session) -> Result<Self, DatabaseError> {
        let answers = Answers::new(session.run(LOOK).await?);
        let role = Self {
            name: answers.text("name")?.to_owned(),
            has_options: answers.is_true("has_options")?,
            is_unlimited: answers.is_true("is_superuser")?,
        };
        let rights = answers.text("rights")?;
        if !rights.is_empty() {
            return Err(DatabaseError::unexpected(&format!(
                "role \"{}\" cannot be given what has code in it: it {rights}; take that from it, or choose another role with reassign_owned_to",
                role.name
            )));
        }
        let name = identifier(&role.name);
        let mut sql = String::new();
        if !answers.is_true("is_there")? {
            sql = format!(
                "CREATE ROLE {name} NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS NOINHERIT; \
                 COMMENT ON ROLE {name} IS {};",
                literal(COMMENT)
            );
        }
        // Nobody is a member of a role that is not there.
        let is_joined = answers.find("is_joined") == Some("t");
        if !role.is_unlimited && !is_joined {
            sql.push_str(&join(&role.name, role.has_options));
        }
        session
            .run(&sql)
            .await
            .map_err(|error| error.during(&format!("could not prepare role \"{}\"", role.name)))?;
        Ok(role)
    }

    /// Wraps a reassignment from `logins` to this role: a new owner has to have the right to create in the schema, which
    /// the logins have, and this role has as a member of them for no longer than the transaction that it is part of.
    pub(super) fn with_rights_of(&self, logins: &[&str], reassignment: &str) -> String {
        if self.is_unlimited {
            return reassignment.to_owned();
        }
        let (name, logins) = (identifier(&self.name), identifiers(logins.iter().copied()));
        if self.has_options {
            return format!(
                "GRANT {logins} TO {name} WITH INHERIT TRUE, SET FALSE; {reassignment}; REVOKE {logins} FROM {name}"
            );
        }
        format!(
            "ALTER ROLE {name} INHERIT; GRANT {logins} TO {name}; {reassignment}; \
             REVOKE {logins} FROM {name}; ALTER ROLE {name} NOINHERIT"
        )
    }
}

/// The role's name, cut as PostgreSQL cuts names, and what it is if it is there; the rights that it must not have in words.
const LOOK: &str = "SELECT n.name, r.oid IS NOT NULL AS is_there, me.rolsuper AS is_superuser, \
     current_setting('server_version_num')::int >= 160000 AS has_options, \
     pg_has_role(r.oid, 'USAGE') AND pg_has_role(r.oid, \
         CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END) AS is_joined, \
     concat_ws(', ', CASE WHEN r.rolsuper THEN 'is a superuser' END, CASE WHEN r.rolcanlogin THEN 'can log in' END, \
         CASE WHEN r.rolcreaterole THEN 'can create roles' END, CASE WHEN r.rolcreatedb THEN 'can create databases' END, \
         CASE WHEN r.rolreplication THEN 'can replicate' END, CASE WHEN r.rolbypassrls THEN 'bypasses row security' END, \
         (SELECT 'is a member of ' || string_agg(format('\"%s\"', g.rolname), ' and ' ORDER BY g.rolname) \
             FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)) AS rights \
     FROM (SELECT ('pgcreds_reassigned_' || current_user)::name) n (name) JOIN pg_roles me ON me.rolname = current_user \
     LEFT JOIN pg_roles r ON r.rolname = n.name";
