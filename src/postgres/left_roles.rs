//! The roles without rights that revocations left (`pgcreds_left_…`), and the two ways to get rid of them.

use tokio_postgres::types::Type;

use crate::postgres::error::DatabaseError;
use crate::postgres::powerless::LEFT_PREFIX;
use crate::postgres::session::Session;
use crate::postgres::text::Text;
use crate::postgres::{identifier, identifiers, literal};

/// So many roles are named one by one in a statement.
const NAMED: usize = 5;

/// The roles that own something in one database.
#[derive(Debug)]
pub(crate) struct LeftRoles {
    /// The database; `None` where they own nothing in any.
    pub(crate) database: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) objects: i64,
    /// One of the objects, as `pg_describe_object` names it, where it can be seen from the session's database.
    pub(crate) example: Option<String>,
    new_owner: Option<String>,
}

/// Looks for such roles, by the database in which they own something.
pub(crate) async fn left_roles(session: &Session) -> Result<Vec<LeftRoles>, DatabaseError> {
    let rows = session
        .query(
            include_str!("sql/left_role_contents.sql"),
            &[(&LEFT_PREFIX, Type::TEXT)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let text = |name| -> Result<Option<String>, DatabaseError> {
                Ok(row.try_get::<_, Option<Text>>(name)?.map(|text| text.lossy))
            };
            let roles = serde_json::from_str(&text("role_names")?.unwrap_or_default());
            Ok(LeftRoles {
                database: text("database_name")?,
                roles: roles
                    .map_err(|_| DatabaseError::unexpected("the names of roles are no JSON"))?,
                objects: row.try_get("objects")?,
                example: text("example")?,
                new_owner: text("new_owner")?,
            })
        })
        .collect()
}

impl LeftRoles {
    /// The SQL that keeps what they own, and in a comment the SQL that drops it; to be run in their database.
    pub(crate) fn remedy(&self) -> String {
        if self.objects == 0 {
            return self.each("", &["DROP ROLE"]);
        }
        let new_owner = match &self.new_owner {
            Some(name) => identifier(name),
            None => "new_owner".to_owned(),
        };
        let suffix = format!(" TO {new_owner}");
        format!(
            "{} -- or, to drop what they own: {}",
            self.each(
                &suffix,
                &["REASSIGN OWNED BY", "DROP OWNED BY", "DROP ROLE"]
            ),
            self.each("", &["DROP OWNED BY", "DROP ROLE"])
        )
    }

    /// These commands for all the roles; `suffix` goes with the first one.
    fn each(&self, suffix: &str, commands: &[&str]) -> String {
        let suffixes = std::iter::once(suffix).chain(std::iter::repeat(""));
        let commands = commands.iter().zip(suffixes);
        if self.roles.len() <= NAMED {
            let names = identifiers(self.roles.iter().map(String::as_str));
            let statements =
                commands.map(|(command, suffix)| format!("{command} {names}{suffix};"));
            return statements.collect::<Vec<_>>().join(" ");
        }
        let statements: Vec<String> = commands
            .map(|(command, suffix)| format!("{command} %1$I{}", suffix.replace('%', "%%")))
            .collect();
        let owns = "SELECT FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid WHERE s.refobjid = r.oid";
        let condition = match self.database {
            Some(_) => format!("EXISTS ({owns} AND d.datname = current_database())"),
            None => format!("NOT EXISTS ({owns})"),
        };
        format!(
            "DO $pgcreds$ DECLARE name text; BEGIN FOR name IN SELECT rolname FROM pg_roles r WHERE starts_with(rolname::text, {}) \
             AND NOT rolcanlogin AND {condition} LOOP EXECUTE format({}, name); END LOOP; END $pgcreds$;",
            literal(LEFT_PREFIX),
            literal(&statements.join("; "))
        )
    }
}
