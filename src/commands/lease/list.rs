use std::process::ExitCode;

use anyhow::Result;

use super::view::{COLUMNS, View};
use crate::commands::report;
use crate::context::Context;
use crate::model::lease::LeaseState;
use crate::model::name::{ConnectionName, Label, RoleName};
use crate::model::ttl::Ttl;
use crate::ops;
use crate::postgres::ledger::Filter;

/// List leases, as the servers know them
///
/// Asks every connection; one that cannot be reached is reported and does not
/// hide the others.
///
/// Examples:
///   pgcreds lease list
///   pgcreds lease list --role app-role --expires-within 10m
///   pgcreds lease list --state quarantined --format json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Ask only this connection (can be repeated)
    #[arg(long, value_name = "NAME")]
    connection: Vec<ConnectionName>,

    /// Only leases of this role
    #[arg(long, value_name = "NAME")]
    role: Option<RoleName>,

    /// Only leases in this state
    #[arg(long, value_enum)]
    state: Option<LeaseState>,

    /// Only leases that were issued --for this label
    #[arg(long)]
    label: Option<Label>,

    /// Only leases that end within this time
    #[arg(long, value_name = "DURATION")]
    expires_within: Option<Ttl>,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let state = context.state()?;
    let connections = ops::leases::connections(&state, &args.connection)?;
    report::warn_of_unknown_role(context, &state, args.role.as_ref());
    let filter = Filter {
        role: args.role,
        state: args.state,
        label: args.label,
        expires_within: args.expires_within,
        is_for_display: true,
        ..Filter::default()
    };
    let mut list = context.ui.begin_list(&COLUMNS);
    let failures = ops::leases::list(&state, &connections, &filter, &mut |lease| {
        list.push(&View::from(lease))
    })
    .await?;
    list.finish()?;
    Ok(report::print_unreachable(&failures, connections.len()))
}
