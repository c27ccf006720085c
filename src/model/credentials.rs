//! Credentials as they are handed out: a contract of the JSON output.

use serde::Serialize;

use crate::model::connection_url::{Host, encode};
use crate::model::marker::Marker;
use crate::model::name::{ConnectionName, LeaseId, RoleName};
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;

/// What a client needs to log in. It holds the password in clear text, so it is made at the last moment.
#[derive(Serialize)]
pub(crate) struct Credentials {
    lease_id: LeaseId,
    role: RoleName,
    connection: ConnectionName,
    username: String,
    password: String,
    host: String,
    port: u16,
    dbname: String,
    url: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
    max_expires_at: Timestamp,
}

impl Credentials {
    /// Puts together what belongs to one login.
    pub(crate) fn new(
        marker: &Marker,
        expires_at: &Timestamp,
        password: &Secret,
        (host, dbname): (&Host, &str),
    ) -> Self {
        let username = marker.lease.to_string();
        Self {
            url: url(&username, password, host, dbname),
            lease_id: marker.lease.clone(),
            role: marker.role.clone(),
            connection: marker.connection.clone(),
            username,
            password: password.expose().to_owned(),
            host: host.name.clone(),
            port: host.port,
            dbname: dbname.to_owned(),
            issued_at: marker.issued_at.clone(),
            expires_at: expires_at.clone(),
            max_expires_at: marker.max_expires_at.clone(),
        }
    }
}

/// A connection URI that libpq and others read back exactly; the folder of a Unix socket goes into its query.
fn url(username: &str, password: &Secret, host: &Host, dbname: &str) -> String {
    let user_info = format!("{}:{}", encode(username), encode(password.expose()));
    let dbname = encode(dbname);
    let Host { name, port } = host;
    if name.is_empty() || name.starts_with('/') {
        let host = if name.is_empty() {
            String::new()
        } else {
            format!("host={}&", encode(name))
        };
        return format!("postgresql://{user_info}@/{dbname}?{host}port={port}");
    }
    let name = if name.contains(':') {
        format!("[{name}]")
    } else {
        encode(name)
    };
    format!("postgresql://{user_info}@{name}:{port}/{dbname}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::connection_url::Parameters;

    #[test]
    fn urls_are_read_back() {
        for name in ["db.example.com", "::1", "/var/run/post gres", ""] {
            let host = Host {
                name: name.into(),
                port: 6000,
            };
            let password = Secret::new("p@ss:/?#%");
            let text = url("us er", &password, &host, "my/db?");
            let parameters = Parameters::parse(&text, None).unwrap();
            assert_eq!(parameters.hosts, [host], "{text}");
            assert_eq!(parameters.user.as_deref(), Some("us er"));
            assert_eq!(parameters.password, Some(password));
            assert_eq!(parameters.dbname.as_deref(), Some("my/db?"));
        }
    }
}
