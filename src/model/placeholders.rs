//! Vault's placeholders, `{{name}}`, in the text of statements.

use crate::model::name::RANDOM_CHARACTERS;

/// A placeholder's place in a text.
pub(super) struct Placeholder<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) name: &'a str,
}

impl Placeholder<'_> {
    /// Whether it stands alone in quotes of its own.
    pub(super) fn is_in_quotes(&self, text: &str) -> bool {
        let (before, after) = (&text[..self.start], &text[self.end..]);
        ['"', '\'']
            .iter()
            .any(|quote| before.ends_with(*quote) && after.starts_with(*quote))
    }
}

/// All placeholders of a text, in order; spaces inside the braces are accepted, and `{{1,2},{3,4}}` is an array, not a
/// placeholder.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = Placeholder<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = next_placeholder(text, from)?;
        from = found.end;
        Some(found)
    })
}

fn next_placeholder(text: &str, mut from: usize) -> Option<Placeholder<'_>> {
    while let Some(start) = text[from..].find("{{").map(|at| from + at) {
        let inside = &text[start + 2..];
        let name = inside.find("}}").map(|end| &inside[..end]);
        if let Some(name) = name.filter(|name| is_name(name.trim())) {
            return Some(Placeholder {
                start,
                end: start + 2 + name.len() + 2,
                name: name.trim(),
            });
        }
        from = start + 1;
    }
    None
}

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(is_part) && text.starts_with(|first: char| !first.is_ascii_digit())
}

/// Whether a character can stand inside `"…"`, `'…'`, `E'…'` and `$$…$$` as it is.
pub(super) fn is_quotable(character: char) -> bool {
    (character == ' ' || character.is_ascii_graphic())
        && !['"', '\'', '\\', '$'].contains(&character)
}

/// Whether a `username_template` can have made a name that goes into renew and revocation statements. Those may take it for
/// a part of further SQL: there it must neither be more than one word, nor be folded to the name of another role.
pub(super) fn is_template_made(name: &str) -> bool {
    const JOINTS: [char; 3] = ['-', '.', '@'];
    let is_good =
        |part: char| part.is_ascii_alphanumeric() || part == '_' || JOINTS.contains(&part);
    let is_random = |part: char| part.is_ascii_lowercase() || part.is_ascii_digit();
    let mut words = name.split(|part| !is_random(part));
    name.chars().all(is_good)
        && words.any(|word| word.len() >= RANDOM_CHARACTERS)
        && (name.contains(JOINTS) || !name.contains(|part: char| part.is_ascii_uppercase()))
}
