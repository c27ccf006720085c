//! The command line: global arguments and the list of commands.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{
    Arg, ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    ValueEnum as _, ValueHint, value_parser,
};

use crate::commands::{
    agent, audit, completions, connection, doctor, exec, init, issue, lease, role, sweep,
};
use crate::context::Context;
use crate::environment::variable;
use crate::model::audit_log::AuditLog;
use crate::model::credential_format::CredentialFormat;
use crate::ui::{Format, Ui};
use crate::usage;

/// The ids of the arguments that every command takes unless it has one of the same name itself.
const STATE_FILE: &str = "state_file";
const OUTPUT_FORMAT: &str = "output_format";
const AUDIT_LOG: &str = "audit_log_place";

/// The heading of these arguments in every help text, where they stand last.
const GLOBAL: &str = "Global options";
const LAST: usize = 1000;

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
    disable_help_flag = true,
    disable_version_flag = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Print errors and warnings only
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = GLOBAL, display_order = LAST + 3)]
    quiet: bool,

    /// Report each step
    #[arg(long, short, global = true, help_heading = GLOBAL, display_order = LAST + 4)]
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
    Audit(audit::Args),
    Exec(exec::Args),
    Agent(agent::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

impl Command {
    /// Whether the command prints nothing to stdout, so that a log may go there.
    fn leaves_stdout(&self, format: Format) -> bool {
        match self {
            Self::Agent(_) => true,
            Self::Sweep(_) => format == Format::Table,
            _ => false,
        }
    }
}

/// What the command line says beside the command.
pub(crate) struct Globals {
    state_file: Option<PathBuf>,
    format: Format,
    audit_log: Option<AuditLog>,
}

impl Cli {
    /// Reads the command line; ends the process with a message when it is wrong, or asks for help.
    pub(crate) fn read() -> (Self, Globals) {
        let matches = command().try_get_matches();
        let matches = matches.unwrap_or_else(|error| usage::exit(&with_state_file_tip(error)));
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| usage::exit(&error));
        let globals = Globals {
            state_file: named_last(&matches, STATE_FILE),
            format: named_last(&matches, OUTPUT_FORMAT).unwrap_or_else(|| default_format(&matches)),
            audit_log: named_last(&matches, AUDIT_LOG),
        };
        (cli, globals)
    }

    /// Runs the command.
    pub(crate) async fn run(self, globals: Globals) -> Result<ExitCode> {
        let ui = Ui {
            format: globals.format,
            is_quiet: self.quiet,
            is_verbose: self.verbose,
        };
        let context = Context::new(ui, globals.state_file)
            .with_audit_log(globals.audit_log, self.command.leaves_stdout(ui.format));
        match self.command {
            Command::Init(args) => init::run(&context, args),
            Command::Connection(command) => command.run(&context).await,
            Command::Role(command) => command.run(&context).await,
            Command::Issue(args) => issue::run(&context, args).await,
            Command::Lease(command) => command.run(&context).await,
            Command::Sweep(args) => sweep::run(&context, args).await,
            Command::Audit(args) => audit::run(&context, args),
            Command::Exec(args) => exec::run(&context, args).await,
            Command::Agent(args) => agent::run(&context, args).await,
            Command::Doctor(args) => doctor::run(&context, args).await,
            Command::Completions(args) => completions::run(&context, &args, command()),
        }
    }
}

/// The whole command line, as completions and tests see it too.
pub(crate) fn command() -> clap::Command {
    with_globals(Cli::command())
}

/// The state file that a command line names, as far as that line is written.
pub(crate) fn state_file(words: &[OsString]) -> Option<PathBuf> {
    let matches = command().ignore_errors(true).try_get_matches_from(words);
    named_last(&matches.ok()?, STATE_FILE)
}

