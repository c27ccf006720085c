//! A section of `pg_service.conf`. (PostgreSQL documentation, "The Connection Service File")

use anyhow::Result;

use super::unrepresentable;
use crate::model::credentials::Credentials;

/// libpq takes a value as it stands, without the white space around it, and knows no quotes.
pub(super) fn render(credentials: &Credentials) -> Result<String> {
    let port = credentials.port.to_string();
    let mode = credentials
        .ssl_mode
        .map(|mode| mode.to_string())
        .unwrap_or_default();
    let mut section = format!("[{}]\n", credentials.role);
    for (name, value) in [
        ("host", credentials.host.as_str()),
        ("port", &port),
        ("dbname", &credentials.dbname),
        ("user", &credentials.username),
        ("password", credentials.password.expose()),
        ("sslmode", &mode),
    ] {
        if value.trim() != value {
            return Err(unrepresentable(
                "pg_service.conf cannot hold a value that begins or ends with white space",
            ));
        }
        if !value.is_empty() {
            section.push_str(&format!("{name}={value}\n"));
        }
    }
    Ok(section)
}
