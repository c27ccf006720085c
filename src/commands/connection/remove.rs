use std::io::ErrorKind;
use std::path::Path;
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

    /// Remove it whatever is left on the server, and without asking it
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
    if !args.force {
        refuse_with_roles(&state, name)?;
        refuse_with_leases(&state, name).await?;
        refuse_while_rotated(&state, name)?;
    }
    file.edit(|state, edit| {
        state.connection(name)?;
        edit.remove(Section::Connections, name.as_str())
    })?;
    if args.force {
        context.ui.warn(&format!(
            "the server was not asked for leases of connection \"{name}\": nothing will sweep those that are left"
        ));
    }
    let stored = PasswordSource::File(password_file(name));
    if source == Some(stored) {
        let path = state.folder.join(password_file(name));
        match args.delete_password {
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

/// After a rotation, for example, nobody else knows it.
fn refuse_with_password(state: &State, name: &ConnectionName) -> Result<()> {
    let connection = state.connection(name)?;
    let is_literal = matches!(connection.password, Some(PasswordSource::Literal(_)));
    if !is_literal && !connection.has_literal_password() {
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
    let stored = Some(PasswordSource::File(password_file(name)));
    let user = state
        .connections
        .iter()
        .find(|(other, connection)| *other != name && connection.password == stored);
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
