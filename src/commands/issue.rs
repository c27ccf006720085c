use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::failure::Failure;
use crate::model::credentials::Credentials;
use crate::model::name::{Label, RoleName};
use crate::model::ttl::Ttl;
use crate::ops;
use crate::ops::issue::Issued;
use crate::state::{State, write_secret};
use crate::ui::is_stdout_closed;

/// Make a login that expires, and print its credentials
///
/// If they cannot be delivered (stdout is closed, FILE cannot be written), the login is revoked again.
///
/// Examples:
///   pgcreds issue app-role
///   pgcreds issue app-role --ttl 10m --for ticket-4711 --format json
///   pgcreds issue app-role --format json --out credentials.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The role's name
    role: RoleName,

    /// Lifetime, like 90s, 15m, 1h30m, 7d [default: the role's default_ttl]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    ttl: Option<Ttl>,

    /// Who or what it is for; a part of the login's name [default: your user name]
    #[arg(long = "for", value_name = "LABEL")]
    label: Option<Label>,

    /// Write the credentials to this file (mode 0600) instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let state = context.state()?;
    if args.out.is_none() && is_stdout_closed() {
        return Err(Failure::request("stdout is closed, and the credentials would be lost").into());
    }
    let request = ops::issue::Request {
        role: args.role,
        ttl: args.ttl,
        label: context.label(args.label.as_ref()),
        issued_by: context.issued_by(),
    };
    let issued = ops::issue::issue(&state, &request).await?;
    if let Err(error) = deliver(context, &issued, args.out.as_ref()) {
        return Err(take_back(&state, &issued, error).await);
    }
    if args.out.is_some() {
        let (id, end) = (&issued.lease.marker.lease, &issued.lease.expires_at);
        context
            .ui
            .status(&format!("issued lease \"{id}\", which ends at {end}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn deliver(context: &Context, issued: &Issued, out: Option<&PathBuf>) -> Result<()> {
    let address = issued.address();
    let credentials = Credentials::new(
        &issued.lease.marker,
        &issued.times.expires_at,
        &issued.password,
        (&address.host, &address.dbname),
    );
    let text = zeroize::Zeroizing::new(context.ui.rendered(&credentials)?);
    match out {
        Some(path) => write_secret(path, text.as_bytes()),
        None => context
            .ui
            .deliver(&text)
            .context("could not write to stdout"),
    }
}

/// Revokes what could not be delivered.
async fn take_back(state: &State, issued: &Issued, error: anyhow::Error) -> anyhow::Error {
    let id = &issued.lease.marker.lease;
    match issued.take_back(state).await {
        Ok(()) => error.context(Failure::request(format!(
            "could not deliver the credentials; lease \"{id}\" was revoked again"
        ))),
        Err(problem) => error.context(
            Failure::server(format!(
                "could not deliver the credentials, nor revoke lease \"{id}\" ({})",
                crate::failure::one_line(&problem)
            ))
            .hint(format!("Run: pgcreds lease revoke {id}")),
        ),
    }
}
