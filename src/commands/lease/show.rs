use std::process::ExitCode;
use std::slice;

use anyhow::Result;
use serde::Serialize;

use super::view::View;
use crate::context::Context;
use crate::failure::{self, Failure, Kind};
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops;
use crate::ops::history::{Remembered, RememberedState, remembered};

/// Show one lease, also one that is gone
///
/// What no server has any more is answered from the audit log of this host: who
/// had it, until when, and who ended it. The name may be pasted from the
/// server's log as it stands there, with its quotes or as NAME@DATABASE.
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
    let asked = std::iter::once(args.id.clone()).chain(args.id.pasted());
    for id in asked {
        let looked = ops::leases::find(&state, &connections, &id).await;
        if let Ok(Some(found)) = looked {
            let depends_on_it = found.dependencies().await?;
            let lease = View::from(found.lease);
            context.ui.object(&Shown {
                lease,
                depends_on_it,
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        let remembered = remembered(&state.audit, slice::from_ref(&id), &connections)?.remove(&id);
        let state_of_it = remembered.as_ref().map(Remembered::state);
        match looked {
            // What was revoked is so, whoever cannot be asked.
            Err(error)
                if failure::kind(&error) == Kind::Server
                    && state_of_it == Some(RememberedState::Revoked) => {}
            looked => drop(looked?),
        }
        if state_of_it == Some(RememberedState::Unknown) {
            context.ui.warn("its own connection was not asked");
        }
        if let Some(lease) = remembered {
            context.ui.object(&lease)?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(Failure::request(format!("lease \"{}\" not found", args.id))
        .hint(
            "No server has it, nor has the audit log of this host. See what there is with: pgcreds lease list",
        )
        .into())
}
