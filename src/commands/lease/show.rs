use std::process::ExitCode;

use anyhow::Result;

use super::view::View;
use crate::context::Context;
use crate::failure::Failure;
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops;

/// Show one lease
///
/// Examples:
///   pgcreds lease show pgc_app_role_alice_8xk2m4p0q7rt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The lease's id, which is the login's name
    id: LeaseId,

    /// Ask only this connection (can be repeated)
    #[arg(long, value_name = "NAME")]
    connection: Vec<ConnectionName>,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let state = context.state()?;
    let connections = ops::leases::connections(&state, &args.connection)?;
    let Some(found) = ops::leases::find(&state, &connections, &args.id).await? else {
        return Err(Failure::request(format!("lease \"{}\" not found", args.id))
            .hint("It may have ended and been swept. See what there is with: pgcreds lease list")
            .into());
    };
    context.ui.object(&View::from(found.lease))?;
    Ok(ExitCode::SUCCESS)
}
