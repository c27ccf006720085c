//! Opening a session: which host, which user, which password, how long.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::{self, Config};
use tokio_postgres::tls::{MakeTlsConnect, NoTls};
use tokio_postgres::{Client, Socket};

use crate::environment::{secret_variable, user_name};
use crate::failure::Failure;
use crate::model::connection_url::{ChannelBinding, Host, Keepalives, Parameters, SslMode};
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;
use crate::postgres::error::DatabaseError;
use crate::postgres::passfile;
use crate::postgres::session::{Address, Session};
use crate::postgres::tls;

/// Limit for a connect where the connection string names none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where servers put their Unix sockets: Debian's and Red Hat's place, and PostgreSQL's own.
pub(super) const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// A server that can be connected to, with everything that is needed for it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    name: ConnectionName,
    parameters: Parameters,
    password: Option<Secret>,
}

/// The server wants a password and there was none.
#[derive(Debug)]
pub(crate) struct PasswordMissing;

impl std::fmt::Display for PasswordMissing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the server asks for a password, and there is none")
    }
}

impl std::error::Error for PasswordMissing {}

impl Server {
    /// A server with the password of the connection's own source, if that has one.
    pub(crate) fn new(
        name: ConnectionName,
        parameters: Parameters,
        password: Option<Secret>,
    ) -> Self {
        Self {
            name,
            parameters,
            password,
        }
    }

    /// The connection's name.
    pub(crate) fn name(&self) -> &ConnectionName {
        &self.name
    }

    /// The password of the connection's own source.
    pub(crate) fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// The same server with another password.
    pub(crate) fn with_password(&self, password: Secret) -> Self {
        Self {
            password: Some(password),
            ..self.clone()
        }
    }

    /// The addresses, for telling whether two connections lead to the same server.
    pub(crate) fn hosts(&self) -> &[Host] {
        &self.parameters.hosts
    }

    /// The admin's name.
    pub(crate) fn user(&self) -> String {
        self.parameters.user.clone().unwrap_or_else(user_name)
    }

    /// Opens a session in the connection's own database.
    ///
    /// Fails with a [`PasswordMissing`] in the chain when the server asks for a password and none is known.
    pub(crate) async fn connect(&self) -> Result<Session> {
        let dbname = self
            .parameters
            .dbname
            .clone()
            .unwrap_or_else(|| self.user());
        self.connect_to(&dbname).await
    }

    /// Opens a session in the named database.
    pub(crate) async fn connect_to(&self, dbname: &str) -> Result<Session> {
        let limit = self.parameters.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let mut failures = Vec::new();
        for host in &self.parameters.hosts {
            let address = Address {
                host: host.clone(),
                dbname: dbname.to_owned(),
                user: self.user(),
            };
            match self.connect_at(address, limit).await {
                Ok(session) => return Ok(session),
                // As with libpq, a server that answers with a refusal ends the search.
                Err(error) if error.is::<PasswordMissing>() || is_refusal(&error) => {
                    return Err(error);
                }
                Err(error) => failures.push(error),
            }
        }
        let last = failures
            .pop()
            .context("the connection string names no host")?;
        Err(failures
            .into_iter()
            .fold(last, |last, earlier| last.context(format!("{earlier:#}"))))
    }

    async fn connect_at(&self, address: Address, limit: Duration) -> Result<Session> {
        let mut config = self.config(&address);
        let mode = self.parameters.ssl_mode.unwrap_or(SslMode::Prefer);
        // As in libpq, a Unix socket has no TLS and needs none.
        let is_local = socket_folder(&address.host).is_some();
        let attempt = async {
            if is_local || mode == SslMode::Disable {
                config.ssl_mode(config::SslMode::Disable);
                return Ok(open(&config, NoTls).await?);
            }
            let connector = tls::connector(mode, &self.parameters.tls)?;
            Ok(open(&config, connector).await?)
        };
        let client = match limit {
            Duration::ZERO => attempt.await,
            limit => timeout_at(Instant::now() + limit, attempt)
                .await
                .unwrap_or_else(|_| Err(DatabaseError::timed_out(limit.as_secs()).into())),
        };
        match client {
            Ok(client) => Ok(Session::new(client, address)),
            Err(error) => Err(self.connect_failure(&address, error)),
        }
    }

