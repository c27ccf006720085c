//! A role: the recipe for logins.

use serde::Deserialize;

use crate::model::name::{ConnectionName, IDENTIFIER_BYTES};
use crate::model::password_policy::{InvalidPolicy, PasswordPolicy};
use crate::model::statements::{InvalidStatements, PLACEHOLDERS, Statements};
use crate::model::ttl::Ttl;
use crate::model::username_template::{InvalidTemplate, UsernameTemplate};

/// A role of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    /// The connection whose server gets the logins.
    pub(crate) connection: ConnectionName,
    /// SQL that makes a login; left out where `member_of` or `set_role` say enough.
    #[serde(default)]
    pub(crate) creation_statements: Statements,
    /// Group roles that each login becomes a member of.
    #[serde(default)]
    pub(crate) member_of: Vec<String>,
    /// Group role that each session of the login works as, so that it owns what the session creates.
    pub(crate) set_role: Option<String>,
    /// Schemas in which the statements find what is named without one, after `pg_catalog`.
    #[serde(default = "default_search_path")]
    pub(crate) search_path: Vec<String>,
    /// SQL that runs at each renewal, before `VALID UNTIL` is set.
    #[serde(default)]
    pub(crate) renew_statements: Statements,
    /// SQL that runs at revocation, after the sessions have ended and before what is owned is reassigned.
    #[serde(default)]
    pub(crate) revocation_statements: Statements,
    /// Lifetime when none is asked for.
    #[serde(default = "default_ttl")]
    pub(crate) default_ttl: Ttl,
    /// Longest lifetime, renewals included.
    #[serde(default = "max_ttl")]
    pub(crate) max_ttl: Ttl,
    /// Role that gets what a login owns when it is revoked.
    pub(crate) reassign_owned_to: Option<String>,
    /// Live leases of this role at the most.
    pub(crate) max_leases: Option<u32>,
    /// How logins are named, if not as `pgc_<role>_<label>_<random>`.
    pub(crate) username_template: Option<UsernameTemplate>,
    /// Letters and digits of a password; either this or `password_policy`.
    pub(crate) password_length: Option<usize>,
    /// Which characters a password has.
    pub(crate) password_policy: Option<PasswordPolicy>,
    /// Sessions that a login may have at the same time; -1 is no limit, as in PostgreSQL.
    pub(crate) connection_limit: Option<i32>,
    /// Whether logins may have privileges with which they can act on other sessions, or on the server's files.
    #[serde(default)]
    pub(crate) allow_dangerous_privileges: bool,
}

/// `CONNECTION LIMIT` of the short forms: enough for a pool, and a fifth of PostgreSQL's default `max_connections`.
const CONNECTION_LIMIT: i32 = 20;

/// One hour: short, and long enough for a person's task.
pub(crate) fn default_ttl() -> Ttl {
    Ttl::hours(1)
}

/// One day.
pub(crate) fn max_ttl() -> Ttl {
    Ttl::hours(24)
}

/// Where statements find what is named without a schema, unless a role says otherwise.
pub(crate) fn default_search_path() -> Vec<String> {
    vec!["public".to_owned()]
}

/// What is wrong with a role.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidRole {
    /// `default_ttl` is over `max_ttl`.
    TtlOrder { default_ttl: Ttl, max_ttl: Ttl },
    /// Neither statements nor groups.
    NoCreation,
    /// Both statements and groups.
    TwoCreations,
    /// A group role's name that PostgreSQL would cut or refuse.
    GroupName,
    /// A schema's name that PostgreSQL would cut or refuse, or that has its place in the path already.
    SchemaName,
    /// Statements of the named key that cannot be run.
    Statements(&'static str, InvalidStatements),
    /// Names that PostgreSQL would cut, or that somebody could guess.
    Username(InvalidTemplate),
    /// Passwords that cannot be made, or are easy to guess.
    Password(&'static str, InvalidPolicy),
    /// Both a length and a policy.
    TwoPasswords,
    /// A `connection_limit` that allows no session, or is no number of sessions.
    ConnectionLimit,
}

impl std::fmt::Display for InvalidRole {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TtlOrder {
                default_ttl,
                max_ttl,
            } => {
                write!(
                    formatter,
                    "default_ttl {default_ttl} is over max_ttl {max_ttl}"
                )
            }
            Self::NoCreation => formatter.write_str("it says nothing of what a login may do: give member_of, set_role or creation_statements"),
            Self::TwoCreations => formatter.write_str(
                "creation_statements go without member_of and set_role: the statements say it all",
            ),
            Self::GroupName => formatter.write_str(
                "the name of a PostgreSQL role has 1 to 63 bytes without control characters",
            ),
            Self::SchemaName => formatter.write_str(
                "search_path: the name of a schema has 1 to 63 bytes without control characters; pg_catalog is always \
                 searched first, and pg_temp last",
            ),
            Self::Statements(key, error) => write!(formatter, "{key}: {error}"),
            Self::Username(error) => write!(formatter, "username_template: {error}"),
            Self::Password(key, error) => write!(formatter, "{key}: {error}"),
            Self::TwoPasswords => formatter
                .write_str("password_length goes without password_policy, which has a length"),
            Self::ConnectionLimit => formatter
                .write_str("connection_limit is a number of sessions from 1 on, or -1 for no limit"),
        }
    }
}

impl std::error::Error for InvalidRole {}

