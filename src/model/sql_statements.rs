//! Where statements begin and which keywords they hold, as far as it has to be known of an administrator's SQL. Where it can be
//! read in more than one way, more statements are seen, not fewer.

use crate::model::sql_text::{Token, Unterminated, tokens};

/// The keywords and unquoted names of one statement, in upper case.
pub(super) type Words = Vec<String>;

/// Splits SQL at each `;` and returns the unquoted words of each statement that has any.
///
/// Quoted text, dollar-quoted bodies and comments count for nothing. The statements of a `BEGIN ATOMIC … END` (PostgreSQL 14+)
/// count like others, and its `END` for nothing.
pub(super) fn statements(sql: &str) -> Result<Vec<Words>, Unterminated> {
    let mut splitter = Splitter::default();
    for token in tokens(sql) {
        splitter.add(token?);
    }
    splitter.end_statement();
    Ok(splitter.statements)
}

/// What was found so far.
#[derive(Default)]
struct Splitter {
    statements: Vec<Words>,
    words: Words,
    /// Parentheses that are open.
    depth: usize,
    /// Whether nothing has come since a `BEGIN` outside parentheses.
    is_after_begin: bool,
    /// Whether the `END` of a routine's body is still to come.
    is_in_body: bool,
}

impl Splitter {
    fn add(&mut self, token: Token<'_>) {
        let was_after_begin = std::mem::take(&mut self.is_after_begin);
        match token {
            Token::Word(word) => {
                let word = word.to_uppercase();
                self.is_after_begin = word == "BEGIN" && self.depth == 0;
                let begins_body = was_after_begin && word == "ATOMIC" && makes_routine(&self.words);
                self.words.push(word);
                if begins_body {
                    self.end_statement();
                    self.is_in_body = true;
                }
            }
            Token::Other(';') => self.end_statement(),
            Token::Other('(') => self.depth += 1,
            Token::Other(')') => self.depth = self.depth.saturating_sub(1),
            Token::Comment => self.is_after_begin = was_after_begin,
            Token::Other(other) => {
                self.is_after_begin = was_after_begin && other.is_ascii_whitespace();
            }
            Token::Quoted => {}
        }
    }

    /// Keeps the collected words. In a body each statement is followed by a `;`, so that its `END` stands alone, unlike that of
    /// a `CASE`; any other ends a transaction.
    fn end_statement(&mut self) {
        let words = std::mem::take(&mut self.words);
        if self.is_in_body && words == ["END"] {
            self.is_in_body = false;
        } else if !words.is_empty() {
            self.statements.push(words);
        }
    }
}

/// Whether a statement that begins so makes a routine, which can have a body.
fn makes_routine(words: &[String]) -> bool {
    let first: Vec<&str> = words.iter().take(4).map(String::as_str).collect();
    matches!(
        first[..],
        ["CREATE", "FUNCTION" | "PROCEDURE", ..]
            | ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statements with their words, `|` between them.
    fn split(sql: &str) -> String {
        let statements = statements(sql).unwrap();
        let statements = statements.iter().map(|words| words.join(" "));
        statements.collect::<Vec<_>>().join(" | ").to_lowercase()
    }

    #[test]
    fn a_bodys_end_is_no_statement() {
        for (sql, expected) in [
            (
                "create function f() returns int begin atomic select case when true then 1 end; select 2; end; commit",
                "create function f returns int begin atomic | select case when true then end | select | commit",
            ),
            (
                "Create Or Replace Procedure p() Begin /* ; */\n -- x\n Atomic End; End",
                "create or replace procedure p begin atomic | end",
            ),
            (
                "create function f() begin atomic select 1 as case; end; end",
                "create function f begin atomic | select as case | end",
            ),
            (
                "create function f() begin atomic select 1 as end; end; end work",
                "create function f begin atomic | select as end | end work",
            ),
            (
                "create function f() begin atomic; rollback; end work; end",
                "create function f begin atomic | rollback | end work",
            ),
        ] {
            assert_eq!(split(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_is_no_body_hides_no_end() {
        for begin in [
            "select begin atomic",
            "create table function as select begin atomic",
            "create function f(begin atomic) as 'x'",
            "create function f() return (select begin atomic)",
            "create function f() begin.atomic",
            "create function f() begin, atomic",
            "create function f() begin 'x' atomic",
            "create function f() 'begin' atomic",
            "create function f() begin 1 atomic",
        ] {
            assert!(
                split(&format!("{begin}; end")).ends_with(" | end"),
                "{begin}"
            );
        }
    }
}
