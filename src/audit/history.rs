//! Reading the log's file back, with what was rotated away from it.

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::file::open_to_read;
use crate::failure::Failure;

/// What was read.
pub(crate) enum Seen {
    /// The fields of an event.
    Event(Map<String, Value>),
    /// A torn line, or one of somebody else; the text says where.
    Foreign(String),
}

/// Hands on each line, the oldest first: those of `FILE.2` before those of `FILE.1` before those of `FILE`, as logrotate
/// names them. A log that does not exist yet is empty.
pub(crate) fn each(path: &Path, visit: &mut dyn FnMut(Seen) -> Result<()>) -> Result<()> {
    let rotated = (1..)
        .map(|number| with_number(path, number))
        .take_while(|path| path.exists());
    let mut files: Vec<PathBuf> = rotated.collect();
    files.reverse();
    files.push(path.to_owned());
    for path in files {
        read(&path, visit)?;
    }
    Ok(())
}

fn with_number(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn read(path: &Path, visit: &mut dyn FnMut(Seen) -> Result<()>) -> Result<()> {
    let what = || {
        Failure::request(format!(
            "could not read the audit log \"{}\"",
            path.display()
        ))
    };
    let file = match open_to_read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened.with_context(what)?,
    };
    for (number, line) in BufReader::new(file).split(b'\n').enumerate() {
        let line = line.with_context(what)?;
        let seen = match serde_json::from_slice(&line) {
            Ok(Value::Object(fields)) if is_event(&fields) => Seen::Event(fields),
            _ => Seen::Foreign(format!("line {} of \"{}\"", number + 1, path.display())),
        };
        visit(seen)?;
    }
    Ok(())
}

fn is_event(fields: &Map<String, Value>) -> bool {
    ["time", "event", "outcome"]
        .iter()
        .all(|name| fields.get(*name).is_some_and(Value::is_string))
}
