//! A connection: how to reach a server as its admin, and which roles may use it.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::model::connection_url::{Host, InvalidUrl, Parameters, Settings, SslMode};
use crate::model::credentials::Place;
use crate::model::name::RoleName;
use crate::model::secret::Secret;
use crate::model::statements::Statements;

/// The keys of a password source in the state file.
pub(crate) const PASSWORD_KEYS: [&str; 4] = ["env", "file", "command", "credential"];

/// A connection of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connection {
    /// Connection string, with `{{username}}` and `{{password}}` where they belong.
    #[serde(deserialize_with = "secret")]
    pub(crate) url: Secret,
    /// The admin's name.
    pub(crate) username: Option<String>,
    /// Where the admin's password comes from.
    pub(crate) password: Option<PasswordSource>,
    /// Program and arguments that store a new password, read from stdin, where the `command` source finds it.
    pub(crate) store_command: Option<Vec<String>>,
    /// SQL that gives the admin a new password; left out: `ALTER ROLE … PASSWORD`.
    #[serde(default)]
    pub(crate) rotation_statements: Statements,
    /// Globs of the roles that may use it; `None` is every role.
    pub(crate) allowed_roles: Option<Vec<String>>,
    /// What the credentials say where applications reach the server another way than the admin: through a pooler, or
    /// from another network.
    pub(crate) client_host: Option<String>,
    pub(crate) client_port: Option<u16>,
    pub(crate) client_sslmode: Option<SslMode>,
}

/// Where a password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PasswordSource {
    /// The state file itself.
    Literal(Secret),
    /// An environment variable of this name.
    Env(String),
    /// The first line of this file.
    File(PathBuf),
    /// The first line that this program and its arguments print.
    Command(Vec<String>),
    /// The first line of systemd's credential of this name (`LoadCredential=`).
    Credential(String),
}

impl Connection {
    /// Reads the connection string, with the placeholders and the admin's name filled in.
    pub(crate) fn settings(&self) -> Result<Settings, InvalidUrl> {
        let mut settings = Settings::parse(self.url.expose(), self.username.as_deref())?;
        if let Some(username) = &self.username {
            settings.add_default("user", username, "username");
        }
        Ok(settings)
    }

    /// The parameters that the connection says itself: without what a service or the environment adds.
    pub(crate) fn parameters(&self) -> Result<Parameters, InvalidUrl> {
        self.settings()?.parameters()
    }

    /// Where a client finds the server that the admin reached at `host`, by these parameters, and how it is to be trusted.
    pub(crate) fn for_clients<'a>(
        &self,
        admin: &Parameters,
        host: &Host,
        dbname: &'a str,
    ) -> Place<'a> {
        Place {
            host: Host {
                name: self
                    .client_host
                    .clone()
                    .unwrap_or_else(|| host.name.clone()),
                address: None,
                port: self.client_port.unwrap_or(host.port),
            },
            dbname,
            ssl_mode: self.client_sslmode.or(admin.ssl_mode),
            root_certificates: admin.tls.root_certificates.clone(),
        }
    }

    /// Whether the file that holds it would give a password away to a reader.
    pub(crate) fn has_literal_password(&self) -> bool {
        // Without a username, any will do: `{{username}}` must not hide the password beside it.
        let username = self.username.as_deref().unwrap_or_default();
        matches!(self.password, Some(PasswordSource::Literal(_)))
            || Parameters::parse(self.url.expose(), Some(username))
                .is_ok_and(|parameters| parameters.password.is_some())
    }

    /// Whether `role` may use it.
    pub(crate) fn allows(&self, role: &RoleName) -> bool {
        match &self.allowed_roles {
            None => true,
            Some(globs) => globs.iter().any(|glob| glob_matches(glob, role.as_str())),
        }
    }
}

/// Whether `text` fits `glob`, in which `*` stands for any text and everything else for itself.
fn glob_matches(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len())
                .filter(|at| tail.is_char_boundary(*at))
                .any(|at| glob_matches(rest, &tail[at..]))
        }),
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

