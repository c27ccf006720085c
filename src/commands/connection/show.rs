use std::process::ExitCode;

use anyhow::Result;

use super::view::View;
use crate::context::Context;
use crate::model::name::ConnectionName;

/// Show one connection, without its password
///
/// Examples:
///   pgcreds connection show my-postgres-db
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The connection's name
    name: ConnectionName,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let state = context.state()?;
    context
        .ui
        .object(&View::new(&args.name, state.connection(&args.name)?))?;
    Ok(ExitCode::SUCCESS)
}
