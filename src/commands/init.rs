use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use crate::context::Context;

/// Create an empty state file
///
/// The file gets mode 0600. One that is there already is left as it is.
///
/// Examples:
///   pgcreds init
///   pgcreds --state ./pgcreds.toml init
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct View {
    state_file: String,
    created: bool,
}

pub(crate) fn run(context: &Context, Args {}: Args) -> Result<ExitCode> {
    let file = context.state_file()?;
    let created = file.create()?;
    let path = file.path().display().to_string();
    context.ui.status(&if created {
        format!("created \"{path}\"; next: pgcreds connection add NAME --url URL")
    } else {
        format!("\"{path}\" is there already")
    });
    context.ui.result(&View {
        state_file: path,
        created,
    })?;
    Ok(ExitCode::SUCCESS)
}
