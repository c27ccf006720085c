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

/// JSON, in which the same characters are escaped as JSON does it: for a parser it is the same value. They can only be
/// in its strings.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if is_hidden(character) {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            escaped.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Control characters, those that Unicode has for the direction of text and for lines (UAX #9, 2; Core, 23.1), and those
/// that show nothing, by which two names look the same (UTS #39, 5; Core, 23.9).
fn is_hidden(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let shows_nothing = matches!(
        character,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    turns || shows_nothing || (character.is_control() && character != '\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown() {
        assert_eq!(visible("Ünï \"x\"\n  y"), "Ünï \"x\"\n  y");
        assert_eq!(visible("a\x1b[2Jb\r"), "a\\u{1b}[2Jb\\u{d}");
        assert_eq!(visible("\u{9b}\u{7f}"), "\\u{9b}\\u{7f}");
        assert_eq!(visible("x\u{202e}y\u{2066}"), "x\\u{202e}y\\u{2066}");
    }
    #[test]
    fn json_has_escapes_of_its_own() {
        let text = serde_json::to_string("a\u{9b}\u{7f}\\\u{202e}\n\u{e0041}Ü").unwrap();
        assert_eq!(json(&text), r#""a\u009b\u007f\\\u202e\n\udb40\udc41Ü""#);
    }

    proptest! {
        #[test]
        fn json_stays_the_same_value(
            texts in prop::collection::vec("([\\PC\\pC\\\\\"]|[\u{80}-\u{9f}\u{200b}-\u{202e}\u{2060}-\u{206f}]){0,20}", 0..4),
        ) {
            let text = serde_json::to_string_pretty(&texts).unwrap();
            let escaped = json(&text);
            prop_assert!(!escaped.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), texts);
        }
    }
}
