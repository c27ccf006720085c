//! Creating a login in a transaction that is rolled back, and what it would have been.

use anyhow::Result;
use serde::Deserialize;

use crate::postgres::answers::Answers;
use crate::postgres::login::{Begun, NewLogin, Times};
use crate::postgres::powers::{self, Power};
use crate::postgres::session::Session;
use crate::postgres::{identifier, literal, verdict};

/// What the creation statements made, or would make.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) oid: u32,
    pub(crate) attributes: Vec<&'static str>,
    pub(crate) member_of: Vec<String>,
    /// Groups as which it could do more than its end takes back, with what that is.
    pub(crate) powers: Vec<Power>,
    /// Databases that a group of the login owns.
    pub(crate) databases: Vec<ReachedDatabase>,
    /// Sessions that it may have at the same time, -1 for no limit.
    pub(crate) connection_limit: i32,
    /// The connection's database, if the login may not connect to it.
    pub(crate) closed_database: Option<String>,
}

/// A database that a login can alter as a member of its owner.
#[derive(Debug, Deserialize)]
pub(crate) struct ReachedDatabase {
    pub(crate) database_name: String,
    pub(crate) owner_name: String,
    /// Whether the owner has `CREATE` on schema public only as the database's owner.
    pub(crate) has_public: bool,
}

/// Attributes of a role that are worth knowing, with their column in `pg_roles`.
const ATTRIBUTES: [(&str, &str); 5] = [
    ("superuser", "rolsuper"),
    ("createrole", "rolcreaterole"),
    ("createdb", "rolcreatedb"),
    ("replication", "rolreplication"),
    ("bypassrls", "rolbypassrls"),
];

impl ReachedDatabase {
    /// What a login can do with it.
    pub(crate) fn explain(&self) -> String {
        format!(
            "can act as \"{}\", which owns database \"{}\", and so set with ALTER DATABASE what all sessions in it start with, \
             those of the admin too",
            self.owner_name, self.database_name
        )
    }

    /// The SQL that gives the database to the admin, and leaves the group the right to create in it.
    pub(crate) fn remedy(&self, admin: &str) -> String {
        let (database, group) = (
            identifier(&self.database_name),
            identifier(&self.owner_name),
        );
        let public = match self.has_public {
            true => format!(" GRANT CREATE ON SCHEMA public TO {group};"),
            false => String::new(),
        };
        format!(
            "ALTER DATABASE {database} OWNER TO {}; GRANT CREATE ON DATABASE {database} TO {group};{public}",
            identifier(admin)
        )
    }
}

impl NewLogin<'_> {
    /// Makes the login in a transaction that is given up, and returns what it would have been.
    pub(crate) async fn rehearse(&self, session: &Session) -> Result<(Made, Times)> {
        let Begun { times, .. } = self.begin(session, false).await?;
        let marker = self.marker(&times);
        let columns: Vec<String> = ATTRIBUTES
            .iter()
            .map(|(name, column)| format!("{column} AS pgcreds_{name}"))
            .collect();
        let look = verdict::thorough_look(self.id.as_str(), self.role);
        let sql = format!(
            "{} SELECT {}, (SELECT json_agg(g.rolname ORDER BY g.rolname) FROM pg_auth_members m \
             JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid) AS pgcreds_member_of, \
             CASE WHEN NOT has_database_privilege(r.oid, current_database(), 'CONNECT') THEN current_database() END \
             AS pgcreds_closed_database, {} AS pgcreds_powers, (SELECT json_agg(d) FROM ({}) d) AS pgcreds_databases, \
             rolconnlimit AS pgcreds_connection_limit \
             FROM pg_roles r WHERE rolname = {}; ROLLBACK;",
            self.creation_sql(session, &times, &marker, &look),
            columns.join(", "),
            powers::powers("r.oid"),
            include_str!("sql/reached_databases.sql").replace("{login}", "r.oid"),
            literal(self.id.as_str()),
        );
        let rows = session
            .run(&sql)
            .await
            .map_err(|error| self.creation_failure(error))?;
        let answers = Answers::new(rows);
        let is_set = |name: &str| answers.find(&format!("pgcreds_{name}")) == Some("t");
        let oid = answers.parsed("pgcreds_oid");
        let made = Made {
            oid: oid.map_err(|error| self.creation_failure(error))?,
            attributes: ATTRIBUTES
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| is_set(name))
                .collect(),
            member_of: list(&answers, "pgcreds_member_of")?,
            powers: list(&answers, "pgcreds_powers")?,
            databases: list(&answers, "pgcreds_databases")?,
            connection_limit: answers.parsed("pgcreds_connection_limit")?,
            closed_database: answers.find("pgcreds_closed_database").map(str::to_owned),
        };
        Ok((made, times))
    }
}

/// The items of a JSON array; none where the server answered NULL.
fn list<T: for<'a> Deserialize<'a>>(answers: &Answers, column: &str) -> serde_json::Result<Vec<T>> {
    answers
        .find(column)
        .map_or(Ok(Vec::new()), serde_json::from_str)
}
