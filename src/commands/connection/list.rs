use std::process::ExitCode;

use anyhow::Result;

use super::view::View;
use crate::context::Context;

/// List the connections of the state file
///
/// Examples:
///   pgcreds connection list
///   pgcreds connection list --format json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {}

pub(super) fn run(context: &Context, Args {}: Args) -> Result<ExitCode> {
    let state = context.state()?;
    let views: Vec<View> = state
        .connections
        .iter()
        .map(|(name, connection)| View::new(name, connection))
        .collect();
    context.ui.list(
        &views,
        &["connection", "url", "username", "password", "allowed_roles"],
    )?;
    Ok(ExitCode::SUCCESS)
}
