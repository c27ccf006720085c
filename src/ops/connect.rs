//! From a connection's name to an open session.

use std::path::Path;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::failure::Failure;
use crate::model::connection::Connection;
use crate::model::connection_url::Parameters;
use crate::model::name::ConnectionName;
use crate::model::secret::Secret;
use crate::ops::password;
use crate::postgres::connect::{PasswordMissing, Server};
use crate::postgres::defaults;
use crate::postgres::session::Session;
use crate::state::State;
use crate::ui::prompt;
use crate::ui::warn_once;

/// Connections that are opened at the same time.
pub(crate) const CONCURRENCY: usize = 8;

/// A server with an open session in the connection's own database.
pub(crate) struct Admin {
    pub(crate) server: Server,
    pub(crate) session: Session,
    /// The password, where a person had to be asked for it.
    pub(crate) typed: Option<Secret>,
}

/// Opens the named connection of the state file.
pub(crate) async fn open(state: &State, name: &ConnectionName) -> Result<Admin> {
    let connection = state.connection(name)?;
    let server = server(name, connection, &state.folder).await?;
    open_server(server).await
}

/// Opens all the named connections, several at a time, and returns what became of each.
pub(crate) async fn open_all(
    state: &State,
    names: &[ConnectionName],
) -> Vec<(ConnectionName, Result<Admin>)> {
    stream::iter(names)
        .map(|name| async move { (name.clone(), open(state, name).await) })
        .buffered(CONCURRENCY)
        .collect()
        .await
}

/// What a connection's url says, with all that libpq adds to it: what can be known to be wrong without a password and a
/// server.
pub(crate) fn parameters(name: &ConnectionName, connection: &Connection) -> Result<Parameters> {
    let invalid = || Failure::request(format!("invalid url of connection \"{name}\""));
    defaults::complete(connection.settings().with_context(invalid)?).map_err(|error| {
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
    let password = match &connection.password {
        Some(source) => Some(password::read(source, folder).await.with_context(|| {
            // No failure of its own: the source's has the hint.
            format!("could not get the password of connection \"{name}\"")
        })?),
        None => None,
    };
    Ok(Server::new(name.clone(), parameters, password))
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