/// Adds `--state FILE`, `--format FORMAT` and `--audit-log PLACE` to every command but those that have one of their own: `lease list --state`
/// filters, so the state file goes before it, and `issue --format` knows more formats.
fn with_globals(mut command: clap::Command) -> clap::Command {
    for (argument, order) in [
        (state_file_argument(), LAST),
        (format_argument(), LAST + 1),
        (audit_log_argument(), LAST + 2),
        (help_argument(), LAST + 5),
        (version_argument(), LAST + 6),
    ] {
        let has_own = command
            .get_arguments()
            .any(|own| own.get_long() == argument.get_long());
        if !has_own {
            command = command.arg(argument.help_heading(GLOBAL).display_order(order));
        }
    }
    command.mut_subcommands(with_globals)
}

/// Adds where the state file goes, where it was given as the state of `lease list --state`.
fn with_state_file_tip(mut error: clap::Error) -> clap::Error {
    let is_of_state = matches!(
        error.get(ContextKind::InvalidArg),
        Some(ContextValue::String(argument)) if argument.starts_with("--state ")
    );
    if error.kind() == ErrorKind::InvalidValue && is_of_state {
        let tip = "a state file goes before the command: pgcreds --state FILE lease list";
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

fn state_file_argument() -> Arg {
    Arg::new(STATE_FILE)
        .long("state")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("State file [env: PGCREDS_STATE] [default: $XDG_CONFIG_HOME/pgcreds/pgcreds.toml]")
}

fn format_argument() -> Arg {
    Arg::new(OUTPUT_FORMAT)
        .long("format")
        .value_name("FORMAT")
        .value_parser(value_parser!(Format))
        .help("How the result is printed [env: PGCREDS_FORMAT] [default: table]")
}

fn audit_log_argument() -> Arg {
    Arg::new(AUDIT_LOG)
        .long("audit-log")
        .value_name("PLACE")
        .value_parser(value_parser!(AuditLog))
        .value_hint(ValueHint::AnyPath)
        .help("Audit log: a file, stdout, stderr or syslog [default: $XDG_STATE_HOME/pgcreds/audit.jsonl]")
}

fn help_argument() -> Arg {
    Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help("Print help (see a summary with '-h')")
}

fn version_argument() -> Arg {
    Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help("Print version")
}

/// The value that stands last on the command line: an argument can be given before and after the command.
fn named_last<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Option<T> {
    let deeper = matches
        .subcommand()
        .and_then(|(_, matches)| named_last(matches, id));
    deeper.or_else(|| matches.try_get_one(id).ok().flatten().cloned())
}

/// `PGCREDS_FORMAT`, else a table. `issue` knows more formats and reads it itself.
fn default_format(matches: &ArgMatches) -> Format {
    let Some(name) = variable("PGCREDS_FORMAT") else {
        return Format::default();
    };
    let is_issue = matches.subcommand_name() == Some("issue");
    let is_for_issue = is_issue && CredentialFormat::from_str(&name, false).is_ok();
    match Format::from_str(&name, false) {
        Ok(format) => format,
        Err(_) if is_for_issue => Format::default(),
        Err(_) => {
            let message =
                format!("invalid value '{name}' for PGCREDS_FORMAT [possible values: table, json]");
            let kind = ErrorKind::InvalidValue;
            usage::exit(&command().error(kind, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    /// Help is not wrapped a second time on a terminal of 80 columns.
    #[test]
    fn what_a_command_says_of_itself_fits_a_terminal() {
        let mut commands = vec![command()];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            let text = command.get_long_about().map(ToString::to_string);
            // Without examples its paragraphs are single lines, which clap wraps.
            let verbatim = text.filter(|text| text.contains("Examples:"));
            for line in verbatim.unwrap_or_default().lines() {
                assert!(line.len() <= 76, "{}: {line}", command.get_name());
            }
        }
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
            assert_eq!(
                named_last(&matches, STATE_FILE),
                file.map(PathBuf::from),
                "{line}"
            );
        }
    }
}
