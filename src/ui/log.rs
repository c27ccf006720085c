//! The agent's log: one line an event, on stderr. Lines have no time of their own: journald and Kubernetes stamp each.

use std::io::Write as _;

use serde_json::{Map, Value};

use crate::terminal::{json, visible};

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// event name=value …
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Writes events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
}

impl Log {
    /// Writes one event with what belongs to it.
    pub(crate) fn event(self, event: &str, fields: &[(&str, &str)]) {
        let line = match self.format {
            LogFormat::Json => {
                let mut object = Map::new();
                object.insert("event".into(), event.into());
                object.extend(
                    fields
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), Value::from(*value))),
                );
                json(&Value::from(object).to_string()).into_owned()
            }
            LogFormat::Text => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| format!(" {name}={}", quote(&visible(value))));
                event.to_owned() + &fields.collect::<String>()
            }
        };
        // Nobody is left to tell when stderr cannot be written to.
        // One write: what a program of on_change prints must not end up in the midst of a line.
        let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}

/// A value with white space or quotes in it is written as a JSON string.
fn quote(value: &str) -> String {
    let is_plain = !value.is_empty()
        && !value.contains(|character: char| character.is_whitespace() || character == '"');
    if is_plain {
        value.to_owned()
    } else {
        Value::from(value).to_string()
    }
}
