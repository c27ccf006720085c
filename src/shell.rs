//! Words of a shell, for the commands that a hint shows.

use std::borrow::Cow;
use std::ffi::OsStr;

/// A text as one word of a POSIX shell: as it stands where that is safe, else quoted.
pub(crate) fn word(text: impl AsRef<OsStr>) -> String {
    let text = text.as_ref().to_string_lossy();
    // A text with a NUL is no word of any shell.
    shlex::try_quote(&text).map_or_else(|_| "''".to_owned(), Cow::into_owned)
}

/// A text as an argument of a command, whatever it begins with; options have to come before it.
pub(crate) fn argument(text: impl AsRef<OsStr>) -> String {
    let word = word(text);
    match word.starts_with('-') {
        true => format!("-- {word}"),
        false => word,
    }
}
