//! `pgcreds lease …`

mod list;
mod renew;
mod revoke;
mod show;
pub(super) mod view;

use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;

/// Manage leases: the logins that pgcreds made
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
    Renew(renew::Args),
    Revoke(revoke::Args),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Result<ExitCode> {
        match self {
            Self::List(args) => list::run(context, args).await,
            Self::Show(args) => show::run(context, &args).await,
            Self::Renew(args) => renew::run(context, &args).await,
            Self::Revoke(args) => revoke::run(context, args).await,
        }
    }
}
