use std::process::ExitCode;

use anyhow::Result;

use super::view::View;
use crate::context::Context;
use crate::model::name::{ConnectionName, LeaseId};
use crate::model::ttl::Ttl;
use crate::ops;

/// Give a lease more time
///
/// Its new end is the server's now + the lifetime, but not beyond the role's
/// max_ttl at the time of issue. A lease that has ended cannot be renewed.
///
/// Examples:
///   pgcreds lease renew pgc_app_role_alice_8xk2m4p0q7rt
///   pgcreds lease renew pgc_app_role_alice_8xk2m4p0q7rt --ttl 2h
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The lease's id, which is the login's name
    id: LeaseId,

    /// Lifetime from now on, like 90s, 15m, 1h30m, 7d [default: the role's default_ttl]
    #[arg(
        long,
        visible_alias = "increment",
        value_name = "DURATION",
        allow_hyphen_values = true
    )]
    ttl: Option<Ttl>,

    /// Ask only this connection (can be repeated)
    #[arg(long, value_name = "NAME")]
    connection: Vec<ConnectionName>,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let state = context.state()?;
    let connections = ops::leases::connections(&state, &args.connection)?;
    let (lease, renewed) = ops::renew::renew(&state, &connections, &args.id, args.ttl).await?;
    let end = &renewed.expires_at;
    if renewed.is_capped {
        context.ui.warn(&format!(
            "lease \"{}\" may not live longer than until {end} (max_ttl)",
            args.id
        ));
    }
    context
        .ui
        .status(&format!("renewed lease \"{}\" until {end}", args.id));
    context.ui.object(&View::from(lease))?;
    Ok(ExitCode::SUCCESS)
}
