//! One attempt at one address: socket, start of the session, and what the server then says of itself.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixStream, lookup_host};
use tokio_postgres::config::{self, Config};
use tokio_postgres::{AsyncMessage, Client, Connection};

use anyhow::Result;

use crate::environment::user_id;
use crate::model::connection_url::{ChannelBinding, Host, Keepalives, Parameters, Target};
use crate::postgres::error::DatabaseError;
use crate::postgres::negotiation::Negotiation;
use crate::postgres::notices::Notices;
use crate::postgres::pinned::{self, Startup};
use crate::postgres::session::{Address, Session};

/// Where servers put their Unix sockets: Debian's and Red Hat's place, and PostgreSQL's own.
pub(super) const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Where exactly a connection is opened to.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Address(IpAddr),
    /// A Unix socket; with a NUL in front of its name it is an abstract one.
    Socket(PathBuf),
}

impl Place {
    /// Whether what is said there leaves the machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Address(address) => address.to_canonical().is_loopback(),
        }
    }
}

/// The places that a host stands for, in the resolver's order.
pub(super) async fn places(host: &Host) -> Result<Vec<Place>> {
    if host.is_socket() {
        return Ok(vec![Place::Socket(socket(host))]);
    }
    if let Some(address) = host.address {
        return Ok(vec![Place::Address(address)]);
    }
    let found = lookup_host((host.name.as_str(), host.port)).await;
    let found = found.map_err(|error| unreachable(&error))?;
    Ok(found.map(|found| Place::Address(found.ip())).collect())
}

/// The path of a Unix socket.
fn socket(host: &Host) -> PathBuf {
    let name = format!(".s.PGSQL.{}", host.port);
    if host.name.is_empty() {
        let folder = SOCKET_FOLDERS
            .iter()
            .find(|folder| Path::new(folder).join(&name).exists());
        return Path::new(folder.unwrap_or(&SOCKET_FOLDERS[0])).join(name);
    }
    match host.name.strip_prefix('@') {
        Some(rest) => PathBuf::from(format!("\0{rest}/{name}")),
        None => Path::new(&host.name).join(name),
    }
}

/// A session that the server has let us into.
pub(super) struct Open {
    pub(super) client: Client,
    pub(super) mode: Mode,
    pub(super) notices: Notices,
}

/// What the server reported at log-in. A pooler may leave things out.
pub(super) struct Mode {
    pub(super) is_superuser: bool,
    /// Not before PostgreSQL 14, as the next.
    in_hot_standby: Option<bool>,
    default_read_only: Option<bool>,
    /// The database takes any bytes for text.
    has_no_encoding: bool,
    /// The server's major version; 0 where a pooler keeps it to itself.
    pub(super) version: u32,
    /// Whether the server took the options of the session's start.
    has_options: bool,
}

impl Mode {
    /// Sets what the options of the session's start set where something between us and the server did not pass them on,
    /// before anything else is run.
    pub(super) async fn pin(
        &self,
        session: &Session,
        parameters: &Parameters,
    ) -> Result<(), DatabaseError> {
        if !self.has_options {
            let sql = pinned::statements(self.version, parameters.options.is_some());
            session.run(&sql).await?;
        }
        Ok(())
    }

    /// Gives back whatever role was taken on. Where the server got no options, `RESET` would take on the one that the
    /// database's settings name.
    pub(super) fn own_role(&self) -> &'static str {
        match self.has_options {
            true => "RESET ROLE",
            false => "SET ROLE NONE",
        }
    }

    /// Whether the server took the options of the session's start.
    pub(super) fn has_startup_options(&self) -> bool {
        self.has_options
    }

    /// Whether the server is known to take writes for as long as the session lasts.
    pub(super) fn is_primary(&self) -> bool {
        self.in_hot_standby == Some(false)
    }

    /// Lets a database that takes any bytes for text send them: it would refuse to take what is no UTF-8 for it.
    pub(super) async fn accept_any_bytes(&self, session: &Session) -> Result<(), DatabaseError> {
        if self.has_no_encoding {
            session.run("SET client_encoding = 'SQL_ASCII'").await?;
        }
        Ok(())
    }

    /// Whether the server is not of the kind that is looked for. Asks where it did not say (PostgreSQL 13).
    pub(super) async fn is_unfit_for(
        &self,
        target: Target,
        session: &Session,
    ) -> Result<bool, DatabaseError> {
        let question = match (target, self.in_hot_standby, self.default_read_only) {
            (Target::Any, ..) => return Ok(false),
            (Target::Primary, Some(standby), _) => return Ok(standby),
            (Target::ReadWrite, Some(standby), Some(read_only)) => return Ok(standby || read_only),
            (Target::Primary, ..) => {
                "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'on' END"
            }
            (Target::ReadWrite, ..) => "SHOW transaction_read_only",
        };
        let rows = session.run(question).await?;
        Ok(rows.first().and_then(|row| row.get(0)) == Some("on"))
    }
}

