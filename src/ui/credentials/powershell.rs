//! `$env:NAME = 'value'` for PowerShell.

use super::lines;
use crate::model::credentials::Credentials;

/// What PowerShell takes for a single quote. (about_Quoting_Rules; the language's `single-quote-char`)
const QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

pub(super) fn render(credentials: &Credentials) -> String {
    lines(credentials, |name, value| {
        format!("$env:{name} = {}", quote(value))
    })
}

/// Inside single quotes a doubled quote is one.
fn quote(value: &str) -> String {
    let mut quoted = String::from("'");
    for character in value.chars() {
        if QUOTES.contains(&character) {
            quoted.push(character);
        }
        quoted.push(character);
    }
    quoted.push('\'');
    quoted
}
