//! The only printer: stdout is the product, stderr is talk.

pub(crate) mod credentials;
mod list;
mod log;
mod progress;
pub(crate) mod prompt;
mod stdout;
mod table;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::terminal::{json, message};
pub(crate) use list::List;
pub(crate) use log::{Log, LogFormat};
pub(crate) use progress::Bar;
pub(crate) use stdout::{Stream, is_stdout_closed, write_line};
pub(crate) use table::printable;

/// How the product is written; it never depends on whether stdout is a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For machines; a contract
    Json,
}

/// Where all output goes through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    pub(crate) format: Format,
    pub(crate) is_quiet: bool,
    pub(crate) is_verbose: bool,
}

impl Ui {
    /// Writes a list: a table with these columns, or a JSON array.
    pub(crate) fn list<T: Serialize>(
        self,
        items: &[T],
        columns: &'static [&'static str],
    ) -> Result<()> {
        let mut list = self.begin_list(columns);
        for item in items {
            list.push(item)?;
        }
        list.finish()
    }

    /// Begins a list whose items are written as they come.
    pub(crate) fn begin_list(self, columns: &'static [&'static str]) -> List {
        List::new(self.format, columns)
    }

    /// Writes one thing: a table of its fields, or a JSON object.
    pub(crate) fn object<T: Serialize>(self, item: &T) -> Result<()> {
        stdout::write(&rendered(item, self.format)?)
    }

    /// Writes what was done for machines; people have read it as a status.
    pub(crate) fn result<T: Serialize>(self, item: &T) -> Result<()> {
        match self.format {
            Format::Table => Ok(()),
            Format::Json => self.object(item),
        }
    }

    /// Writes a finished text to stdout.
    pub(crate) fn text(self, text: &str) -> Result<()> {
        stdout::write(text)
    }

    /// Writes a finished text to stdout, and fails when it could not be delivered.
    pub(crate) fn deliver(self, text: &str) -> std::io::Result<()> {
        stdout::deliver(text)
    }

    /// Tells a person what was done.
    pub(crate) fn status(self, text: &str) {
        if !self.is_quiet {
            talk("", text);
        }
    }

    /// Tells a person what pgcreds is doing, when asked to.
    pub(crate) fn detail(self, text: &str) {
        if self.is_verbose {
            talk("", text);
        }
    }

    /// Warns; also under `--quiet`.
    pub(crate) fn warn(self, text: &str) {
        talk("warning: ", text);
    }

    /// Whether stdout is read by a person: elsewhere the talk says what a script keeps to itself.
    pub(crate) fn is_shown(self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Whether a progress bar would be seen by a person.
    pub(crate) fn shows_progress(self) -> bool {
        !self.is_quiet && std::io::stderr().is_terminal()
    }
}

/// The text of one thing: a table of its fields, or a JSON object.
pub(crate) fn rendered<T: Serialize>(item: &T, format: Format) -> Result<String> {
    match format {
        Format::Table => table::fields(item),
        Format::Json => to_json(item),
    }
}

/// Warns; of the same thing only once in a run, however often it is met.
pub(crate) fn warn_once(text: &str) {
    static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let is_new = WARNED
        .lock()
        .map_or(true, |mut warned| warned.insert(text.to_owned()));
    if is_new {
        talk("warning: ", text);
    }
}

fn talk(prefix: &str, text: &str) {
    // Nobody is left to tell when stderr cannot be written to.
    let text = message(text);
    let _ = writeln!(std::io::stderr(), "{prefix}{text}");
}

fn to_json<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_json::to_string_pretty(value).context("could not write JSON")?;
    Ok(json(&text).into_owned() + "\n")
}

/// A value as JSON on one line, in which nothing acts on a terminal.
pub(crate) fn json_line<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_json::to_string(value).context("could not write JSON")?;
    Ok(json(&text).into_owned())
}