/// Opens a session, and lets its connection work in the background; its end shows as an error of the next call on the client.
/// `proof` is what the server reports back where it takes the options of the start.
pub(super) async fn open(
    config: &Config,
    place: &Place,
    negotiation: Negotiation,
    peer: Option<&str>,
    proof: &str,
) -> Result<Open, DatabaseError> {
    match place {
        Place::Address(address) => {
            let mut config = config.clone();
            config.hostaddr(*address);
            let (client, connection) = config.connect(negotiation).await?;
            Ok(keep(client, connection, proof))
        }
        Place::Socket(path) => {
            let stream = UnixStream::connect(path)
                .await
                .map_err(|error| unreachable(&error))?;
            if let Some(user) = peer {
                check_peer(&stream, user)?;
            }
            let (client, connection) = config.connect_raw(stream, negotiation).await?;
            Ok(keep(client, connection, proof))
        }
    }
}

fn keep<S, T>(client: Client, mut connection: Connection<S, T>, proof: &str) -> Open
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let is_on = |name| connection.parameter(name).map(|value| value == "on");
    let version = connection.parameter("server_version");
    let mode = Mode {
        is_superuser: is_on("is_superuser").unwrap_or_default(),
        in_hot_standby: is_on("in_hot_standby"),
        default_read_only: is_on("default_transaction_read_only"),
        has_no_encoding: connection.parameter("server_encoding") == Some("SQL_ASCII"),
        version: version.map(major).unwrap_or_default(),
        has_options: pinned::is_proven(|name| connection.parameter(name), proof),
    };
    let notices = Notices::default();
    let kept = notices.clone();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notice(notice) = message {
                kept.push(&notice);
            }
        }
    });
    Open {
        client,
        mode,
        notices,
    }
}

/// The major version, as in "15.18 (Debian 15.18-0+deb12u1)" and "19beta1".
fn major(version: &str) -> u32 {
    let end = version.find(|letter: char| !letter.is_ascii_digit());
    let digits = version.get(..end.unwrap_or(version.len()));
    digits
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}

/// libpq's `requirepeer`: the server at the other end of a Unix socket runs as that user.
fn check_peer(stream: &UnixStream, user: &str) -> Result<(), DatabaseError> {
    let actual = stream
        .peer_cred()
        .map_err(|error| unreachable(&error))?
        .uid();
    let expected = user_id(user).map_err(|error| unreachable(&error))?;
    if expected == Some(actual) {
        return Ok(());
    }
    Err(DatabaseError::unexpected(&format!(
        "the server's process belongs to user {actual}, and requirepeer={user} forbids that"
    )))
}

fn unreachable(error: &io::Error) -> DatabaseError {
    DatabaseError::unexpected(&format!("error connecting to server: {error}"))
}

/// What tokio-postgres has to know; TLS is agreed on by [`Negotiation`].
pub(super) fn configuration(
    parameters: &Parameters,
    address: &Address,
    startup: Startup,
    proof: &str,
) -> Config {
    let mut config = Config::new();
    config
        .user(&address.user)
        .dbname(&address.dbname)
        .host(&address.host.name)
        .port(address.host.port)
        .ssl_mode(config::SslMode::Require)
        .ssl_negotiation(config::SslNegotiation::Direct)
        .channel_binding(match parameters.tls.channel_binding {
            Some(ChannelBinding::Disable) => config::ChannelBinding::Disable,
            Some(ChannelBinding::Require) => config::ChannelBinding::Require,
            Some(ChannelBinding::Prefer) | None => config::ChannelBinding::Prefer,
        });
    if let Some(options) = startup.options(parameters.options.as_deref(), proof) {
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
