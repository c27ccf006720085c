use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::model::event::EventKind;
use crate::model::name::{Label, LeaseId, RoleName};
use crate::model::since::Since;
use crate::ops;
use crate::ops::history::Wanted;

const COLUMNS: [&str; 8] = [
    "time", "event", "outcome", "lease", "role", "label", "os_user", "host",
];

/// List what was done, from the audit log
///
/// Reads the log's file of this host, and what logrotate named FILE.1, FILE.2
/// and so on. Lines that are none of pgcreds are skipped with a warning.
///
/// Examples:
///   pgcreds audit --since 24h
///   pgcreds audit --lease pgc_app_role_alice_8xk2m4p0q7rt
///   pgcreds audit --role app-role --event issue \
///     --since 2026-11-24T03:00:00Z --format json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Only what happened in this time, or since this time in UTC (2026-11-24, 2026-11-24T03:12:00Z)
    #[arg(long, value_name = "DURATION|TIME")]
    since: Option<Since>,

    /// Only this kind of event
    #[arg(long, value_enum)]
    event: Option<EventKind>,

    /// Only this lease
    #[arg(long, value_name = "ID")]
    lease: Option<LeaseId>,

    /// Only leases of this role
    #[arg(long, value_name = "NAME")]
    role: Option<RoleName>,

    /// Only leases that were issued --for this label
    #[arg(long)]
    label: Option<Label>,
}

pub(crate) fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let audit = context.audit()?;
    let wanted = Wanted {
        since: args.since,
        event: args.event,
        lease: args.lease,
        role: args.role,
        label: args.label,
    };
    let mut list = context.ui.begin_list(&COLUMNS);
    ops::history::list(&audit, &wanted, &mut |event| list.push(&event), &|place| {
        context
            .ui
            .warn(&format!("skipped {place}: it is no event of pgcreds"));
    })?;
    list.finish()?;
    Ok(ExitCode::SUCCESS)
}
