//! A connection as `list` and `show` print it: without any secret.

use serde::Serialize;

use crate::model::connection::{Connection, PasswordSource};
use crate::model::name::ConnectionName;

/// One connection.
#[derive(Serialize)]
pub(super) struct View {
    connection: ConnectionName,
    url: String,
    username: Option<String>,
    password: String,
    allowed_roles: Option<Vec<String>>,
}

impl View {
    pub(super) fn new(name: &ConnectionName, connection: &Connection) -> Self {
        let parameters = connection.parameters();
        let url = match &parameters {
            Ok(parameters) => parameters.redacted_uri(),
            Err(error) => format!("invalid: {error}"),
        };
        let in_url = parameters.is_ok_and(|parameters| parameters.password.is_some());
        let password = match &connection.password {
            Some(PasswordSource::Literal(_)) => "in the state file".into(),
            Some(PasswordSource::Env(name)) => format!("environment variable {name}"),
            Some(PasswordSource::File(path)) => format!("file {}", path.display()),
            Some(PasswordSource::Command(arguments)) => {
                format!("command {}", arguments.first().map_or("", String::as_str))
            }
            Some(PasswordSource::Credential(name)) => format!("systemd's credential {name}"),
            None if in_url => "in the url".into(),
            None => "PGPASSWORD, the password file, or asked for".into(),
        };
        Self {
            connection: name.clone(),
            url,
            username: connection.username.clone(),
            password,
            allowed_roles: connection.allowed_roles.clone(),
        }
    }
}
