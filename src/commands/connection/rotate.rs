use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use crate::context::Context;
use crate::model::name::ConnectionName;
use crate::ops;

/// Give the admin a new random password, and store it where the old one was
///
/// The new password is on disk before the server gets it, and the old one is
/// forgotten only after a login with the new one, so that it can be interrupted
/// at any moment and run again. The password's source must be one that pgcreds
/// can change: a file, the state file, or a command with a store_command beside
/// it.
///
/// Examples:
///   pgcreds connection rotate my-postgres-db
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The connection's name
    name: ConnectionName,

    /// Rotate the password of superuser "postgres" too
    #[arg(long)]
    yes: bool,
}

/// What was rotated.
#[derive(Serialize)]
struct View<'a> {
    connection: &'a ConnectionName,
    username: String,
    rotated: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let file = context.state_file()?;
    let state = context.state()?;
    let rotated = ops::rotate::rotate(&file, &state, &args.name, args.yes).await?;
    if rotated.is_resumed {
        context
            .ui
            .detail("finished a rotation that was interrupted: the server had the new password");
    }
    context.ui.status(&format!(
        "rotated the password of \"{}\" on connection \"{}\"",
        rotated.username, args.name
    ));
    context.ui.result(&View {
        connection: &args.name,
        username: rotated.username,
        rotated: true,
    })?;
    Ok(ExitCode::SUCCESS)
}