impl<'de> Deserialize<'de> for PasswordSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

/// How a password can be written.
const FORMS: &str = r#"one of "PASSWORD", { env = "NAME" }, { file = "PATH" }, { command = ["PROGRAM", "ARGUMENT"] } and { credential = "NAME" }"#;

/// Written by hand because an untagged enum would answer a typing error with "did not match any variant".
struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = PasswordSource;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(FORMS)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PasswordSource, E> {
        Ok(PasswordSource::Literal(Secret::new(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PasswordSource, A::Error> {
        let no_source = || A::Error::custom(format_args!("expected {FORMS}"));
        let source = match map.next_key::<String>()?.ok_or_else(no_source)?.as_str() {
            "env" => PasswordSource::Env(map.next_value()?),
            "file" => PasswordSource::File(map.next_value()?),
            "command" => PasswordSource::Command(map.next_value()?),
            "credential" => PasswordSource::Credential(map.next_value()?),
            unknown => return Err(A::Error::unknown_field(unknown, &PASSWORD_KEYS)),
        };
        if map.next_key::<String>()?.is_some() {
            return Err(A::Error::custom(
                "expected only one of env, file, command and credential",
            ));
        }
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_vault() {
        for (glob, text, matches) in [
            ("*", "anything", true),
            ("app-*", "app-role", true),
            ("app-*", "app", false),
            ("*-ro", "app-ro", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("app", "app", true),
            ("app", "app2", false),
            ("", "app", false),
        ] {
            assert_eq!(glob_matches(glob, text), matches, "{glob} {text}");
        }
    }

    #[test]
    fn allowed_roles_left_out_is_every_role_and_empty_is_none() {
        let connection =
            |line: &str| -> Connection { toml::from_str(&format!("url = \"\"\n{line}")).unwrap() };
        let role = "app".parse().unwrap();
        assert!(connection("").allows(&role));
        assert!(!connection("allowed_roles = []").allows(&role));
        assert!(connection("allowed_roles = [\"x\", \"a*\"]").allows(&role));
    }

    #[test]
    fn passwords_come_from_four_places() {
        let source = |line: &str| {
            toml::from_str::<Connection>(&format!("url = \"\"\npassword = {line}"))
                .map(|c| c.password.unwrap())
        };
        assert_eq!(
            source("\"x\"").unwrap(),
            PasswordSource::Literal(Secret::new("x"))
        );
        assert_eq!(
            source("{ env = \"V\" }").unwrap(),
            PasswordSource::Env("V".into())
        );
        assert_eq!(
            source("{ file = \"/p\" }").unwrap(),
            PasswordSource::File("/p".into())
        );
        assert_eq!(
            source("{ command = [\"op\", \"read\"] }").unwrap(),
            PasswordSource::Command(vec!["op".into(), "read".into()])
        );
        for line in [
            "{}",
            "{ vault = \"x\" }",
            "{ env = \"A\", file = \"b\" }",
            "7",
        ] {
            assert!(source(line).is_err(), "{line}");
        }
    }

    #[test]
    fn literal_passwords_are_noticed_in_the_url_too() {
        let connection = |text: &str| -> Connection { toml::from_str(text).unwrap() };
        assert!(connection("url = \"postgresql://a:b@h/d\"").has_literal_password());
        assert!(connection("url = \"host=h password=b\"").has_literal_password());
        assert!(connection("url = \"host=h\"\npassword = \"b\"").has_literal_password());
        assert!(connection("url = \"postgresql://{{username}}:b@h/d\"").has_literal_password());
        assert!(
            !connection("url = \"postgresql://{{username}}:{{password}}@h/d\"")
                .has_literal_password()
        );
        assert!(!connection("url = \"host=h\"\npassword = { env = \"b\" }").has_literal_password());
    }
}
