//! Opening a session: which host, which user, which password, how long.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::seq::SliceRandom as _;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::Config;

use crate::environment::user_name;
use crate::failure::Failure;
use crate::model::connection_url::{Parameters, SslMode, Target};
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;
use crate::postgres::error::DatabaseError;
use crate::postgres::negotiation::{Encryption, Negotiation};
use crate::postgres::opening::{Place, configuration, open, places};
use crate::postgres::session::{Address, Session};
use crate::postgres::tls;

/// Limit for a connect where the connection string names none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that can be connected to, with everything that is needed for it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    name: ConnectionName,
    pub(super) parameters: Parameters,
    pub(super) password: Option<Secret>,
    /// Where the password comes from, in words, if not from where libpq would take it.
    origin: Option<String>,
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
            origin: None,
        }
    }

    /// The same server, whose password is known to come from there.
    pub(crate) fn with_origin(self, origin: String) -> Self {
        Self {
            origin: Some(origin),
            ..self
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
            origin: None,
            ..self.clone()
        }
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

    /// What the connection string says, with all that libpq adds to it.
    pub(crate) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Opens a session in the named database, at the first host that will do.
    pub(crate) async fn connect_to(&self, dbname: &str) -> Result<Session> {
        let mut hosts = self.parameters.hosts.clone();
        if self.parameters.shuffles_hosts {
            hosts.shuffle(&mut rand::rng());
        }
        let mut failures = Vec::new();
        for host in hosts {
            let address = Address {
                host,
                dbname: dbname.to_owned(),
                user: self.user(),
            };
            match self.connect_to_host(address).await {
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

    /// Tries all the addresses of a host.
    async fn connect_to_host(&self, address: Address) -> Result<Session> {
        let lookup = self.bounded(places(&address.host)).await;
        let mut places = lookup.map_err(|error| self.connect_failure(&address, error))?;
        if self.parameters.shuffles_hosts {
            places.shuffle(&mut rand::rng());
        }
        let mut failure = None;
        for place in places {
            match self.bounded(self.connect_at(&address, &place)).await {
                Ok(session) => return Ok(session),
                Err(error) if is_refusal(&error) => {
                    return Err(self.connect_failure(&address, error));
                }
                Err(error) => failure = Some(error),
            }
        }
        let failure = failure.unwrap_or_else(|| {
            DatabaseError::unexpected("the host's name stands for no address").into()
        });
        Err(self.connect_failure(&address, failure))
    }

    /// Limits an attempt in time; as in libpq each address has its own limit.
    async fn bounded<T>(&self, attempt: impl Future<Output = Result<T>>) -> Result<T> {
        match self.parameters.connect_timeout.unwrap_or(CONNECT_TIMEOUT) {
            Duration::ZERO => attempt.await,
            limit => timeout_at(Instant::now() + limit, attempt)
                .await
                .unwrap_or_else(|_| Err(DatabaseError::timed_out(limit.as_secs()).into())),
        }
    }

    async fn connect_at(&self, address: &Address, place: &Place) -> Result<Session> {
        let config = self.config(address);
        let (negotiation, is_verified) = self.negotiation(address, place)?;
        let is_optional = negotiation.encryption == Encryption::IfOffered;
        let peer = self.parameters.require_peer.as_deref();
        let mut opened = open(&config, place, negotiation.clone(), peer).await;
        // As with libpq's prefer, a server that has TLS and lets this host in without it only.
        let is_refused =
            |error: &DatabaseError| error.code().is_some_and(|code| code.code() == "28000");
        if is_optional
            && let Err(error) = &opened
            && is_refused(error)
        {
            let plain = Negotiation {
                tls: None,
                encryption: Encryption::Never,
                ..negotiation
            };
            match open(&config, place, plain, peer).await {
                Err(second) if is_refused(&second) => {}
                other => opened = other,
            }
        }
        let is_verified = is_verified || place.is_local();
        let session = Session::new(opened?, address.clone(), is_verified);
        let mode = session.mode();
        // A text that begins a transaction is read before its own SET takes effect.
        if !mode.has_standard_strings {
            session.run("SET standard_conforming_strings = on").await?;
        }
        if mode.is_unfit_for(self.target(), &session).await? {
            return Err(DatabaseError::read_only().into());
        }
        mode.accept_any_bytes(&session).await?;
        Ok(session)
    }

    /// How to begin a session, and whether the server proves in it who it is.
    fn negotiation(&self, address: &Address, place: &Place) -> Result<(Negotiation, bool)> {
        let parameters = &self.parameters;
        let mode = parameters.ssl_mode.unwrap_or(SslMode::Prefer);
        let mut negotiation = Negotiation {
            tls: None,
            encryption: Encryption::Never,
            required: parameters.require_auth.clone(),
            host: address.host.name.clone(),
        };
        // As in libpq, a Unix socket has no TLS and needs none.
        if matches!(place, Place::Socket(_)) || mode == SslMode::Disable {
            return Ok((negotiation, false));
        }
        let (connector, verifies) = tls::connector(mode, &parameters.tls)?;
        negotiation.tls = Some(connector);
        negotiation.encryption = match mode.needs_tls() {
            true if parameters.tls.is_direct => Encryption::Direct,
            true => Encryption::Always,
            // libpq's allow tries without TLS first; there is no reason to.
            false => Encryption::IfOffered,
        };
        let is_verified = (mode.needs_tls() && verifies) || parameters.tls.binds_channel();
        Ok((negotiation, is_verified))
    }

    /// Which servers will do. Among several hosts a standby will not, whatever the string says: pgcreds writes.
    fn target(&self) -> Target {
        match self.parameters.target {
            Some(Target::Primary) => Target::Primary,
            Some(Target::ReadWrite) => Target::ReadWrite,
            _ if self.parameters.hosts.len() > 1 => Target::ReadWrite,
            _ => Target::Any,
        }
    }

    fn config(&self, address: &Address) -> Config {
        let mut config = configuration(&self.parameters, address);
        if let Some(password) = self.password_for(address) {
            config.password(password.expose());
        }
        config
    }

    fn connect_failure(&self, address: &Address, error: anyhow::Error) -> anyhow::Error {
        let mut what = format!(
            "could not connect to \"{}\" at {}:{}, database \"{}\", as \"{}\"",
            self.name, address.host.name, address.host.port, address.dbname, address.user
        );
        let error = match error.downcast::<DatabaseError>() {
            Ok(error) => error.of(&address.user),
            Err(error) => {
                let inner = error.downcast_ref::<Failure>();
                let hint = inner.and_then(Failure::next_step).map(str::to_owned);
                return error.context(Failure::request(what).maybe_hint(hint));
            }
        };
        if error.is_password_refused()
            && let Some(origin) = self
                .origin
                .clone()
                .or_else(|| self.password_origin(address))
        {
            what.push_str(&format!(", with the password from {origin}"));
        }
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

/// Whether the server answered, in a way that no other host would do better.
fn is_refusal(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DatabaseError>()
        .is_some_and(DatabaseError::is_refusal)
}
