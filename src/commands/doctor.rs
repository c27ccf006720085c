use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;
use crate::failure::Kind;
use crate::model::name::ConnectionName;
use crate::ops::doctor::{self, Status};

/// Look for what does not work, or will hurt, and say how to mend it
///
/// Looks at the state file, and at the server, the roles and the leases of each
/// connection. Changes nothing: logins are made in a transaction that is rolled
/// back. A remedy is SQL to run as a superuser, a shell command, or what to
/// write in the state file.
///
/// Exit codes: 0 no failure; 1 a failure, also when a connection cannot be
/// reached.
///
/// Examples:
///   pgcreds doctor
///   pgcreds doctor my-postgres-db
///   pgcreds doctor --format json | jq '.[] | select(.status != "ok")'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Connections to look at [default: all]
    #[arg(value_name = "CONNECTION")]
    connections: Vec<ConnectionName>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let file = context.state_file()?;
    let findings = doctor::examine(&file, &args.connections, &context.issued_by()).await?;
    context.ui.list(
        &findings,
        &["check", "subject", "status", "detail", "remedy"],
    )?;
    let has_failed = |status| findings.iter().any(|finding| finding.status == status);
    if has_failed(Status::Failure) {
        return Ok(Kind::Request.code().into());
    }
    Ok(ExitCode::SUCCESS)
}
