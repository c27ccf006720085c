//! `set -gx NAME 'value'` for fish.

use super::lines;
use crate::model::credentials::Credentials;

pub(super) fn render(credentials: &Credentials) -> String {
    lines(credentials, |name, value| {
        format!("set -gx {name} {}", quote(value))
    })
}

/// Inside single quotes fish knows `\\` and `\'`. (fish documentation, "Quotes")
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}
