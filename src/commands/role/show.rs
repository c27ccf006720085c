use std::process::ExitCode;

use anyhow::Result;

use super::view::View;
use crate::context::Context;
use crate::model::name::RoleName;

/// Show one role, with the statements that it stands for
///
/// Examples:
///   pgcreds role show app-role
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The role's name
    name: RoleName,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let state = context.state()?;
    context
        .ui
        .object(&View::new(&args.name, state.role(&args.name)?))?;
    Ok(ExitCode::SUCCESS)
}
