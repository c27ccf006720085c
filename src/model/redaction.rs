//! Takes the passwords of connection strings out of texts that are shown: a string that was pasted in the wrong place is
//! repeated by the error that refuses it.

/// A text in which the words that are connection strings have no password any more.
pub(crate) fn text(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(word)
        .collect()
}

/// The same for a text that is a single connection string, or an argument that ends with one: its password may have spaces.
pub(crate) fn word(word: &str) -> String {
    let end = word.trim_end().len();
    let (word, space) = word.split_at(end);
    // What was taken for a path has lost a slash. A password that nobody encoded may have any characters, so the last "@" is
    // its end.
    let user = word.find(":/").map_or(end, |scheme| scheme + 2);
    let colon = word[user..].find(':').map(|at| user + at + 1);
    let hidden = match (colon, word.rfind('@')) {
        (Some(start), Some(end)) if start <= end => {
            format!("{}***{}", &word[..start], &word[end..])
        }
        _ => word.to_owned(),
    };
    match hidden.find("password=") {
        Some(key) => format!("{}password=***{space}", &hidden[..key]),
        None => hidden + space,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_lose_their_password() {
        for (shown, hidden) in [
            ("postgresql://u:p@h/db", "postgresql://u:***@h/db"),
            ("postgresql://u:p@:/ü@h:1/db", "postgresql://u:***@h:1/db"),
            (
                "'postgres://u:p@h/db' found",
                "'postgres://u:***@h/db' found",
            ),
            ("--url=postgresql://:p@h", "--url=postgresql://:***@h"),
            ("/home/postgresql:/u:p@h", "/home/postgresql:/u:***@h"),
            (
                "a\npostgresql://h?password=p\nb",
                "a\npostgresql://h?password=***\nb",
            ),
        ] {
            assert_eq!(text(shown), hidden);
        }
        assert_eq!(word("postgresql://u:a b@h"), "postgresql://u:***@h");
        assert_eq!(word("host=h password='a b'"), "host=h password=***");
    }

    #[test]
    fn all_else_stays() {
        for shown in [
            "",
            "could not connect to \"a\" at h:5432, as \"b@c\"\n",
            "postgresql://u@h:5432/db",
            "postgresql://[::1]:5432/db",
            "see https://example.com/a:b",
            " password = { file = \"x\" }",
        ] {
            assert_eq!(text(shown), shown);
        }
    }
}
