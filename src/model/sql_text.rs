//! Just enough of PostgreSQL's lexer to tell words from what is quoted and what is commented out.
//!
//! It takes strings as the server does with `standard_conforming_strings = on`, which every session of pgcreds sets.

/// Something that was opened and never closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unterminated(pub(crate) &'static str);

const QUOTED_STRING: Unterminated = Unterminated("quoted string");

/// A piece of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword or an unquoted name.
    Word(&'a str),
    /// A string or a name in quotes of any kind.
    Quoted,
    Comment,
    /// Anything else: white space, an operator's character, a digit.
    Other(char),
}

/// Takes SQL apart.
pub(super) fn tokens(sql: &str) -> impl Iterator<Item = Result<Token<'_>, Unterminated>> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let token = token(rest, first);
        let length = token.as_ref().map_or(rest.len(), |(_, length)| *length);
        rest = &rest[length..];
        Some(token.map(|(token, _)| token))
    })
}

/// The token at the start of `text`, and its length.
fn token(text: &str, first: char) -> Result<(Token<'_>, usize), Unterminated> {
    let quoted = |length| (Token::Quoted, length);
    let comment = |length| (Token::Comment, length);
    if is_name_start(first) {
        let word = word(text);
        if word.eq_ignore_ascii_case("E") && text[1..].starts_with('\'') {
            return Ok(quoted(1 + escape_string_length(&text[1..])?));
        }
        return Ok((Token::Word(word), word.len()));
    }
    if text.starts_with("--") {
        return Ok(comment(line_length(text)));
    }
    if text.starts_with("/*") {
        return comment_length(text).map(comment);
    }
    let other = (Token::Other(first), first.len_utf8());
    match first {
        '\'' => delimited_length(text, '\'', QUOTED_STRING).map(quoted),
        '"' => delimited_length(text, '"', Unterminated("quoted identifier")).map(quoted),
        '$' => Ok(dollar_quoted_length(text)?.map_or(other, quoted)),
        _ => Ok(other),
    }
}

/// Whether a name or keyword can begin so: `ident_start` in PostgreSQL's scan.l, for which all but ASCII is a letter.
fn is_name_start(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || !character.is_ascii()
}

/// The keyword or unquoted name at the start of `text`.
fn word(text: &str) -> &str {
    let is_part = |character: char| {
        is_name_start(character) || character.is_ascii_digit() || character == '$'
    };
    let end = text.find(|character| !is_part(character));
    &text[..end.unwrap_or(text.len())]
}

/// The rest of the line, without its end.
fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
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

/// An escape string from its quote on, with the parts that follow on further lines: a backslash takes the next character
/// with it in all of them.
fn escape_string_length(text: &str) -> Result<usize, Unterminated> {
    let mut end = escape_part_length(text)?;
    while let Some(gap) = gap_length(&text[end..]) {
        end += gap;
        end += escape_part_length(&text[end..])?;
    }
    Ok(end)
}

fn escape_part_length(text: &str) -> Result<usize, Unterminated> {
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
    Err(QUOTED_STRING)
}

/// What lies between two parts of the same string: nothing (a doubled quote), or white space and comments with an end of
/// line among them (PostgreSQL's documentation, 4.1.2.1).
fn gap_length(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut has_line_end = false;
    loop {
        let rest = &text[at..];
        at += match rest.chars().next()? {
            '\'' if has_line_end || at == 0 => return Some(at),
            '\n' | '\r' => {
                has_line_end = true;
                1
            }
            ' ' | '\t' | '\x0b' | '\x0c' => 1,
            '-' if rest.starts_with("--") => line_length(rest),
            _ => return None,
        };
    }
}

/// A text in quotes; a doubled quote just opens the next text at once.
fn delimited_length(text: &str, quote: char, error: Unterminated) -> Result<usize, Unterminated> {
    text[1..].find(quote).map(|at| at + 2).ok_or(error)
}

/// The length of a dollar-quoted text, or nothing for a parameter such as `$1`.
fn dollar_quoted_length(text: &str) -> Result<Option<usize>, Unterminated> {
    let Some(end) = text[1..].find('$') else {
        return Ok(None);
    };
    let tag = &text[1..=end];
    let is_tag = tag.is_empty() || (tag.starts_with(is_name_start) && word(tag) == tag);
    if !is_tag {
        return Ok(None);
    }
    let delimiter = &text[..end + 2];
    let inside = &text[delimiter.len()..];
    let length = inside
        .find(delimiter)
        .ok_or(Unterminated("dollar-quoted string"))?;
    Ok(Some(length + 2 * delimiter.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::sql_statements::statements;

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
            // The E of an escape string stands directly before its quote, and is no end of a name.
            (r"select E '\'; commit; --'", vec!["SELECT", "COMMIT"]),
            (r"select E/**/'\'; commit; --'", vec!["SELECT", "COMMIT"]),
            (r"select nameE'\'; commit; --'", vec!["SELECT", "COMMIT"]),
            (r"select €E'\'; commit; --'", vec!["SELECT", "COMMIT"]),
            (r"select e'''\'; commit; --'", vec!["SELECT"]),
            // Its parts on further lines are escape strings too.
            (
                "select E'a' -- b\n '\\''; commit; --'",
                vec!["SELECT", "COMMIT"],
            ),
            ("select E'a' '\\'; commit; --'", vec!["SELECT", "COMMIT"]),
            (r"select U&'\'; commit; --'", vec!["SELECT", "COMMIT"]),
            (r"select N'\'; commit; --'", vec!["SELECT", "COMMIT"]),
            (r"select B'\'; commit; --'", vec!["SELECT", "COMMIT"]),
            ("select 1 as U&\"a;b\"; commit", vec!["SELECT", "COMMIT"]),
            ("create role \"a;commit\"", vec!["CREATE"]),
            (
                "do $$ begin; commit; end $$; rollback",
                vec!["DO", "ROLLBACK"],
            ),
            ("do $a$ $$ ; commit $$ $a$", vec!["DO"]),
            ("do $ä€$ ; commit $ä€$; end", vec!["DO", "END"]),
            ("select $1; commit", vec!["SELECT", "COMMIT"]),
            ("select $1$a$; commit $a$", vec!["SELECT"]),
            // A name may hold a dollar sign, and every character that is not ASCII.
            ("select a$b$; commit; --$b$", vec!["SELECT", "COMMIT"]),
            ("select €$b$; commit; --$b$", vec!["SELECT", "COMMIT"]),
            ("select 1 -- ; commit\n; abort", vec!["SELECT", "ABORT"]),
            ("select 1 -- ;\r; commit", vec!["SELECT", "COMMIT"]),
            ("select 1 /*/ ; */ ; commit", vec!["SELECT", "COMMIT"]),
            (
                "select 1 /* ; /* commit */ ; */ ; end",
                vec!["SELECT", "END"],
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
        fn no_text_makes_it_panic(sql in "[a-zE'\"$;\\r\\\\/*\\- \nä]{0,40}") {
            let _ = statements(&sql);
        }
    }
}
