use std::process::ExitCode;
use std::slice;

use anyhow::Result;
use serde::Serialize;

use super::view::View;
use crate::commands::report;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::model::name::{ConnectionName, LeaseId};
use crate::ops;
use crate::ops::history::{Remembered, remembered};
use crate::ops::leases::Search;

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
    let mut unknown = None;
    for id in std::iter::once(args.id.clone()).chain(args.id.pasted()) {
        let Search { found, failures } = ops::leases::find(&state, &connections, &id).await?;
        if let Some(found) = found {
            let depends_on_it = found.dependencies().await?;
            let lease = View::from(found.lease);
            context.ui.object(&Shown {
                lease,
                depends_on_it,
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        let is_asked = |name: &&ConnectionName| failures.iter().all(|(failed, _)| failed != *name);
        let asked: Vec<ConnectionName> = connections.iter().filter(is_asked).cloned().collect();
        let known = remembered(&state.audit, slice::from_ref(&id), &asked)?.remove(&id);
        let is_known = known.is_some();
        let lease = known.unwrap_or_else(|| Remembered::unknown(&id));
        let unasked = lease.unasked(&state, &asked);
        if !unasked.is_empty() {
            unknown = Some((lease, unasked, failures));
        } else if is_known {
            context.ui.object(&lease)?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let Some((lease, unasked, failures)) = unknown else {
        return Err(not_found(&args.id));
    };
    for connection in unasked {
        context.ui.warn(&format!(
            "lease \"{}\" may be on connection \"{connection}\", which was not asked",
            lease.id()
        ));
    }
    context.ui.object(&lease)?;
    Ok(match failures.is_empty() {
        true => Kind::Request.code().into(),
        false => report::print_unreachable(&failures, connections.len()),
    })
}

fn not_found(id: &LeaseId) -> anyhow::Error {
    Failure::request(format!("lease \"{id}\" not found"))
        .hint(
            "No server has it, nor has the audit log of this host. See what there is with: pgcreds lease list",
        )
        .into()
}
