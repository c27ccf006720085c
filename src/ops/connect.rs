//! From a connection's name to an open session.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::failure::Failure;
use crate::model::connection::Connection;
use crate::model::connection::PasswordSource;
use crate::model::connection_url::{InvalidUrl, Parameters};
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;
use crate::ops::password;
use crate::postgres::connect::{PasswordMissing, Server};
use crate::postgres::defaults;
use crate::postgres::error::DatabaseError;
use crate::postgres::session::Session;
use crate::state::{Pending, State};
use crate::ui::prompt;
use crate::ui::warn_once;

/// How many rotations may come between that a password is read and that it is used.
const ROTATIONS: usize = 5;

/// A server with an open session in the connection's own database.
pub(crate) struct Admin {
    pub(crate) server: Server,
    pub(crate) session: Session,
    /// The password, where a person had to be asked for it.
    pub(crate) typed: Option<Secret>,
}

/// Databases that nearly every server has, and that a lease rarely owns.
const COMMON_DATABASES: [&str; 2] = ["postgres", "template1"];

/// Opens the named connection of the state file.
pub(crate) async fn open(state: &State, name: &ConnectionName) -> Result<Admin> {
    open_or(state, name, Vec::new()).await
}

/// Opens the named connection; where its own database refuses sessions, in another one of the server. For what needs no
/// database in particular: finding leases, disabling them, terminating their sessions.
pub(crate) async fn open_anywhere(state: &State, name: &ConnectionName) -> Result<Admin> {
    open_or(state, name, other_databases(state, name)).await
}

async fn open_or(state: &State, name: &ConnectionName, others: Vec<String>) -> Result<Admin> {
    let connection = state.connection(name)?;
    match server(name, connection, &state.folder).await {
        Ok(server) => reopen(state, &server.or_through(others)).await,
        Err(error) => open_otherwise(state, name, (None, others), error).await,
    }
}

/// The databases to try where the connection's own refuses sessions: the common ones, and those that other connections of
/// the state file name for the same server.
fn other_databases(state: &State, name: &ConnectionName) -> Vec<String> {
    let parameters_of = |name| {
        let connection = state.connection(name).ok()?;
        parameters(name, connection).ok()
    };
    let mut databases: Vec<String> = COMMON_DATABASES.map(str::to_owned).into();
    let Some(own) = parameters_of(name) else {
        return databases;
    };
    for other in state.connections.keys().filter(|other| *other != name) {
        let found = parameters_of(other).filter(|found| found.hosts == own.hosts);
        databases.extend(found.and_then(|found| found.dbname));
    }
    databases
}

/// Opens a connection that may have been open before, and whose password may have been rotated since.
pub(crate) async fn reopen(state: &State, server: &Server) -> Result<Admin> {
    match open_server(server.clone()).await {
        Err(error) if is_password_refused(&error) => {
            let tried = server.password().cloned();
            let others = server.others().to_vec();
            open_otherwise(state, server.name(), (tried, others), error).await
        }
        result => result,
    }
}

/// The same, in another database of the server where the connection's own refuses sessions.
pub(crate) async fn reopen_anywhere(state: &State, server: &Server) -> Result<Admin> {
    let others = other_databases(state, server.name());
    reopen(state, &server.clone().or_through(others)).await
}

/// Whether the server refused the password, and not something else.
pub(super) fn is_password_refused(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<DatabaseError>()
        .is_some_and(DatabaseError::is_password_refused)
}

/// Opens a connection with the password of a rotation that was interrupted, or that has ended since the password was
/// read. `error` is what came of the password from its source, and stands when there is no other.
async fn open_otherwise(
    state: &State,
    name: &ConnectionName,
    (tried, others): (Option<Secret>, Vec<String>),
    error: anyhow::Error,
) -> Result<Admin> {
    let connection = state.connection(name)?;
    let Some(source) = &connection.password else {
        return Err(error);
    };
    let mut tried: Vec<Secret> = tried.into_iter().collect();
    // While we try one, another rotation may have come to its end.
    for _ in 0..ROTATIONS {
        let before = tried.len();
        // A rotation removes the pending password when the source has it, so the source is asked last.
        for is_stored in [false, true] {
            let password = match is_stored {
                false => Pending::of(state, name, source).read().ok().flatten(),
                true => read_again(state, name).await,
            };
            let Some(password) = password.filter(|it| !tried.contains(it)) else {
                continue;
            };
            let others = others.clone();
            if let Some(admin) = open_with(state, name, password.clone(), others).await {
                return Ok(admin);
            }
            tried.push(password);
        }
        if tried.len() == before {
            break;
        }
    }
    Err(error)
}

