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

#[cfg(test)]
mod tests {
    use super::*;

    /// What PowerShell reads between single quotes: two of its quotes in a row are one, the rest stands for itself.
    fn read(quoted: &str) -> Option<String> {
        let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
        let mut text = String::new();
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            // A quote that stands alone would end the text.
            if QUOTES.contains(&character) && !characters.next().is_some_and(is_quote) {
                return None;
            }
            text.push(character);
        }
        Some(text)
    }

    fn is_quote(character: char) -> bool {
        QUOTES.contains(&character)
    }

    #[test]
    fn powershell_reads_back_what_was_quoted() {
        for text in [
            "",
            "a b\"$x`n\\#%:{}",
            "it's",
            "\u{2018}a\u{2019}\u{201a}\u{201b}''",
            "ü€",
        ] {
            assert_eq!(read(&quote(text)).as_deref(), Some(text));
        }
    }
}
