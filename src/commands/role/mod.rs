//! `pgcreds role …`

mod add;
mod check;
mod list;
mod remove;
mod show;
mod view;

use std::process::ExitCode;

use anyhow::Result;

use crate::context::Context;

/// Manage roles: the recipes for logins
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Add(Box<add::Args>),
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
    Remove(remove::Args),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Result<ExitCode> {
        match self {
            Self::Add(args) => add::run(context, *args).await,
            Self::List(args) => list::run(context, args),
            Self::Show(args) => show::run(context, &args),
            Self::Check(args) => check::run(context, &args).await,
            Self::Remove(args) => remove::run(context, &args),
        }
    }
}
