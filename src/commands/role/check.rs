use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::model::name::RoleName;
use crate::ops;

/// Make a login of a role and give it up at once, to see what it would be
///
/// Everything happens in a transaction that is rolled back. Says what the login
/// could do, or what is missing, with the GRANT to run.
///
/// Examples:
///   pgcreds role check app-role
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The role's name
    name: RoleName,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let state = context.state()?;
    let role = state.role(&args.name)?;
    let check = ops::check::role(&state, &args.name, role, &context.issued_by()).await?;
    for warning in &check.warnings {
        context.ui.warn(warning);
    }
    context.ui.object(&check)?;
    Ok(ExitCode::SUCCESS)
}
