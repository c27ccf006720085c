use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::commands::report;
use crate::context::Context;
use crate::model::name::{ConnectionName, LeaseId, RoleName};
use crate::model::ttl::Ttl;
use crate::ops;
use crate::ops::sweep::Request;
use crate::postgres::ledger::Filter;
use crate::postgres::revocation::Which;
use crate::state::State;
use crate::ui::Bar;

/// End leases now: sessions, login and grants
///
/// What a login owns is reassigned, never dropped. A lease that is gone already counts as revoked.
///
/// Examples:
///   pgcreds lease revoke pgc_app_role_alice_8xk2m4p0q7rt
///   pgcreds lease revoke --role app-role
///   pgcreds lease revoke --all --connection my-postgres-db
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Ids of leases (can be repeated)
    #[arg(value_name = "ID", required_unless_present_any = ["role", "connection", "all"])]
    ids: Vec<LeaseId>,

    /// All leases of this role
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    role: Option<RoleName>,

    /// All leases that were issued through this connection; with IDs: ask only this connection (can be repeated)
    #[arg(long, value_name = "NAME")]
    connection: Vec<ConnectionName>,

    /// All leases of all connections
    #[arg(long, conflicts_with_all = ["ids", "role"])]
    all: bool,

    /// How long to wait for a login's sessions to end
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    session_timeout: Ttl,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let state = context.state()?;
    let session_timeout = Duration::from_secs(args.session_timeout.as_seconds());
    if !args.ids.is_empty() {
        let connections = ops::leases::connections(&state, &args.connection)?;
        let (report, missing) =
            ops::revoke_by_id::revoke(&state, &connections, &args.ids, session_timeout).await?;
        for id in missing {
            context
                .ui
                .status(&format!("lease \"{id}\" is gone already"));
        }
        return report::print(context, &report);
    }
    let request = Request {
        connections: connections(&state, &args)?,
        own_only: !args.connection.is_empty(),
        filter: Filter {
            role: args.role,
            ..Filter::default()
        },
        which: Which::All,
        most: None,
        session_timeout,
    };
    let report = ops::sweep::sweep(&state, &request, &Bar::new(context.ui)).await?;
    if report.revoked.is_empty() {
        context.ui.status("there was nothing to revoke");
    }
    report::print(context, &report)
}

/// A role's leases are looked for on its own connection, where the state file has it; everything else everywhere.
fn connections(state: &State, args: &Args) -> Result<Vec<ConnectionName>> {
    let role = args.role.as_ref().and_then(|name| state.roles.get(name));
    match role {
        Some(role) if args.connection.is_empty() => Ok(vec![role.connection.clone()]),
        _ => ops::leases::connections(state, &args.connection),
    }
}
