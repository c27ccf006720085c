//! Lists that can be long: JSON is written item by item, tables in parts, so that memory stays bounded.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;

use super::{Format, table};
use crate::terminal::json as escaped;

/// Rows of one part of a table.
const PART: usize = 1_000;

/// A list that is being written to stdout.
pub(crate) struct List {
    format: Format,
    columns: &'static [&'static str],
    /// Rows of the part that has not been written yet.
    rows: Vec<Value>,
    count: usize,
    /// `None` once the reader has gone away, which is no error for a list.
    stdout: Option<BufWriter<Stdout>>,
}

impl List {
    pub(super) fn new(format: Format, columns: &'static [&'static str]) -> Self {
        Self {
            format,
            columns,
            rows: Vec::new(),
            count: 0,
            stdout: Some(BufWriter::with_capacity(1 << 16, io::stdout())),
        }
    }

    /// Adds an item.
    pub(crate) fn push<T: Serialize>(&mut self, item: &T) -> Result<()> {
        let separator = if self.count == 0 { "[\n  " } else { ",\n  " };
        self.count += 1;
        match self.format {
            Format::Json => {
                let json = serde_json::to_string_pretty(item).context("could not write JSON")?;
                self.write(separator)?;
                self.write(&escaped(&json).replace('\n', "\n  "))
            }
            Format::Table => {
                self.rows
                    .push(serde_json::to_value(item).context("could not make a table row")?);
                if self.rows.len() == PART {
                    self.write_part()
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Ends the list; an empty one is an empty array, or a table with nothing but its header.
    pub(crate) fn finish(mut self) -> Result<()> {
        match self.format {
            Format::Json if self.count == 0 => self.write("[]\n")?,
            Format::Json => self.write("\n]\n")?,
            Format::Table if self.count == 0 || !self.rows.is_empty() => self.write_part()?,
            Format::Table => {}
        }
        let Some(mut stdout) = self.stdout.take() else {
            return Ok(());
        };
        quiet_about_readers(stdout.flush()).map(|_| ())
    }

    fn write_part(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.write(&table::rows(&rows, self.columns))
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if let Some(stdout) = &mut self.stdout {
            let is_read = quiet_about_readers(stdout.write_all(text.as_bytes()))?;
            if !is_read {
                self.stdout = None;
            }
        }
        Ok(())
    }
}

/// Whether somebody still reads; other failures are errors.
fn quiet_about_readers(result: io::Result<()>) -> Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("could not write to stdout"),
    }
}
