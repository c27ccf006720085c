//! `export NAME='value'` for a POSIX shell.

use super::lines;
use crate::model::credentials::Credentials;

pub(super) fn render(credentials: &Credentials) -> String {
    lines(credentials, |name, value| {
        format!("export {name}={}", quote(value))
    })
}

/// Nothing is special inside single quotes but the quote itself. (POSIX, "Shell Command Language", 2.2.2)
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
