//! `pgcreds connection …`

mod add;
mod check;
mod list;
mod remove;
mod rotate;
mod show;
mod view;

use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;

/// Manage connections: how to reach a server as its admin
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
    Rotate(rotate::Args),
    Remove(remove::Args),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Result<ExitCode> {
        match self {
            Self::Add(args) => add::run(context, args).await,
            Self::List(args) => list::run(context, args),
            Self::Show(args) => show::run(context, &args),
            Self::Check(args) => check::run(context, &args).await,
            Self::Rotate(args) => rotate::run(context, &args).await,
            Self::Remove(args) => remove::run(context, &args).await,
        }
    }
}
