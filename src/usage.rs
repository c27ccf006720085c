//! What is wrong on the command line, told without repeating a password that was misplaced there.

use std::env::args_os;

use clap::Error;

use crate::model::redaction;

/// Prints what clap has to say, without the passwords of connection strings that it repeats.
pub(crate) fn exit(error: &Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let told = error.render().to_string();
    let shown = hide(&told);
    if shown == told {
        error.exit();
    }
    let message = shown.strip_prefix("error: ").unwrap_or(&shown);
    Error::raw(error.kind(), message).exit()
}

/// A text without the passwords of connection strings that are in it. Those among the arguments are known whole: their
/// passwords may have spaces.
pub(crate) fn hide(text: &str) -> String {
    let mut shown = text.to_owned();
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
    redaction::text(&shown)
}
