//! The roles without rights that own what has code in it and must not go to a successor: `pgcreds_left_RANDOM`, one for
//! each login and database, so that what one login left has no way to what another left.

use std::collections::BTreeMap;

use crate::model::name::{RANDOM_CHARACTERS, random_characters};
use crate::postgres::answers::Answers;
use crate::postgres::error::DatabaseError;
use crate::postgres::privileges::join;
use crate::postgres::session::Session;
use crate::postgres::{identifier, literal};

/// How the roles' names begin.
pub(super) const LEFT_PREFIX: &str = "pgcreds_left_";

/// What has to be known to make such roles in the session's transaction.
pub(super) struct Powerless {
    database: String,
    /// By the server's clock.
    today: String,
    /// Whether grants have options: from PostgreSQL 16 on.
    has_options: bool,
    /// Whether the admin is a superuser: then the server does not ask what a new owner may.
    is_unlimited: bool,
}

impl Powerless {
    /// Asks the server.
    pub(super) async fn look(session: &Session) -> Result<Self, DatabaseError> {
        let rows = session
            .run(
                "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS today, rolsuper, \
                 current_setting('server_version_num')::int >= 160000 AS has_options FROM pg_roles WHERE rolname = current_user",
            )
            .await?;
        let answers = Answers::new(rows);
        Ok(Self {
            database: session.address().dbname.clone(),
            today: answers.text("today")?.to_owned(),
            has_options: answers.is_true("has_options")?,
            is_unlimited: answers.is_true("rolsuper")?,
        })
    }

    /// The SQL that makes such a role for what `lease` leaves in this database. The admin can use and drop it.
    pub(super) fn creation(&self, role: &str, lease: &str) -> String {
        let comment = literal(&format!(
            "What lease \"{lease}\" left in database \"{}\" on {}, with code in it: this role has no rights. Made by pgcreds.",
            self.database, self.today
        ));
        let name = identifier(role);
        let join = match self.is_unlimited {
            true => String::new(),
            false => join(role, self.has_options),
        };
        format!(
            "CREATE ROLE {name} NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS NOINHERIT; \
             COMMENT ON ROLE {name} IS {comment}; {join}"
        )
    }

    /// The SQL that runs `reassignment`, which gives the role what `lease` owns.
    ///
    /// A new owner has to have the right to create in the schema, which the lease has, and the role has as a member of it
    /// for no longer than the transaction.
    pub(super) fn give(&self, role: &str, lease: &str, reassignment: &str) -> String {
        if self.is_unlimited {
            return format!("{reassignment};");
        }
        let (name, lease) = (identifier(role), identifier(lease));
        format!(
            "ALTER ROLE {name} INHERIT; GRANT {lease} TO {name}; {reassignment}; REVOKE {lease} FROM {name}; \
             ALTER ROLE {name} NOINHERIT;"
        )
    }
}

/// The roles that an interrupted revocation of these logins has begun to fill in the session's database, by login.
pub(super) async fn begun(
    session: &Session,
    oids: &[u32],
) -> Result<BTreeMap<u32, String>, DatabaseError> {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    let sql = include_str!("sql/left_roles.sql")
        .replace("$PREFIX", &literal(LEFT_PREFIX))
        .replace("$OIDS", &format!("'{{{}}}'::oid[]", oids.join(",")));
    let mut roles = BTreeMap::new();
    for row in session.run(&sql).await? {
        let answers = Answers::new(vec![row]);
        roles.insert(answers.parsed("login")?, answers.text("role")?.to_owned());
    }
    Ok(roles)
}

/// A name for such a role.
pub(super) fn new_name() -> String {
    format!("{LEFT_PREFIX}{}", random_characters(RANDOM_CHARACTERS))
}
