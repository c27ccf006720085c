//! Errors of the state file's text: by line and column, never with the text itself, which may be a password.

use std::ops::Range;
use std::path::Path;

use crate::failure::{Failure, existing};

/// Turns a TOML error into a message that holds no value and no source line.
pub(super) fn failure(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let place = error
        .span()
        .map(|span| place(text, &span))
        .unwrap_or_default();
    let (problem, hint) = explain(error.message());
    Failure::request(format!(
        "invalid state file \"{}\"{place}: {problem}",
        path.display()
    ))
    .maybe_hint(hint)
}

/// Line and column, both counted from one.
fn place(text: &str, span: &Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!(", line {line}, column {column}")
}

/// The problem without any value, and a hint for a key that is not known.
fn explain(message: &str) -> (String, Option<String>) {
    let message = message.lines().next().unwrap_or_default();
    if message.starts_with("unknown field") {
        let mut names = message.split('`').skip(1).step_by(2);
        let unknown = names.next().unwrap_or_default();
        return (
            format!("unknown key \"{unknown}\""),
            existing(unknown, names),
        );
    }
    if let Some(name) = message.strip_prefix("missing field") {
        return (
            format!("missing key {}", name.trim().replace('`', "\"")),
            None,
        );
    }
    // serde repeats the value that it found ("invalid type: string "hunter2", expected …").
    let has_value = ["invalid type", "invalid value", "invalid length"]
        .iter()
        .any(|start| message.starts_with(start));
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if has_value => (format!("expected {}", in_toml(expected)), None),
        _ if has_value => ("a value of the wrong type".to_owned(), None),
        _ => (message.to_owned(), None),
    }
}

/// What serde calls by its name in Rust, as a person who writes TOML knows it.
fn in_toml(expected: &str) -> &str {
    match expected {
        "i64" | "u32" => "a whole number",
        "a sequence" => "an array, in square brackets",
        "a map" => "a table",
        "path string" => "a string",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    fn message(text: &str) -> String {
        let error = toml::from_str::<State>(text).unwrap_err();
        let failure = failure(Path::new("/s"), text, &error);
        format!("{failure}")
    }

    #[test]
    fn places_and_problems_are_named() {
        for (text, expected) in [
            (
                "version = ",
                "invalid state file \"/s\", line 1, column 11: string values must be quoted, expected literal string",
            ),
            (
                "version = 1\nrols = 1",
                "invalid state file \"/s\", line 2, column 1: unknown key \"rols\"",
            ),
            (
                "version = 1\n[connections.a]\nurl = \"x\"\npasswrod = \"hunter2\"",
                "invalid state file \"/s\", line 4, column 1: unknown key \"passwrod\"",
            ),
            (
                "version = 1\n[connections.a]\nusername = \"u\"",
                "invalid state file \"/s\", line 2, column 1: missing key \"url\"",
            ),
            (
                "version = 1\n[connections.a]\nurl = \"x\"\npassword = 5",
                "invalid state file \"/s\", line 4, column 12: expected one of \"PASSWORD\", { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"PROGRAM\", \"ARGUMENT\"] } and { credential = \"NAME\" }",
            ),
            (
                "version = 1\n[connections.a]\nurl = \"x\"\npassword = {}",
                "invalid state file \"/s\", line 4, column 12: expected one of \"PASSWORD\", { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"PROGRAM\", \"ARGUMENT\"] } and { credential = \"NAME\" }",
            ),
            (
                "version = 1\n[connections.a]\nurl = \"x\"\npassword = { command = \"hunter2\" }",
                "invalid state file \"/s\", line 4, column 24: expected an array, in square brackets",
            ),
            (
                "version = 1\n[roles.a]\nconnection = \"c\"\nmax_ttl = true",
                "invalid state file \"/s\", line 4, column 11: expected a duration, like \"1h30m\" or 5400",
            ),
            (
                "version = 1\n[roles.a]\nconnection = \"c\"\nmax_ttl = \"hunter2\"",
                "invalid state file \"/s\", line 4, column 11: a duration is a number with a unit, like 90s, 15m, 1h30m or 7d, or whole seconds",
            ),
        ] {
            assert_eq!(message(text), expected, "{text}");
        }
    }

    #[test]
    fn no_value_is_ever_repeated() {
        for text in [
            "version = \"hunter2\"",
            "version = 1\nconnections = \"hunter2\"",
            "version = 1\n[connections.a]\nurl = [\"hunter2\"]",
            "version = 1\n[connections.a]\nurl = \"\"\npassword = hunter2",
            "version = 1\n[connections.a]\nurl = \"\"\npassword = \"hunter2",
            "version = 1\n[connections.a]\nurl = \"\"\nallowed_roles = \"hunter2, expected hunter2\"",
            "version = 1\n[roles.a]\nconnection = \"hunter2 hunter2\"",
            "version = 1\n[connections.a]\nurl = \"\"\npassword = \"hunter2\" \"hunter2\"",
            "version = 1\n[connections.a]\nurl = \"\"\npassword = \"\\hunter2\"",
        ] {
            let message = message(text);
            assert!(!message.contains("hunter2"), "{text}: {message}");
        }
    }
}
