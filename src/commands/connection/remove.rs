use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::failure::{self, Failure};
use crate::model::connection::{Connection, PasswordSource};
use crate::model::name::ConnectionName;
use crate::ops;
use crate::state::{Pending, Section, State, password_file};

/// Remove a connection from the state file
///
/// Refuses while the server has leases of it, because no sweep would remove
/// them, and while roles use it. The admin's password may be nowhere else: the
/// file that it is stored in stays, unless it is to be deleted, too.
///
/// Examples:
///   pgcreds connection remove my-postgres-db
///   pgcreds connection remove my-postgres-db --delete-password
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The connection's name
    name: ConnectionName,

    /// Remove it whatever is left on the server, and when it cannot be asked
    #[arg(long)]
    force: bool,

    /// Delete the password that is stored for it, too
    #[arg(long)]
    delete_password: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let name = &args.name;
    let file = context.state_file()?;
    let state = file.load()?;
    let source = state.connection(name)?.password.clone();
    if !args.delete_password {
        refuse_with_password(&state, name)?;
    }
    let warning = if args.force {
        warning_of_leases(context, &state, name).await
    } else {
        refuse_with_roles(&state, name)?;
        refuse_with_leases(&state, name).await?;
        refuse_while_rotated(&state, name)?;
        None
    };
    file.edit(|state, edit| {
        state.connection(name)?;
        edit.remove(Section::Connections, name.as_str())
    })?;
    if let Some(warning) = warning {
        context.ui.warn(&warning);
    }
    if let Some(PasswordSource::File(path)) = source {
        let path = state.folder.join(path);
        let is_stored_by_us = path == state.folder.join(password_file(name));
        match args.delete_password && is_stored_by_us {
            true => delete_password(context, &state, name, &path)?,
            false => context
                .ui
                .status(&format!("the password stays in \"{}\"", path.display())),
        }
    }
    context.ui.status(&format!("removed connection \"{name}\""));
    context
        .ui
        .result(&serde_json::json!({ "connection": name, "removed": true }))?;
    Ok(ExitCode::SUCCESS)
}

fn refuse_with_roles(state: &State, name: &ConnectionName) -> Result<()> {
    let Some((role, _)) = state
        .roles
        .iter()
        .find(|(_, role)| role.connection == *name)
    else {
        return Ok(());
    };
    Err(
        Failure::request(format!("role \"{role}\" uses connection \"{name}\""))
            .hint(format!(
                "Remove it first: pgcreds role remove {role}. Or go on with --force."
            ))
            .into(),
    )
}

async fn refuse_with_leases(state: &State, name: &ConnectionName) -> Result<()> {
    let force = "To remove it all the same, use --force: nothing will sweep them then.";
    let leases = ops::leases::of_connection(state, name).await;
    let count = leases
        .map_err(|error| {
            let what = format!("could not look for leases of connection \"{name}\"");
            let failure = Failure::new(failure::kind(&error), what).hint(force);
            error.context(failure)
        })?
        .len();
    if count == 0 {
        return Ok(());
    }
    let plural = if count == 1 { "a lease" } else { "leases" };
    Err(Failure::request(format!(
        "the server still has {plural} of connection \"{name}\" ({count})"
    ))
    .hint(format!(
        "Revoke them first: pgcreds lease revoke --connection {name}. {force}"
    ))
    .into())
}

/// What has to be known where nothing is refused: the leases that are left, or that nobody knows of them.
async fn warning_of_leases(
    context: &Context,
    state: &State,
    name: &ConnectionName,
) -> Option<String> {
    match ops::leases::of_connection(state, name).await {
        Ok(leases) if leases.is_empty() => None,
        Ok(leases) => {
            let leases: Vec<String> = leases.iter().map(|id| format!("\"{id}\"")).collect();
            Some(format!(
                "nothing will sweep the leases of connection \"{name}\" that are left on the server: {}",
                leases.join(", ")
            ))
        }
        Err(error) => {
            context.ui.detail(&failure::one_line(&error));
            Some(format!(
                "the server was not asked for leases of connection \"{name}\": nothing will sweep those that are left"
            ))
        }
    }
}

/// The server may have a password that is nowhere but in the pending entry.
fn refuse_while_rotated(state: &State, name: &ConnectionName) -> Result<()> {
    let Some(source) = &state.connection(name)?.password else {
        return Ok(());
    };
    let pending = Pending::of(state, name, source);
    if pending.read()?.is_none() {
        return Ok(());
    }
    Err(Failure::request(format!(
        "a rotation of the password of connection \"{name}\" was interrupted, and \"{}\" may be the only place that has it",
        pending.path().display()
    ))
    .hint(format!(
        "Finish it first: pgcreds connection rotate {name}. With --force that file stays."
    ))
    .into())
}

/// After a rotation, for example, nobody else knows it.
fn refuse_with_password(state: &State, name: &ConnectionName) -> Result<()> {
    if !state.connection(name)?.has_literal_password() {
        return Ok(());
    }
    Err(Failure::request(format!(
        "the password of connection \"{name}\" stands in the state file, and may be nowhere else"
    ))
    .hint(format!(
        "To delete it, too: pgcreds connection remove {name} --delete-password"
    ))
    .into())
}

/// Deletes the password that `connection add` stored, if it is still there and no other connection uses it.
fn delete_password(
    context: &Context,
    state: &State,
    name: &ConnectionName,
    path: &Path,
) -> Result<()> {
    let uses_it = |connection: &Connection| match &connection.password {
        Some(PasswordSource::File(other)) => state.folder.join(other) == path,
        _ => false,
    };
    let user = state
        .connections
        .iter()
        .find(|(other, connection)| *other != name && uses_it(connection));
    if let Some((other, _)) = user {
        context.ui.warn(&format!(
            "the password stays in \"{}\": connection \"{other}\" uses it",
            path.display()
        ));
        return Ok(());
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error)
            .with_context(|| format!("could not delete the password file \"{}\"", path.display())),
        _ => Ok(()),
    }
}
