use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::commands::lease::view::{COLUMNS, View};
use crate::commands::report;
use crate::context::Context;
use crate::model::name::{ConnectionName, RoleName};
use crate::model::ttl::Ttl;
use crate::ops;
use crate::ops::sweep::Request;
use crate::postgres::ledger::Filter;
use crate::postgres::revocation::Which;
use crate::state::State;
use crate::ui::Bar;

/// Revoke every lease that has ended
///
/// For cron: silent when there was nothing to do. Takes all ended leases that
/// the connections' admins may administer, whichever host issued them. Safe to
/// run on several hosts at once.
///
/// Examples:
///   pgcreds sweep
///   pgcreds sweep --dry-run
///   pgcreds sweep --connection my-postgres-db --max 100 --format json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Sweep only this connection (can be repeated)
    #[arg(long, value_name = "NAME")]
    connection: Vec<ConnectionName>,

    /// Only leases of this role
    #[arg(long, value_name = "NAME")]
    role: Option<RoleName>,

    /// List what would go, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Refuse to revoke more than this many leases at once
    #[arg(long, value_name = "NUMBER")]
    max: Option<usize>,

    /// How long to wait for a login's sessions to end
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    session_timeout: Ttl,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let state = context.state()?;
    let connections = ops::leases::connections(&state, &args.connection)?;
    report::warn_of_unknown_role(context, &state, args.role.as_ref());
    let filter = Filter {
        role: args.role,
        is_due: true,
        ..Filter::default()
    };
    if args.dry_run {
        return dry_run(context, &state, &connections, &filter).await;
    }
    let request = Request {
        connections,
        own_only: false,
        filter,
        which: Which::Due,
        most: args.max,
        session_timeout: Duration::from_secs(args.session_timeout.as_seconds()),
    };
    let report = ops::sweep::sweep(&state, &request, &Bar::new(context.ui)).await?;
    report::print(context, &report)
}

async fn dry_run(
    context: &Context,
    state: &State,
    connections: &[ConnectionName],
    filter: &Filter,
) -> Result<ExitCode> {
    let mut list = context.ui.begin_list(&COLUMNS);
    let failures = ops::leases::list(state, connections, filter, &mut |lease| {
        if lease.is_ours {
            list.push(&View::from(lease))
        } else {
            Ok(())
        }
    })
    .await?;
    list.finish()?;
    Ok(report::print_unreachable(&failures, connections.len()))
}
