//! What may go to a terminal: names, comments and messages are other people's texts.

use std::borrow::Cow;

/// A text in which nothing can move the cursor, change colours or turn the reading order: such characters are shown as
/// `\u{…}`. Ends of lines stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|character| match is_hidden(character) {
        true => character.escape_unicode().to_string(),
        false => character.to_string(),
    });
    Cow::Owned(shown.collect())
}

/// A message of one or more lines: none of somebody else's looks like one of ours.
pub(crate) fn message(text: &str) -> String {
    visible(text).replace('\n', "\n  ")
}

/// Control characters, and those that Unicode has for the direction of text and for lines (UAX #9, 2; Core, 23.1).
fn is_hidden(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    turns || (character.is_control() && character != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown() {
        assert_eq!(visible("Ünï \"x\"\n  y"), "Ünï \"x\"\n  y");
        assert_eq!(visible("a\x1b[2Jb\r"), "a\\u{1b}[2Jb\\u{d}");
        assert_eq!(visible("\u{9b}\u{7f}"), "\\u{9b}\\u{7f}");
        assert_eq!(visible("x\u{202e}y\u{2066}"), "x\\u{202e}y\\u{2066}");
    }
}
