//! The command line: global arguments and the list of commands.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{
    Arg, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, value_parser,
};

use crate::commands::{connection, init, issue, lease, role, sweep};
use crate::context::Context;
use crate::ui::{Format, Ui};

/// The id of the global argument `--state`.
const STATE_FILE: &str = "state_file";

/// Short-lived PostgreSQL logins, without a server to run
///
/// Connections and roles live in a TOML file; leases live in PostgreSQL itself, as logins that expire.
///
/// Exit codes: 0 done; 1 the request or the state file is wrong; 2 usage; 3 PostgreSQL unreachable or refused;
/// 4 some done, some not.
#[derive(Debug, Parser)]
#[command(
    name = "pgcreds",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// How the result is printed on stdout
    #[arg(
        long,
        global = true,
        env = "PGCREDS_FORMAT",
        value_enum,
        default_value_t,
        hide_env_values = true
    )]
    format: Format,

    /// Print errors and warnings only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Say what is done
    #[arg(long, short, global = true)]
    verbose: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    #[command(subcommand)]
    Connection(connection::Command),
    #[command(subcommand)]
    Role(role::Command),
    Issue(issue::Args),
    #[command(subcommand)]
    Lease(lease::Command),
    Sweep(sweep::Args),
}

impl Cli {
    /// Reads the command line; ends the process with a message when it is wrong, or asks for help.
    pub(crate) fn read() -> (Self, Option<PathBuf>) {
        let matches = command().get_matches();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        (cli, state_file(&matches))
    }

    /// Runs the command with the state file that the command line names, if any.
    pub(crate) async fn run(self, state_file: Option<PathBuf>) -> Result<ExitCode> {
        let ui = Ui {
            format: self.format,
            is_quiet: self.quiet,
            is_verbose: self.verbose,
        };
        let context = Context::new(ui, state_file);
        match self.command {
            Command::Init(args) => init::run(&context, args),
            Command::Connection(command) => command.run(&context).await,
            Command::Role(command) => command.run(&context).await,
            Command::Issue(args) => issue::run(&context, args).await,
            Command::Lease(command) => command.run(&context).await,
            Command::Sweep(args) => sweep::run(&context, args).await,
        }
    }
}

/// The whole command line, as completions and tests see it too.
pub(crate) fn command() -> clap::Command {
    with_state_file(Cli::command())
}

/// Adds `--state FILE` to every command but one that has a `--state` of its own, where it goes before the command.
fn with_state_file(command: clap::Command) -> clap::Command {
    let has_own = command
        .get_arguments()
        .any(|argument| argument.get_long() == Some("state"));
    let command = if has_own {
        command
    } else {
        command.arg(state_file_argument())
    };
    command.mut_subcommands(with_state_file)
}

fn state_file_argument() -> Arg {
    Arg::new(STATE_FILE)
        .long("state")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]")
}

/// The state file that was named last.
fn state_file(matches: &ArgMatches) -> Option<PathBuf> {
    let deeper = matches
        .subcommand()
        .and_then(|(_, matches)| state_file(matches));
    deeper.or_else(|| matches.try_get_one(STATE_FILE).ok().flatten().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn the_state_file_is_named_before_or_after_the_command() {
        for (line, file) in [
            ("pgcreds sweep", None),
            ("pgcreds --state a sweep", Some("a")),
            ("pgcreds sweep --state a", Some("a")),
            ("pgcreds --state a lease list --state expired", Some("a")),
            (
                "pgcreds --state a connection --state b list --state c",
                Some("c"),
            ),
        ] {
            let matches = command().try_get_matches_from(line.split(' ')).unwrap();
            assert_eq!(state_file(&matches), file.map(PathBuf::from), "{line}");
        }
    }
}
