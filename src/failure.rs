//! What can be told to a person when something fails, the exit code that goes with it, and the only place that prints it.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use crate::terminal::message;
use crate::usage;

/// Whose problem a failure is; scripts see it as the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request or the state file is wrong.
    Request,
    /// PostgreSQL could not be reached, or refused.
    Server,
    /// Some was done, some was not.
    Partial,
    /// Ctrl-C at a prompt.
    Interrupted,
}

impl Kind {
    /// The process's exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Server => 3,
            Self::Partial => 4,
            Self::Interrupted => 130,
        }
    }
}

/// A failure with its kind and, where there is one, the next step. Attached to errors as context.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure of the given kind; `message` is lower case without a full stop.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// The request or the state file is wrong.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(Kind::Request, message)
    }

    /// PostgreSQL could not be reached, or refused.
    pub(crate) fn server(message: impl Into<String>) -> Self {
        Self::new(Kind::Server, message)
    }

    /// Adds the next step: a full sentence, with the command to run.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts another next step in the place of that which it has.
    pub(crate) fn replace_hint(&mut self, hint: String) {
        self.hint = Some(hint);
    }

    /// The next step, where there is one.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Adds the next step where there is one.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The kind of an error; one without a [`Failure`] counts as a wrong request.
pub(crate) fn kind(error: &anyhow::Error) -> Kind {
    error
        .downcast_ref::<Failure>()
        .map_or(Kind::Request, |failure| failure.kind)
}

/// The next step, where the error has one.
pub(crate) fn hint(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Failure>()?.hint.as_deref()
}

/// The error and what caused it on one line, as machines get it.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    usage::hide(&format!("{error:#}").replace('\n', " "))
}

/// Prints `error:`, a `caused by:` per level and the `hint:` to stderr, and returns the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let mut text = String::new();
    let mut line = |what, said: &str| {
        text.push_str(&format!("{what}: {}\n", message(said)));
    };
    line("error", &error.to_string());
    for cause in error.chain().skip(1) {
        line("caused by", &cause.to_string());
    }
    if let Some(hint) = hint(error) {
        line("hint", hint);
    }
    // Nobody is left to tell when stderr cannot be written to.
    let _ = std::io::stderr().write_all(usage::hide(&text).as_bytes());
    ExitCode::from(kind(error).code())
}

/// The end of a "not found" hint: what exists, and the nearest of it.
pub(crate) fn existing<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    let near = names
        .clone()
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(3) / 3);
    let listed: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    match (near, listed.is_empty()) {
        (_, true) => None,
        (Some((_, near)), _) => Some(format!(
            "Did you mean \"{near}\"? There are {}.",
            listed.join(", ")
        )),
        (None, _) => Some(format!("There are {}.", listed.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_is_found_as_context_too() {
        let error = Err::<(), _>(std::io::Error::other("inner"))
            .context(Failure::server("outer").hint("Do this."))
            .unwrap_err();
        assert_eq!(kind(&error), Kind::Server);
        assert_eq!(one_line(&error), "outer: inner");
    }

    #[test]
    fn the_nearest_name_is_offered() {
        let names = ["app-role", "report"];
        let hint = |wanted| existing(wanted, names.into_iter()).unwrap();
        assert_eq!(
            hint("app-rolle"),
            "Did you mean \"app-role\"? There are \"app-role\", \"report\"."
        );
        assert_eq!(hint("zzz"), "There are \"app-role\", \"report\".");
        assert_eq!(existing("x", std::iter::empty()), None);
    }
}
