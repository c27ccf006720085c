use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use super::view::View;
use crate::context::Context;
use crate::failure::Failure;
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops;

/// Show one lease, with what depends on it
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

/// A lease with what stands in the way of dropping it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    lease: View,
    /// Only where something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    depends_on_it: Option<String>,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let state = context.state()?;
    let connections = ops::leases::connections(&state, &args.connection)?;
    let Some(found) = ops::leases::find(&state, &connections, &args.id).await? else {
        return Err(Failure::request(format!("lease \"{}\" not found", args.id))
            .hint("It may have ended and been swept. See what there is with: pgcreds lease list")
            .into());
    };
    let depends_on_it = found.dependencies().await?;
    let lease = View::from(found.lease);
    context.ui.object(&Shown {
        lease,
        depends_on_it,
    })?;
    Ok(ExitCode::SUCCESS)
}
