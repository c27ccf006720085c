//! `NAME='value'` for a `.env` file.

use anyhow::Result;

use super::{lines, unrepresentable};
use crate::model::credentials::Credentials;

/// Readers of `.env` files expand `${NAME}` even inside single quotes, and know no way to write it.
pub(super) fn render(credentials: &Credentials) -> Result<String> {
    if credentials
        .variables()
        .iter()
        .any(|(_, value)| value.expose().contains("${"))
    {
        return Err(unrepresentable(
            "a .env file cannot hold a value with \"${\" in it",
        ));
    }
    Ok(lines(credentials, |name, value| {
        format!("{name}={}", quote(value))
    }))
}

/// Inside single quotes python-dotenv knows `\\` and `\'`.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}
