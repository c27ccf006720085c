//! Which passwords pgcreds may rotate: those that it can store, that nobody else depends on, and that are the session's own.

use std::fs;

use anyhow::Result;

use crate::failure::Failure;
use crate::model::connection::{Connection, PasswordSource};
use crate::model::name::ConnectionName;
use crate::ops::connect::{self, Admin};
use crate::postgres::rotation;
use crate::state::State;

/// Where a new password is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Store<'a> {
    /// In the password file.
    File,
    /// In the state file.
    StateFile,
    /// By this program and its arguments.
    Command(&'a [String]),
}

/// Returns the connection's password source, and how a new password gets there.
pub(super) fn source<'a>(
    state: &'a State,
    name: &ConnectionName,
) -> Result<(&'a PasswordSource, Store<'a>)> {
    const IN_FILE: &str = "Keep it where pgcreds can store a new one: password = { file = \"…\" }";
    let connection = state.connection(name)?;
    let refuse = |problem: &str, hint: &str| {
        let message = format!("the password of connection \"{name}\" {problem}");
        Err(Failure::request(message).hint(hint).into())
    };
    let Some(source) = &connection.password else {
        if connection.has_literal_password() {
            return refuse(
                "is in its url, where pgcreds does not change it",
                "Move it into a file, with {{password}} in its place, and write: password = { file = \"…\" }",
            );
        }
        return refuse(
            "has no source in the state file, so a new one could not be stored",
            IN_FILE,
        );
    };
    let store = match (source, &connection.store_command) {
        (PasswordSource::Literal(_), _) => Store::StateFile,
        (PasswordSource::File(_), _) => Store::File,
        (PasswordSource::Command(_), Some(arguments)) => Store::Command(arguments),
        (PasswordSource::Command(_), None) => {
            return refuse(
                "comes from a command, and there is none to store a new one",
                "Add one that reads it from stdin to the connection in the state file: store_command = [\"…\"]",
            );
        }
        (PasswordSource::Env(variable), _) => {
            let problem = format!(
                "comes from environment variable \"{variable}\", which pgcreds cannot change"
            );
            return refuse(&problem, IN_FILE);
        }
        (PasswordSource::Credential(credential), _) => {
            let problem =
                format!("is credential \"{credential}\" of systemd, which pgcreds cannot change");
            return refuse(&problem, IN_FILE);
        }
    };
    refuse_shared(state, name, connection)?;
    Ok((source, store))
}

/// A new password must not lock out another connection.
fn refuse_shared(state: &State, name: &ConnectionName, connection: &Connection) -> Result<()> {
    let login = |name: &ConnectionName, connection: &Connection| {
        let parameters = connect::parameters(name, connection)?;
        anyhow::Ok((parameters.hosts, parameters.user))
    };
    let mine = login(name, connection)?;
    let others = state.connections.iter().filter(|(other, _)| *other != name);
    for (other, theirs) in others {
        let is_same_login = login(other, theirs).is_ok_and(|theirs| theirs == mine);
        let is_same_source = is_same_source(state, connection, theirs);
        if is_same_login == is_same_source {
            continue;
        }
        let (problem, hint) = if is_same_login {
            (
                "is that of connection \"OTHER\" too, which has another source for it and would be locked out",
                "Let both take it from the same file: password = { file = \"…\" }",
            )
        } else {
            (
                "has the same source as that of connection \"OTHER\", which is another login",
                "Give each connection a source of its own.",
            )
        };
        let problem = problem.replace("OTHER", other.as_str());
        return Err(
            Failure::request(format!("the password of connection \"{name}\" {problem}"))
                .hint(hint)
                .into(),
        );
    }
    Ok(())
}

fn is_same_source(state: &State, one: &Connection, other: &Connection) -> bool {
    match (&one.password, &other.password) {
        (Some(PasswordSource::File(one)), Some(PasswordSource::File(other))) => {
            let [one, other] = [one, other].map(|path| {
                let path = state.folder.join(path);
                fs::canonicalize(&path).unwrap_or(path)
            });
            one == other
        }
        (Some(PasswordSource::Command(one)), Some(PasswordSource::Command(other))) => one == other,
        _ => false,
    }
}

/// Refuses a login that is not the connection's own, and the superuser whose password others are likely to use.
pub(super) async fn check_login(admin: &Admin, is_confirmed: bool) -> Result<()> {
    let name = admin.server.name();
    let login = rotation::login(&admin.session)
        .await
        .map_err(|error| error.failure(format!("could not check connection \"{name}\"")))?;
    let user = admin.server.user();
    if login.name != user {
        return Err(Failure::request(format!(
            "connection \"{name}\" logs in as \"{user}\", and the server knows the session as \"{}\"",
            login.name
        ))
        .hint("Something between changes the user, such as a pooler. Point the connection's url at the server itself.")
        .into());
    }
    if login.is_superuser && user == "postgres" && !is_confirmed {
        return Err(Failure::request(format!(
            "the admin of connection \"{name}\" is superuser \"postgres\", whose password others may need"
        ))
        .hint("Give pgcreds an admin of its own: CREATE ROLE pgcreds_admin LOGIN CREATEROLE. Or go on with --yes.")
        .into());
    }
    Ok(())
}

/// The administrator's statements get the name as it is, between quotes of theirs.
pub(super) fn check_name(connection: &Connection, admin: &Admin) -> Result<()> {
    let user = admin.server.user();
    if connection.rotation_statements.is_empty() || !user.contains(['\'', '"', '\\']) {
        return Ok(());
    }
    Err(Failure::request(format!(
        "rotation_statements of connection \"{}\" cannot be filled in: the admin's name has a quote or a backslash",
        admin.server.name()
    ))
    .hint("Leave them out: pgcreds then quotes the name as it has to be.")
    .into())
}
