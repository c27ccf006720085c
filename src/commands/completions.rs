use std::process::ExitCode;

use anyhow::Result;
use clap_complete::aot::{Shell, generate};

use crate::context::Context;

/// Print a completion script for a shell
///
/// It completes commands and options. To complete the names of roles and
/// connections in the state file too, let the shell ask pgcreds itself: put the
/// second form into the shell's start-up file, and no script of an older
/// pgcreds can be left behind.
///
/// Examples:
///   pgcreds completions bash \
///     > ~/.local/share/bash-completion/completions/pgcreds
///   source <(COMPLETE=bash pgcreds)
///   source <(COMPLETE=zsh pgcreds)
///   COMPLETE=fish pgcreds | source
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// `command` is the whole command line.
pub(crate) fn run(context: &Context, args: &Args, mut command: clap::Command) -> Result<ExitCode> {
    let mut script = Vec::new();
    generate(args.shell, &mut command, "pgcreds", &mut script);
    context.ui.text(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}
