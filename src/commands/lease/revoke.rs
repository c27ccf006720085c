use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::ArgGroup;

use crate::commands::report;
use crate::context::Context;
use crate::failure::Kind;
use crate::model::count::counted;
use crate::model::name::{ConnectionName, LeaseId, RoleName};
use crate::model::ttl::Ttl;
use crate::ops;
use crate::ops::sweep::Request;
use crate::postgres::ledger::Filter;
use crate::postgres::revocation::Which;
use crate::ui::Bar;

/// End leases now: sessions, login and grants
///
/// What a login owns is reassigned, never dropped. A lease that is gone already
/// counts as revoked.
///
/// Examples:
///   pgcreds lease revoke pgc_app_role_alice_8xk2m4p0q7rt
///   pgcreds lease revoke --role app-role
///   pgcreds lease revoke --all --connection my-postgres-db
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, group = ArgGroup::new("leases").required(true).multiple(true))]
pub(crate) struct Args {
    /// Ids of leases (can be repeated)
    #[arg(value_name = "ID", group = "leases")]
    ids: Vec<LeaseId>,

    /// All leases of this role
    #[arg(long, value_name = "NAME", conflicts_with = "ids", group = "leases")]
    role: Option<RoleName>,

    /// All leases that were issued through this connection; with IDs: ask only this connection (can be repeated)
    #[arg(long, value_name = "NAME", group = "leases")]
    connection: Vec<ConnectionName>,

    /// All leases that were issued through the connections of the state file
    #[arg(long, conflicts_with_all = ["ids", "role"], group = "leases")]
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
        let report =
            ops::revoke_by_id::revoke(&state, &connections, &args.ids, session_timeout).await?;
        return report::print(context, &report);
    }
    let role = args.role.clone();
    let request = Request {
        connections: ops::leases::connections(&state, &args.connection)?,
        own_only: true,
        filter: Filter {
            role: args.role,
            ..Filter::default()
        },
        which: Which::All,
        most: None,
        session_timeout,
    };
    let report = ops::sweep::sweep(&state, &request, &Bar::new(context.ui)).await?;
    let code = report::print(context, &report)?;
    if report.others > 0 {
        let left = counted(report.others, "lease");
        context.ui.warn(&format!(
            "{left} could not be revoked: another admin has the ADMIN OPTION"
        ));
        return Ok(Kind::Partial.code().into());
    }
    if report.revoked.is_empty() && code == ExitCode::SUCCESS {
        // A role that was removed may have leases; one that has none may be a slip of the finger.
        if let Some(role) = &role {
            state.role(role)?;
        }
        context.ui.status("there was nothing to revoke");
    }
    Ok(code)
}
