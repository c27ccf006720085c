//! Connections and roles as keys of the state file, for entries that are new.

use toml_edit::{Array, InlineTable, Value};

use crate::model::connection::{Connection, PasswordSource};
use crate::model::role::{Role, default_search_path};

/// The connection's keys in the state file.
pub(crate) fn connection_keys(connection: &Connection) -> Vec<(&'static str, Value)> {
    let mut keys: Vec<(&str, Value)> = vec![("url", connection.url.expose().into())];
    keys.extend(
        connection
            .username
            .as_deref()
            .map(|username| ("username", username.into())),
    );
    keys.extend(
        connection
            .password
            .as_ref()
            .map(|source| ("password", source_value(source))),
    );
    if let Some(globs) = &connection.allowed_roles {
        let globs = globs
            .iter()
            .filter(|glob| !glob.is_empty())
            .map(String::as_str);
        keys.push(("allowed_roles", globs.collect::<Array>().into()));
    }
    let client_port = connection.client_port.map(|port| i64::from(port).into());
    let client_sslmode = connection
        .client_sslmode
        .map(|mode| mode.to_string().into());
    keys.extend(
        connection
            .client_host
            .as_deref()
            .map(|host| ("client_host", host.into())),
    );
    keys.extend(client_port.map(|port| ("client_port", port)));
    keys.extend(client_sslmode.map(|mode| ("client_sslmode", mode)));
    keys
}

fn source_value(source: &PasswordSource) -> Value {
    let (key, value): (&str, Value) = match source {
        PasswordSource::Literal(secret) => return secret.expose().into(),
        PasswordSource::Env(name) => ("env", name.into()),
        PasswordSource::Credential(name) => ("credential", name.into()),
        PasswordSource::File(path) => ("file", path.to_string_lossy().into_owned().into()),
        PasswordSource::Command(arguments) => (
            "command",
            arguments
                .iter()
                .map(String::as_str)
                .collect::<Array>()
                .into(),
        ),
    };
    let mut table = InlineTable::new();
    table.insert(key, value);
    table.into()
}

/// The role's keys in the state file.
pub(crate) fn role_keys(role: &Role) -> Vec<(&'static str, Value)> {
    let list = |texts: &[String]| -> Option<Value> {
        let array: Array = texts.iter().map(String::as_str).collect();
        (!texts.is_empty()).then(|| array.into())
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    [
        ("connection", Some(role.connection.as_str().into())),
        (
            "creation_statements",
            list(role.creation_statements.texts()),
        ),
        ("member_of", list(&role.member_of)),
        ("set_role", text(&role.set_role)),
        (
            "search_path",
            list(&role.search_path).filter(|_| role.search_path != default_search_path()),
        ),
        ("renew_statements", list(role.renew_statements.texts())),
        (
            "revocation_statements",
            list(role.revocation_statements.texts()),
        ),
        ("default_ttl", Some(role.default_ttl.to_string().into())),
        ("max_ttl", Some(role.max_ttl.to_string().into())),
        ("reassign_owned_to", text(&role.reassign_owned_to)),
        (
            "max_leases",
            role.max_leases.map(|most| i64::from(most).into()),
        ),
        (
            "username_template",
            role.username_template
                .as_ref()
                .map(|template| template.as_str().into()),
        ),
        (
            "password_length",
            role.password_length
                .and_then(|length| i64::try_from(length).ok())
                .map(Value::from),
        ),
        (
            "connection_limit",
            role.connection_limit.map(|limit| i64::from(limit).into()),
        ),
        (
            "allow_dangerous_privileges",
            role.allow_dangerous_privileges.then(|| true.into()),
        ),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}
