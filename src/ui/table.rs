//! Tables for people, made from the very values that become JSON, so that the two cannot disagree.

use anyhow::{Context as _, Result};
use comfy_table::{LineStyle, Table, TableStyle};
use serde::Serialize;
use serde_json::Value;

use crate::model::ttl::Ttl;
use crate::terminal::visible;

/// A row for each item with the given fields as columns.
pub(super) fn rows(items: &[Value], columns: &[&str]) -> String {
    let mut table = table();
    table.set_header(columns.iter().map(|column| title(column)));
    for item in items {
        table.add_row(columns.iter().map(|column| field(column, &item[*column])));
    }
    finish(&table)
}

/// A row for each field of one item.
pub(super) fn fields<T: Serialize>(item: &T) -> Result<String> {
    let mut table = table();
    let value = serde_json::to_value(item).context("could not make a table")?;
    for (name, value) in value.as_object().into_iter().flatten() {
        table.add_row([title(name), field(name, value)]);
    }
    Ok(finish(&table))
}

/// No lines but one below the header: what is copied from a cell has no frame in it.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table that is as wide as its content: a name or a password must never be broken into two lines.
fn table() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table
}

fn finish(table: &Table) -> String {
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// The end of the names of durations, which are whole seconds for machines.
const SECONDS: &str = "_seconds";

/// A field's name as a person reads it.
fn title(name: &str) -> String {
    name.strip_suffix(SECONDS).unwrap_or(name).replace('_', " ")
}

/// A field as a person reads it: durations with their units.
fn field(name: &str, value: &Value) -> String {
    let duration = name.ends_with(SECONDS).then(|| value.to_string().parse());
    match duration {
        Some(Ok::<Ttl, _>(duration)) => duration.to_string(),
        _ => cell(value),
    }
}

/// A text in one line, in which nothing acts on the terminal.
pub(crate) fn printable(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

/// A value as a person reads it.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    printable(&text)
}
