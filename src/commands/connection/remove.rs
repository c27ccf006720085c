use std::io::ErrorKind;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::failure::Failure;
use crate::model::connection::PasswordSource;
use crate::model::name::ConnectionName;
use crate::ops;
use crate::state::{Pending, Section, State, password_file};

/// Remove a connection from the state file
///
/// Refuses while the server has leases of it, because no sweep would remove
/// them, and while roles use it.
///
/// Examples:
///   pgcreds connection remove my-postgres-db
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The connection's name
    name: ConnectionName,

    /// Remove it whatever is left on the server, and without asking it
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let name = &args.name;
    let file = context.state_file()?;
    let state = file.load()?;
    let source = state.connection(name)?.password.clone();
    if !args.force {
        refuse_with_roles(&state, name)?;
        refuse_with_leases(&state, name).await?;
        refuse_while_rotated(&state, name)?;
    }
    file.edit(|state, edit| {
        state.connection(name)?;
        edit.remove(Section::Connections, name.as_str())
    })?;
    remove_password_file(&state, name, source.as_ref())?;
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
    let count = ops::leases::count_of(state, name).await.with_context(|| {
        Failure::server(format!(
            "could not look for leases of connection \"{name}\""
        ))
        .hint(force)
    })?;
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

/// Removes the password that `connection add` stored, if it is still there; a file of the administrator's own stays, and
/// so does one that another connection uses.
fn remove_password_file(
    state: &State,
    name: &ConnectionName,
    source: Option<&PasswordSource>,
) -> Result<()> {
    let stored = PasswordSource::File(password_file(name));
    let is_shared = state
        .connections
        .iter()
        .any(|(other, connection)| other != name && connection.password.as_ref() == Some(&stored));
    if source != Some(&stored) || is_shared {
        return Ok(());
    }
    let path = state.folder.join(password_file(name));
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error)
            .with_context(|| format!("could not remove the password file \"{}\"", path.display())),
        _ => Ok(()),
    }
}
