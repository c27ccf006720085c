//! Credentials as they are handed out: a contract of the JSON output.

use serde::Serialize;
use serde::ser::Serializer;

use crate::model::connection_url::{Host, SslMode, encode};
use crate::model::marker::Marker;
use crate::model::name::{ConnectionName, Label, LeaseId, RoleName};
use crate::model::secret::Secret;
use crate::model::timestamp::{InvalidTimestamp, Timestamp};

/// What a client needs to log in.
#[derive(Debug, Serialize)]
pub(crate) struct Credentials {
    pub(crate) lease_id: LeaseId,
    pub(crate) role: RoleName,
    pub(crate) connection: ConnectionName,
    pub(crate) username: String,
    #[serde(serialize_with = "clear")]
    pub(crate) password: Secret,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) dbname: String,
    #[serde(serialize_with = "clear")]
    pub(crate) url: Secret,
    #[serde(skip)]
    pub(crate) url_without_password: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) max_expires_at: Timestamp,
    #[serde(skip)]
    pub(crate) ssl_mode: Option<SslMode>,
    /// The file with the certificates to trust on this host.
    #[serde(skip)]
    pub(crate) root_certificates: Option<String>,
}

/// The place that credentials are good for.
pub(crate) struct Place<'a> {
    pub(crate) host: Host,
    pub(crate) dbname: &'a str,
    pub(crate) ssl_mode: Option<SslMode>,
    pub(crate) root_certificates: Option<String>,
}

impl Credentials {
    /// Puts together what belongs to one login.
    pub(crate) fn new(
        marker: &Marker,
        expires_at: &Timestamp,
        password: &Secret,
        place: Place<'_>,
    ) -> Self {
        let username = marker.lease.to_string();
        Self {
            url: Secret::new(url(&username, Some(password), &place)),
            url_without_password: url(&username, None, &place),
            lease_id: marker.lease.clone(),
            role: marker.role.clone(),
            connection: marker.connection.clone(),
            username,
            password: password.clone(),
            host: place.host.name,
            port: place.host.port,
            dbname: place.dbname.to_owned(),
            issued_at: marker.issued_at.clone(),
            expires_at: expires_at.clone(),
            max_expires_at: marker.max_expires_at.clone(),
            ssl_mode: place.ssl_mode,
            root_certificates: place.root_certificates,
        }
    }

    /// Credentials that belong to nobody, for trying a template out.
    pub(crate) fn example(
        role: &RoleName,
        connection: &ConnectionName,
    ) -> Result<Self, InvalidTimestamp> {
        let time: Timestamp = "2000-01-01T00:00:00Z".parse()?;
        let label = Label::lossy("example");
        let marker = Marker::new(
            LeaseId::generate(role, &label),
            (role.clone(), connection.clone()),
            (time.clone(), time.clone()),
            (label.clone(), label),
        );
        let host = Host {
            name: "localhost".into(),
            address: None,
            port: 5432,
        };
        let place = Place {
            host,
            dbname: "example",
            ssl_mode: None,
            root_certificates: None,
        };
        Ok(Self::new(&marker, &time, &Secret::new("example"), place))
    }

    /// The environment that libpq and most frameworks read, with the lease's name and end.
    pub(crate) fn variables(&self) -> Vec<(&'static str, Secret)> {
        let plain = |text: &str| Secret::new(text);
        let mut variables = vec![
            ("PGHOST", plain(&self.host)),
            ("PGPORT", plain(&self.port.to_string())),
            ("PGDATABASE", plain(&self.dbname)),
            ("PGUSER", plain(&self.username)),
            ("PGPASSWORD", self.password.clone()),
            ("PGAPPNAME", plain(self.lease_id.as_str())),
            ("DATABASE_URL", self.url.clone()),
            ("PGCREDS_LEASE", plain(self.lease_id.as_str())),
            ("PGCREDS_EXPIRES_AT", plain(&self.expires_at.to_string())),
        ];
        if let Some(mode) = self.ssl_mode {
            variables.push(("PGSSLMODE", plain(&mode.to_string())));
        }
        variables.retain(|(_, value)| !value.expose().is_empty());
        variables
    }
}

/// JSON is where the person who asked for credentials gets them.
fn clear<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// A connection URI that libpq and others read back exactly; the folder of a Unix socket goes into its query.
fn url(username: &str, password: Option<&Secret>, place: &Place<'_>) -> String {
    let Host { name, port, .. } = &place.host;
    let is_socket = name.is_empty() || name.starts_with('/');
    let mut query = Vec::new();
    if is_socket && !name.is_empty() {
        query.push(format!("host={}", encode(name)));
    }
    if is_socket {
        query.push(format!("port={port}"));
    }
    query.extend(place.ssl_mode.map(|mode| format!("sslmode={mode}")));
    let address = match name {
        _ if is_socket => String::new(),
        name if name.contains(':') => format!("[{name}]:{port}"),
        name => format!("{}:{port}", encode(name)),
    };
    let password = password
        .map(|password| format!(":{}", encode(password.expose())))
        .unwrap_or_default();
    let user_info = encode(username) + &password;
    let separator = if query.is_empty() { "" } else { "?" };
    format!(
        "postgresql://{user_info}@{address}/{}{separator}{}",
        encode(place.dbname),
        query.join("&")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::connection_url::Parameters;

    #[test]
    fn urls_are_read_back() {
        for name in ["db.example.com", "::1", "/var/run/post gres", ""] {
            for ssl_mode in [None, Some(SslMode::VerifyFull)] {
                let host = Host {
                    name: name.into(),
                    address: None,
                    port: 6000,
                };
                let password = Secret::new("p@ss:/?#%");
                let place = Place {
                    host: host.clone(),
                    dbname: "my/db?",
                    ssl_mode,
                    root_certificates: None,
                };
                let text = url("us er", Some(&password), &place);
                let parameters = Parameters::parse(&text, None).unwrap();
                assert_eq!(parameters.hosts, [host], "{name}");
                assert_eq!(parameters.user.as_deref(), Some("us er"));
                assert_eq!(parameters.password, Some(password));
                assert_eq!(parameters.dbname.as_deref(), Some("my/db?"));
                assert_eq!(parameters.ssl_mode, ssl_mode);
            }
        }
    }
}
