//! Credentials in a text of the user's own: a minijinja template. A name that does not exist is an error.

use anyhow::Result;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::jdbc;
use crate::failure::Failure;
use crate::model::credentials::Credentials;
use crate::model::secret::Secret;

/// Fills the credentials into a template, which can use the names of the JSON output and `jdbc`.
pub(crate) fn fill_in(template: &str, credentials: &Credentials) -> Result<Secret> {
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    let mut environment = Environment::new();
    environment.set_syntax(syntax.map_err(|error| failure(&error))?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // Where a form does not exist for this server, its name does not exist either.
    let fields = minijinja::Value::from(Serde(credentials));
    let names = match jdbc::render(credentials) {
        Ok(jdbc) => context! { jdbc, ..fields },
        Err(_) => fields,
    };
    let text = environment.render_str(template, names);
    text.map(Secret::new).map_err(|error| failure(&error))
}

/// Says what kind of mistake it is and where, without the template's text.
fn failure(error: &minijinja::Error) -> anyhow::Error {
    let line = error
        .line()
        .map(|line| format!(" in line {line}"))
        .unwrap_or_default();
    Failure::request(format!("could not fill in the template: {}{line}", error.kind()))
        .hint(
            "A template can use lease_id, role, connection, username, password, host, port, dbname, url, jdbc, \
             issued_at, expires_at and max_expires_at, and filters.",
        )
        .into()
}
