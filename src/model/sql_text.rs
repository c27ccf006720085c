//! Just enough of PostgreSQL's lexer to see where statements begin and which keywords they hold.
//!
//! It takes strings as the server does with `standard_conforming_strings = on`, which every session of pgcreds sets.

/// The keywords and unquoted names of one statement, in upper case.
pub(crate) type Words = Vec<String>;

/// Something that was opened and never closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unterminated(pub(crate) &'static str);

/// Splits SQL at its top-level `;` and returns the unquoted words of each statement that has any.
///
/// Quoted text, dollar-quoted bodies and comments count for nothing; `BEGIN ATOMIC … END` (PostgreSQL 14+) is one statement.
pub(crate) fn statements(sql: &str) -> Result<Vec<Words>, Unterminated> {
    let mut statements = Vec::new();
    let mut words = Words::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = if first == ';' {
            end_statement(&mut statements, &mut words);
            1
        } else if first.is_alphabetic() || first == '_' {
            let word = word(rest);
            words.push(word.to_uppercase());
            word.len()
        } else {
            quoted_length(rest, words.last().map(String::as_str))?.unwrap_or(first.len_utf8())
        };
        rest = &rest[length..];
    }
    end_statement(&mut statements, &mut words);
    Ok(statements)
}

/// Moves the collected words to the statements, or on to the next part of the same `BEGIN ATOMIC` body.
fn end_statement(statements: &mut Vec<Words>, words: &mut Words) {
    if words.is_empty() {
        return;
    }
    let part = std::mem::take(words);
    match statements.last_mut() {
        Some(open) if is_open_body(open) => open.extend(part),
        _ => statements.push(part),
    }
}

/// Whether a statement has a `BEGIN ATOMIC` whose `END` is still to come (`CASE … END` inside counts for itself).
fn is_open_body(words: &Words) -> bool {
    let begins = words
        .windows(2)
        .filter(|pair| pair[0] == "BEGIN" && pair[1] == "ATOMIC")
        .count();
    let count = |keyword: &str| words.iter().filter(|word| *word == keyword).count();
    begins > 0 && count("END") < begins + count("CASE")
}

/// The word at the start of `text`: a keyword, an unquoted name, or the `E` of an escape string.
fn word(text: &str) -> &str {
    let end = text
        .find(|character: char| {
            !(character.is_alphanumeric() || character == '_' || character == '$')
        })
        .unwrap_or(text.len());
    &text[..end]
}

/// The length of the quoted text or comment at the start of `text`, if there is one.
fn quoted_length(text: &str, word_before: Option<&str>) -> Result<Option<usize>, Unterminated> {
    if text.starts_with("--") {
        return Ok(Some(text.find('\n').unwrap_or(text.len())));
    }
    if text.starts_with("/*") {
        return comment_length(text).map(Some);
    }
    match text.as_bytes()[0] {
        b'\'' => string_length(text, word_before == Some("E")).map(Some),
        b'"' => delimited_length(text, '"', Unterminated("quoted identifier")).map(Some),
        b'$' => dollar_length(text),
        _ => Ok(None),
    }
}

/// Block comments nest.
fn comment_length(text: &str) -> Result<usize, Unterminated> {
    let mut depth = 0_u32;
    let mut at = 0;
    while at < text.len() {
        let tail = &text.as_bytes()[at..];
        if tail.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Ok(at);
            }
        } else {
            at += 1;
        }
    }
    Err(Unterminated("comment"))
}

/// A string; in an escape string (`E'…'`) a backslash takes the next character with it.
fn string_length(text: &str, with_escapes: bool) -> Result<usize, Unterminated> {
    let unterminated = Unterminated("quoted string");
    if !with_escapes {
        return delimited_length(text, '\'', unterminated);
    }
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '\'' => return Ok(at + 1),
            _ => {}
        }
    }
    Err(unterminated)
}

/// A text in quotes; a doubled quote just opens the next text at once.
fn delimited_length(text: &str, quote: char, error: Unterminated) -> Result<usize, Unterminated> {
    text[1..].find(quote).map(|at| at + 2).ok_or(error)
}

/// A dollar-quoted text, or nothing for a parameter such as `$1`.
fn dollar_length(text: &str) -> Result<Option<usize>, Unterminated> {
    let Some(end) = text[1..].find('$') else {
        return Ok(None);
    };
    let tag = &text[1..=end];
    let is_tag = !tag.starts_with(|character: char| character.is_ascii_digit())
        && tag
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_');
    if !is_tag {
        return Ok(None);
    }
    let delimiter = &text[..end + 2];
    text[delimiter.len()..]
        .find(delimiter)
        .map(|at| Some(at + 2 * delimiter.len()))
        .ok_or(Unterminated("dollar-quoted string"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first_words(sql: &str) -> Vec<String> {
        statements(sql)
            .unwrap()
            .into_iter()
            .map(|words| words[0].clone())
            .collect()
    }

    #[test]
    fn splits_outside_quotes_only() {
        for (sql, expected) in [
            ("", vec![]),
            (" ; ;", vec![]),
            ("select 1; commit", vec!["SELECT", "COMMIT"]),
            ("select ';commit;'", vec!["SELECT"]),
            ("select 'it''s;commit'", vec!["SELECT"]),
            (r"select E'\'; commit'", vec!["SELECT"]),
            (r"select '\'; commit", vec!["SELECT", "COMMIT"]),
            ("create role \"a;commit\"", vec!["CREATE"]),
            (
                "do $$ begin; commit; end $$; rollback",
                vec!["DO", "ROLLBACK"],
            ),
            ("do $a$ $$ ; commit $$ $a$", vec!["DO"]),
            ("select $1; commit", vec!["SELECT", "COMMIT"]),
            ("select 1 -- ; commit\n; abort", vec!["SELECT", "ABORT"]),
            (
                "select 1 /* ; /* commit */ ; */ ; end",
                vec!["SELECT", "END"],
            ),
            (
                "create function f() returns int begin atomic select case when true then 1 end; select 2; end; commit",
                vec!["CREATE", "COMMIT"],
            ),
        ] {
            assert_eq!(first_words(sql), expected, "{sql}");
        }
    }

    #[test]
    fn says_what_was_not_closed() {
        for (sql, what) in [
            ("select 'a", "quoted string"),
            ("select E'a\\'", "quoted string"),
            ("select \"a", "quoted identifier"),
            ("do $x$ a $y$", "dollar-quoted string"),
            ("/* a", "comment"),
        ] {
            assert_eq!(statements(sql), Err(Unterminated(what)), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(sql in "[a-zE'\"$;\\\\/*\\- \nä]{0,40}") {
            let _ = statements(&sql);
        }
    }
}
