//! Completion that the shell asks for while a command line is typed (`COMPLETE=bash pgcreds` prints the script that does).
//! It reads the state file and nothing else: it never connects, asks or prints an error.

use std::collections::BTreeMap;
use std::env::{args_os, current_dir};
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use clap::builder::ValueParser;
use clap::{Arg, Command, value_parser};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use crate::cli;
use crate::context::Context;
use crate::environment::variable;
use crate::model::name::{ConnectionName, FileName, RoleName};
use crate::state::State;
use crate::ui::{Format, Ui};

/// Answers a shell that asks for completions. `None` when nobody asks, which is found out from one variable.
pub(crate) fn answer() -> Option<ExitCode> {
    let shell = variable("COMPLETE")?;
    // Some other program's variable must not get in a command's way.
    Shells::builtins().completer(Path::new(&shell).file_stem()?.to_str()?)?;
    let answered = CompleteEnv::with_factory(|| with_names(cli::command()))
        .try_complete(args_os(), current_dir().ok().as_deref());
    Some(match answered {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// Makes every argument that takes a role, a connection or a file complete those of the state file.
fn with_names(command: Command) -> Command {
    let makes_new = command.get_name() == "add";
    command
        .mut_args(|argument| match names_of(&argument) {
            // The name of what is being added is a new one.
            Some(names) if !(makes_new && argument.is_positional()) => {
                argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
                    candidates(names, typed)
                }))
            }
            _ => argument,
        })
        .mut_subcommands(with_names)
}

/// The names that an argument takes, known by its type.
fn names_of(argument: &Arg) -> Option<fn(&State) -> Vec<String>> {
    let is = |parser: ValueParser| argument.get_value_parser().type_id() == parser.type_id();
    if is(value_parser!(RoleName).into()) {
        Some(|state| keys(&state.roles))
    } else if is(value_parser!(ConnectionName).into()) {
        Some(|state| keys(&state.connections))
    } else if is(value_parser!(FileName).into()) {
        Some(|state| keys(&state.files))
    } else {
        None
    }
}

fn keys<K: Display, V>(map: &BTreeMap<K, V>) -> Vec<String> {
    map.keys().map(ToString::to_string).collect()
}

fn candidates(names: fn(&State) -> Vec<String>, typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let state = state();
    let names = state.as_ref().map(names).unwrap_or_default();
    names
        .into_iter()
        .filter(|name| name.starts_with(typed))
        .map(CompletionCandidate::new)
        .collect()
}

/// The state file that the typed line would use.
fn state() -> Option<State> {
    // The shell hands the line over after `--`.
    let words: Vec<OsString> = args_os().skip_while(|word| word != "--").skip(1).collect();
    let ui = Ui {
        format: Format::default(),
        is_quiet: true,
        is_verbose: false,
    };
    Context::new(ui, cli::state_file(&words)).state().ok()
}
