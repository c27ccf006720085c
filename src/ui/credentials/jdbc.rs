//! `jdbc:postgresql://…` as pgjdbc reads it.

use anyhow::Result;

use super::unrepresentable;
use crate::model::connection_url::encode;
use crate::model::credentials::Credentials;

/// pgjdbc decodes the database and the values of parameters with `URLDecoder`. It knows no Unix sockets.
pub(super) fn render(credentials: &Credentials) -> Result<String> {
    let host = &credentials.host;
    if host.is_empty() || host.starts_with('/') {
        return Err(unrepresentable("JDBC cannot connect to a Unix socket"));
    }
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.clone()
    };
    let mode = credentials
        .ssl_mode
        .map(|mode| format!("&sslmode={mode}"))
        .unwrap_or_default();
    Ok(format!(
        "jdbc:postgresql://{host}:{}/{}?user={}&password={}{mode}",
        credentials.port,
        encode(&credentials.dbname),
        encode(&credentials.username),
        encode(credentials.password.expose()),
    ))
}
