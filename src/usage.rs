//! Ends the process with what is wrong on the command line, or with the help that was asked for.

use std::env::args_os;

use clap::Error;

use crate::model::redaction;

/// Prints what clap has to say, without the passwords of connection strings that it repeats.
pub(crate) fn exit(error: &Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let told = error.render().to_string();
    let mut shown = told.clone();
    for argument in args_os() {
        let argument = argument.to_string_lossy();
        let (_, value) = argument.split_once('=').unwrap_or_default();
        for word in [&argument, value] {
            let hidden = redaction::word(word);
            if hidden != word {
                shown = shown.replace(word, &hidden);
            }
        }
    }
    shown = redaction::text(&shown);
    if shown == told {
        error.exit();
    }
    let message = shown.strip_prefix("error: ").unwrap_or(&shown);
    Error::raw(error.kind(), message).exit()
}
