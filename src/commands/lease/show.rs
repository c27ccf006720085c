use std::process::ExitCode;

use anyhow::Result;

use super::view::View;
use crate::context::Context;
use crate::failure::Failure;
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops;

/// Show one lease, also one that is gone
///
/// What no server has any more is answered from the audit log of this host: who had it, until when, and who ended it. The
/// name may be pasted from the server's log as it stands there, with its quotes or as NAME@DATABASE.
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
    let asked = std::iter::once(args.id.clone()).chain(args.id.pasted());
    for id in asked {
        if let Some(found) = ops::leases::find(&state, &connections, &id).await? {
            context.ui.object(&View::from(found.lease))?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(gone) = ops::history::gone(&state.audit, &id)? {
            context.ui.object(&gone)?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(Failure::request(format!("lease \"{}\" not found", args.id))
        .hint(
            "No server has it, nor has the audit log of this host. See what there is with: pgcreds lease list",
        )
        .into())
}
