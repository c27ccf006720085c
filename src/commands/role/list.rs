use std::process::ExitCode;

use anyhow::Result;

use super::view::View;
use crate::context::Context;

/// List the roles of the state file
///
/// Examples:
///   pgcreds role list
///   pgcreds role list --format json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {}

pub(super) fn run(context: &Context, Args {}: Args) -> Result<ExitCode> {
    let state = context.state()?;
    let views: Vec<View> = state
        .roles
        .iter()
        .map(|(name, role)| View::new(name, role))
        .collect();
    context.ui.list(
        &views,
        &[
            "role",
            "connection",
            "default_ttl_seconds",
            "max_ttl_seconds",
            "member_of",
        ],
    )?;
    Ok(ExitCode::SUCCESS)
}