impl Role {
    /// Checks what the types alone cannot.
    pub(crate) fn check(&self) -> Result<(), InvalidRole> {
        if self.default_ttl > self.max_ttl {
            return Err(InvalidRole::TtlOrder {
                default_ttl: self.default_ttl,
                max_ttl: self.max_ttl,
            });
        }
        let has_groups = !self.member_of.is_empty() || self.set_role.is_some();
        match (self.creation_statements.is_empty(), has_groups) {
            (true, false) => return Err(InvalidRole::NoCreation),
            (false, true) => return Err(InvalidRole::TwoCreations),
            _ => {}
        }
        if self
            .connection_limit
            .is_some_and(|limit| limit < -1 || limit == 0)
        {
            return Err(InvalidRole::ConnectionLimit);
        }
        let is_name = |name: &String| {
            (1..=IDENTIFIER_BYTES).contains(&name.len()) && !name.contains(char::is_control)
        };
        let mut groups = self.groups().chain(&self.reassign_owned_to);
        if !groups.all(is_name) {
            return Err(InvalidRole::GroupName);
        }
        let is_fixed = |name: &String| ["pg_catalog", "pg_temp"].contains(&name.as_str());
        if !self.search_path.iter().all(is_name) || self.search_path.iter().any(is_fixed) {
            return Err(InvalidRole::SchemaName);
        }
        let without_password = ["name", "username", "expiration"];
        let name_only = ["name", "username"];
        for (key, statements, known) in [
            (
                "creation_statements",
                &self.creation_statements,
                &PLACEHOLDERS[..],
            ),
            (
                "renew_statements",
                &self.renew_statements,
                &without_password[..],
            ),
            (
                "revocation_statements",
                &self.revocation_statements,
                &name_only[..],
            ),
        ] {
            statements
                .check(known)
                .map_err(|error| InvalidRole::Statements(key, error))?;
        }
        self.check_password()
    }

    /// The group roles that the short forms name.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &String> {
        let set_role = self
            .set_role
            .iter()
            .filter(|group| !self.member_of.contains(group));
        self.member_of.iter().chain(set_role)
    }

    /// The role that gets what a login owns, where one was chosen.
    pub(crate) fn successor(&self) -> Option<&String> {
        self.reassign_owned_to.as_ref().or(self.set_role.as_ref())
    }

    /// Sessions that a login may have at the same time, -1 for no limit; `None` where only the statements decide.
    pub(crate) fn connection_limit(&self) -> Option<i32> {
        let is_short_form = self.creation_statements.is_empty();
        self.connection_limit
            .or(is_short_form.then_some(CONNECTION_LIMIT))
    }

    /// The statements that make a login: the administrator's, or those that the short forms stand for.
    pub(crate) fn creation(&self) -> Statements {
        if !self.creation_statements.is_empty() {
            return self.creation_statements.clone();
        }
        let limit = self.connection_limit().unwrap_or(CONNECTION_LIMIT);
        let quote = |name: &String| quoted(name);
        let groups: Vec<String> = self.groups().map(quote).collect();
        let mut texts = vec![format!(
            "CREATE ROLE \"{{{{name}}}}\" WITH LOGIN PASSWORD '{{{{password}}}}' VALID UNTIL '{{{{expiration}}}}' \
             CONNECTION LIMIT {limit} IN ROLE {}",
            groups.join(", ")
        )];
        texts.extend(
            self.set_role
                .iter()
                .map(|group| format!("ALTER ROLE \"{{{{name}}}}\" SET role TO {}", quote(group))),
        );
        Statements::new(texts)
    }
}

/// A group role's name as an SQL identifier in which no placeholder can be seen.
fn quoted(name: &str) -> String {
    let identifier = postgres_protocol::escape::escape_identifier(name);
    if !name.contains("{{") {
        return identifier;
    }
    let escaped = identifier.replace('\\', "\\\\").replace('{', "\\007B");
    format!("U&{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(toml: &str) -> Role {
        toml::from_str(&format!("connection = \"main\"\n{toml}")).unwrap()
    }

    #[test]
    fn short_forms_become_statements() {
        assert_eq!(
            role("member_of = [\"a\", \"b \\\"c\"]\nset_role = \"a\"")
                .creation()
                .texts(),
            [
                "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' CONNECTION LIMIT 20 IN ROLE \"a\", \"b \"\"c\"",
                "ALTER ROLE \"{{name}}\" SET role TO \"a\"",
            ]
        );
    }

    #[test]
    fn a_group_named_like_a_placeholder_is_not_filled_in() {
        let creation = role("set_role = \"{{name}}\\\\\"").creation();
        assert!(creation.texts()[0].ends_with(r#" IN ROLE U&"\007B\007Bname}}\\""#));
        assert!(creation.texts()[1].ends_with(r#" SET role TO U&"\007B\007Bname}}\\""#));
    }

    #[test]
    fn contradictions_are_refused() {
        use InvalidRole::{
            ConnectionLimit, GroupName, NoCreation, Statements, TtlOrder, TwoCreations,
        };
        for (toml, error) in [
            ("", NoCreation),
            ("creation_statements = [\" \"]", NoCreation),
            (
                "creation_statements = [\"x\"]\nset_role = \"a\"",
                TwoCreations,
            ),
            ("member_of = [\"\"]", GroupName),
            ("member_of = [\"a\"]\nconnection_limit = 0", ConnectionLimit),
            (
                "member_of = [\"a\"]\nconnection_limit = -2",
                ConnectionLimit,
            ),
            (
                "member_of = [\"a\"]\ndefault_ttl = \"2h\"\nmax_ttl = 3600",
                TtlOrder {
                    default_ttl: Ttl::hours(2),
                    max_ttl: Ttl::hours(1),
                },
            ),
            (
                "member_of = [\"a\"]\nrenew_statements = [\"select '{{password}}'\"]",
                Statements(
                    "renew_statements",
                    InvalidStatements::UnknownPlaceholder(
                        "password".into(),
                        vec!["name".into(), "username".into(), "expiration".into()],
                    ),
                ),
            ),
        ] {
            assert_eq!(role(toml).check(), Err(error), "{toml}");
        }
    }
}