    fn config(&self, address: &Address) -> Config {
        let parameters = &self.parameters;
        let mut config = Config::new();
        config
            .user(&address.user)
            .dbname(&address.dbname)
            .port(address.host.port);
        match socket_folder(&address.host) {
            Some(folder) => config.host_path(folder),
            None => config.host(&address.host.name),
        };
        if let Some(address) = address.host.address {
            config.hostaddr(address);
        }
        set_tls(&mut config, parameters);
        if let Some(password) = self.password_for(address) {
            config.password(password.expose());
        }
        if let Some(options) = &parameters.options {
            config.options(options);
        }
        let default_name = concat!("pgcreds/", env!("CARGO_PKG_VERSION"));
        config.application_name(
            parameters
                .application_name
                .as_deref()
                .unwrap_or(default_name),
        );
        set_keepalives(&mut config, &parameters.keepalives);
        config
    }

    /// The connection's own password, else libpq's rules: the connection string, `PGPASSWORD`, the password file.
    fn password_for(&self, address: &Address) -> Option<Secret> {
        let wanted = passfile::Wanted {
            host: &address.host.name,
            port: address.host.port,
            dbname: &address.dbname,
            user: &address.user,
        };
        self.password
            .clone()
            .or_else(|| self.parameters.password.clone())
            .or_else(|| secret_variable("PGPASSWORD"))
            .or_else(|| passfile::password(&wanted))
    }

    fn connect_failure(&self, address: &Address, error: anyhow::Error) -> anyhow::Error {
        let what = format!(
            "could not connect to \"{}\" at {}:{}, database \"{}\", as \"{}\"",
            self.name, address.host.name, address.host.port, address.dbname, address.user
        );
        let error = match error.downcast::<DatabaseError>() {
            Ok(error) => error,
            Err(error) => return error.context(Failure::request(what)),
        };
        if error.text().contains("password missing") {
            return anyhow::Error::new(PasswordMissing).context(Failure::server(what));
        }
        let unreachable = || {
            let check = format!("pgcreds connection check {}", self.name);
            format!(
                "Check that the server runs and that its host, port and firewall let you in, then run: {check}"
            )
        };
        let hint = match error.hint() {
            None if error.code().is_none() => Some(unreachable()),
            hint => hint,
        };
        anyhow::Error::new(error).context(Failure::server(what).maybe_hint(hint))
    }
}

/// Connects, and lets the connection work in the background; its end shows as an error of the next call on the client.
async fn open<T>(config: &Config, tls: T) -> Result<Client, DatabaseError>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Whether the server answered at all.
fn is_refusal(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DatabaseError>()
        .is_some_and(|error| error.code().is_some())
}

/// The folder of the Unix socket, where the host is one.
fn socket_folder(host: &Host) -> Option<&Path> {
    if host.name.is_empty() {
        let socket = format!(".s.PGSQL.{}", host.port);
        let folder = SOCKET_FOLDERS
            .iter()
            .find(|folder| Path::new(folder).join(&socket).exists());
        return Some(Path::new(folder.unwrap_or(&SOCKET_FOLDERS[0])));
    }
    host.name.starts_with('/').then(|| Path::new(&host.name))
}

fn set_tls(config: &mut Config, parameters: &Parameters) {
    config.ssl_mode(match parameters.ssl_mode {
        Some(SslMode::Disable) => config::SslMode::Disable,
        // libpq's allow tries without TLS first; there is no reason to.
        None | Some(SslMode::Allow | SslMode::Prefer) => config::SslMode::Prefer,
        Some(SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => {
            config::SslMode::Require
        }
    });
    if parameters.tls.is_direct {
        config.ssl_negotiation(config::SslNegotiation::Direct);
    }
    match parameters.tls.channel_binding {
        Some(ChannelBinding::Disable) => config.channel_binding(config::ChannelBinding::Disable),
        Some(ChannelBinding::Require) => config.channel_binding(config::ChannelBinding::Require),
        Some(ChannelBinding::Prefer) | None => {
            config.channel_binding(config::ChannelBinding::Prefer)
        }
    };
}

fn set_keepalives(config: &mut Config, keepalives: &Keepalives) {
    config.keepalives(!keepalives.disabled);
    if let Some(idle) = keepalives.idle {
        config.keepalives_idle(idle);
    }
    if let Some(interval) = keepalives.interval {
        config.keepalives_interval(interval);
    }
    if let Some(retries) = keepalives.retries {
        config.keepalives_retries(retries);
    }
    if let Some(user_timeout) = keepalives.user_timeout {
        config.tcp_user_timeout(user_timeout);
    }
}