async fn open_with(
    state: &State,
    name: &ConnectionName,
    password: Secret,
    others: Vec<String>,
) -> Option<Admin> {
    let parameters = parameters(name, state.connection(name).ok()?).ok()?;
    let server = Server::new(name.clone(), parameters, Some(password));
    open_server(server.or_through(others)).await.ok()
}

/// The password that the source has now, where a rotation may have changed it. Other commands run once only: they may
/// ask a person.
async fn read_again(state: &State, name: &ConnectionName) -> Option<Secret> {
    let state = state.reload().ok()?;
    let connection = state.connection(name).ok()?;
    match connection.password.as_ref()? {
        PasswordSource::Command(_) if connection.store_command.is_none() => None,
        source => password::read(source, &state.folder).await.ok(),
    }
}

/// What a connection's url says, with all that libpq adds to it: what can be known to be wrong without a password and a
/// server.
pub(crate) fn parameters(name: &ConnectionName, connection: &Connection) -> Result<Parameters> {
    let invalid = || Failure::request(format!("invalid url of connection \"{name}\""));
    let settings = connection.settings().map_err(|error| {
        let is_nameless = error == InvalidUrl::NoUsername;
        let hint = is_nameless.then(|| {
            "Give it with --username, or as username of the connection in the state file."
                .to_owned()
        });
        anyhow::Error::new(error).context(invalid().maybe_hint(hint))
    })?;
    defaults::complete(settings).map_err(|error| {
        let hint = error.downcast_ref::<Failure>().and_then(Failure::next_step);
        let hint = hint.map(str::to_owned);
        error.context(invalid().maybe_hint(hint))
    })
}

/// A connection with its password read from its source.
pub(crate) async fn server(
    name: &ConnectionName,
    connection: &Connection,
    folder: &Path,
) -> Result<Server> {
    let parameters = parameters(name, connection)?;
    let Some(source) = &connection.password else {
        let is_in_url = connection.has_literal_password();
        let server = Server::new(name.clone(), parameters, None);
        return Ok(match is_in_url {
            true => server.with_origin("the connection's url".to_owned()),
            false => server,
        });
    };
    let password = password::read(source, folder).await.with_context(|| {
        // No failure of its own: the source's has the hint.
        format!("could not get the password of connection \"{name}\"")
    })?;
    let server = Server::new(name.clone(), parameters, Some(password));
    Ok(server.with_origin(password::origin(source, folder)))
}

/// Opens a session; asks for the password when the server wants one, none is known and there is a terminal.
pub(crate) async fn open_server(server: Server) -> Result<Admin> {
    let admin = match server.connect().await {
        Ok(session) => Admin {
            server,
            session,
            typed: None,
        },
        Err(error) if error.is::<PasswordMissing>() => {
            let password = ask(&server)?;
            let server = server.with_password(password.clone());
            let session = server.connect().await?;
            Admin {
                server,
                session,
                typed: Some(password),
            }
        }
        Err(error) => return Err(error),
    };
    if let Some(refusal) = admin.session.refused() {
        warn_once(&format!(
            "{refusal}; this goes through database \"{}\" instead",
            admin.session.address().dbname
        ));
    }
    if !admin.session.is_verified() {
        warn_once(&format!(
            "connection \"{}\" does not check that it is {} who answers; set sslmode=verify-full in its url",
            admin.server.name(),
            admin.session.address().host.name
        ));
    }
    Ok(admin)
}

/// Asks for the admin's password, or says how to give it where nobody can be asked.
fn ask(server: &Server) -> Result<Secret> {
    if !prompt::can_ask() {
        let name = server.name();
        return Err(Failure::request(format!("connection \"{name}\" needs a password, and there is no terminal to ask at"))
            .hint("Give it with --password-stdin, --password-env, --password-file, --password-command or --password-credential of: pgcreds connection add. PGPASSWORD and ~/.pgpass work too.")
            .into());
    }
    prompt::password(&format!(
        "Password of {} for connection {}",
        server.user(),
        server.name()
    ))
}
