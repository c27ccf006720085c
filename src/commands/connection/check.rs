use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::model::name::ConnectionName;
use crate::ops;

/// Connect, and check that the admin can make logins
///
/// Examples:
///   pgcreds connection check my-postgres-db
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The connection's name
    name: ConnectionName,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let state = context.state()?;
    let admin = ops::connect::open(&state, &args.name).await?;
    context.ui.object(&ops::check::connection(&admin).await?)?;
    Ok(ExitCode::SUCCESS)
}
