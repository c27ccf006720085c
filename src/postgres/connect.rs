//! Opening a session: which host, which user, which password, how long.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::seq::SliceRandom as _;
use tokio::time::{Instant, timeout_at};

use crate::environment::user_name;
use crate::failure::{Failure, one_line};
use crate::model::connection_url::Parameters;
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;
use crate::postgres::error::DatabaseError;
use crate::postgres::opening::places;
use crate::postgres::refusal::Refusal;
use crate::postgres::session::{Address, Session};

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
    /// Databases to try where the connection's own refuses sessions.
    others: Vec<String>,
    /// Whether it turned out to be older than PostgreSQL 14.
    pub(super) is_before_14: Arc<AtomicBool>,
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
            others: Vec::new(),
            is_before_14: Arc::default(),
        }
    }

    /// The same server, which is connected to through one of these databases where the connection's own refuses sessions.
    pub(crate) fn or_through(self, others: Vec<String>) -> Self {
        Self { others, ..self }
    }

    /// The databases to try where the connection's own refuses sessions.
    pub(crate) fn others(&self) -> &[String] {
        &self.others
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

    /// The connection's own database.
    pub(crate) fn dbname(&self) -> String {
        let dbname = self.parameters.dbname.clone();
        dbname.unwrap_or_else(|| self.user())
    }

    /// Opens a session in the connection's own database, or in one of the others where that refuses and they do not.
    ///
    /// Fails with a [`PasswordMissing`] in the chain when the server asks for a password and none is known.
    pub(crate) async fn connect(&self) -> Result<Session> {
        let dbname = self.dbname();
        let error = match self.connect_to(&dbname).await {
            Err(error) if Refusal::of(&error).is_some() => error,
            result => return result,
        };
        for other in self.others.iter().filter(|other| **other != dbname) {
            if let Ok(session) = self.connect_to(other).await {
                return Ok(session.instead_of(one_line(&error)));
            }
        }
        Err(error)
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
            None => {
                let refusal = Refusal::of_connect(&error);
                refusal.and_then(|refusal| refusal.hint(&address.dbname))
            }
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
