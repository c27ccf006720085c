//! SQL that an administrator wrote, with Vault's placeholders.

use std::fmt;

use serde::Deserialize;

use crate::model::placeholders::{is_template_made, placeholders};
use crate::model::sql_statements;

/// The placeholders that pgcreds fills in, in Vault's spelling.
pub(crate) const PLACEHOLDERS: [&str; 4] = ["name", "username", "password", "expiration"];

/// A list of SQL texts that belong together and run in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Statements(Vec<String>);

/// What a placeholder stands for. All values come from alphabets that need no quoting in SQL.
pub(crate) struct Values<'a> {
    /// The login's name.
    pub(crate) name: &'a str,
    /// The password's SCRAM-SHA-256 verifier: the clear text never goes to the server.
    pub(crate) password: &'a str,
    /// The login's end, as PostgreSQL reads it.
    pub(crate) expiration: &'a str,
}

/// What is wrong with statements. No text of theirs is repeated but a placeholder's name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidStatements {
    /// `{{…}}` with a name that pgcreds does not fill in here, and the names that it does.
    UnknownPlaceholder(String, Vec<String>),
    /// A quote or a comment without its end.
    Unterminated(&'static str),
    /// `COMMIT`, `ROLLBACK` or the like.
    EndsTransaction(String),
    /// `{{name}}` without quotes, where names need them.
    BareName,
}

impl fmt::Display for InvalidStatements {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPlaceholder(name, known) => {
                let known: Vec<String> = known.iter().map(|name| format!("{{{{{name}}}}}")).collect();
                let known = known.join(", ");
                write!(formatter, "unknown placeholder {{{{{name}}}}}: there are {known}")
            }
            Self::Unterminated(what) => write!(formatter, "unterminated {what}"),
            Self::EndsTransaction(keyword) => write!(
                formatter,
                "{keyword} is not allowed: pgcreds runs the statements in a transaction of its own"
            ),
            Self::BareName => formatter.write_str(
                "{{name}} needs quotes for names by username_template: write \"{{name}}\" or '{{name}}'",
            ),
        }
    }
}

impl std::error::Error for InvalidStatements {}

impl Statements {
    /// Takes texts as they stand; `check` tells whether they can be run.
    pub(crate) fn new(texts: Vec<String>) -> Self {
        Self(texts)
    }

    /// Whether there is nothing to run.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|text| text.trim().is_empty())
    }

    /// The texts as written.
    pub(crate) fn texts(&self) -> &[String] {
        &self.0
    }

    /// Checks that only the placeholders `known` occur and that no statement ends the transaction.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), InvalidStatements> {
        for text in &self.0 {
            if let Some(unknown) = placeholders(text).find(|found| !known.contains(&found.name)) {
                let known = known.iter().map(|name| (*name).to_owned()).collect();
                let unknown = unknown.name.to_owned();
                return Err(InvalidStatements::UnknownPlaceholder(unknown, known));
            }
            let statements = sql_statements::statements(text)
                .map_err(|unterminated| InvalidStatements::Unterminated(unterminated.0))?;
            if let Some(keyword) = statements.iter().find_map(|words| transaction_end(words)) {
                return Err(InvalidStatements::EndsTransaction(keyword));
            }
        }
        Ok(())
    }

    /// Whether a statement changes the access control list of an object, which only one transaction at a time can.
    pub(crate) fn grants_on_objects(&self) -> bool {
        self.any(|words| {
            let first = words.first().map(String::as_str);
            matches!(first, Some("GRANT" | "REVOKE")) && words.iter().any(|word| word == "ON")
        })
    }

    /// Whether a statement grants on all tables of a schema: each login then adds to every table's ACL.
    pub(crate) fn grants_on_all_tables(&self) -> bool {
        self.any(|words| {
            words.first().is_some_and(|first| first == "GRANT")
                && words.windows(2).any(|pair| pair == ["ON", "ALL"])
        })
    }

    /// Whether this name can be filled in and be nothing but a name. Whoever may make roles may give one a marker, and choose
    /// a name that is SQL, or that of another role. What pgcreds generates is safe everywhere; what a template can have made
    /// only in quotes of its own, `"{{name}}"` or `'{{name}}'`; anything else nowhere.
    pub(crate) fn can_name(&self, name: &str) -> bool {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_safe = name.starts_with("pgc_") && name.bytes().all(is_word);
        let is_template_made = is_template_made(name);
        let can_hold = |text| {
            placeholders(text)
                .filter(|found| ["name", "username"].contains(&found.name))
                .all(|found| is_template_made && found.is_in_quotes(text))
        };
        is_safe || self.0.iter().all(|text| can_hold(text))
    }

    /// Whether this placeholder occurs.
    pub(crate) fn has_placeholder(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|text| placeholders(text).any(|found| found.name == name))
    }

    /// A placeholder that stands for a text, but not in single quotes: no statement can be meant so.
    pub(crate) fn unquoted_placeholder(&self) -> Option<&'static str> {
        let texts = self.render(&Values {
            name: "name",
            password: "pgcreds_password",
            expiration: "pgcreds_expiration",
        });
        let words = sql_statements::statements(&texts)
            .unwrap_or_default()
            .concat();
        ["password", "expiration"].into_iter().find(|placeholder| {
            let value = format!("pgcreds_{placeholder}");
            words.contains(&value.to_uppercase()) || texts.contains(&format!("\"{value}\""))
        })
    }

    fn any(&self, is_wanted: impl Fn(&[String]) -> bool) -> bool {
        self.0
            .iter()
            .filter_map(|text| sql_statements::statements(text).ok())
            .flatten()
            .any(|words| is_wanted(&words))
    }

    /// Fills the placeholders in and joins the texts to one, each ended so that it cannot swallow the next.
    pub(crate) fn render(&self, values: &Values<'_>) -> String {
        let mut sql = String::new();
        for text in &self.0 {
            let mut from = 0;
            for placeholder in placeholders(text) {
                sql.push_str(&text[from..placeholder.start]);
                sql.push_str(match placeholder.name {
                    "password" => values.password,
                    "expiration" => values.expiration,
                    _ => values.name,
                });
                from = placeholder.end;
            }
            sql.push_str(&text[from..]);
            sql.push_str("\n;\n");
        }
        sql
    }
}

/// The keyword of a statement that would end the transaction around it.
fn transaction_end(words: &[String]) -> Option<String> {
    let first = words.first()?.as_str();
    let ends = match first {
        "COMMIT" | "END" | "ABORT" => true,
        // ROLLBACK [WORK | TRANSACTION] TO [SAVEPOINT] stays inside.
        "ROLLBACK" => !words.iter().any(|word| word == "TO"),
        "PREPARE" => words.get(1).is_some_and(|second| second == "TRANSACTION"),
        _ => false,
    };
    ends.then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Statements {
        Statements::new(vec![text.to_owned()])
    }

    #[test]
    fn placeholders_are_filled_in() {
        let values = Values {
            name: "n",
            password: "p",
            expiration: "e",
        };
        let sql = statements(
            "CREATE ROLE \"{{name}}\" {{ username }} '{{password}}' '{{expiration}}' '{{1,2},{3,4}}'",
        );
        assert_eq!(sql.check(&PLACEHOLDERS), Ok(()));
        assert_eq!(
            sql.render(&values),
            "CREATE ROLE \"n\" n 'p' 'e' '{{1,2},{3,4}}'\n;\n"
        );
    }

    #[test]
    fn bad_statements_are_refused() {
        use InvalidStatements::{EndsTransaction, UnknownPlaceholder, Unterminated};
        for (sql, error) in [
            (
                "create role {{nmae}}",
                UnknownPlaceholder("nmae".into(), PLACEHOLDERS.map(str::to_owned).to_vec()),
            ),
            ("create role 'a", Unterminated("quoted string")),
            ("create role a; Commit", EndsTransaction("COMMIT".into())),
            ("END", EndsTransaction("END".into())),
            ("rollback work", EndsTransaction("ROLLBACK".into())),
            ("prepare transaction 'x'", EndsTransaction("PREPARE".into())),
        ] {
            assert_eq!(statements(sql).check(&PLACEHOLDERS), Err(error), "{sql}");
        }
    }

    #[test]
    fn names_that_are_sql_are_told() {
        let quoted = "drop owned by \"{{name}}\"; select '{{ username }}', E'{{name}}'; do $$ x('{{name}}') $$";
        let bare = [
            "drop owned by {{name}}",
            "do $$ begin execute 'drop owned by {{name}}'; end $$",
            "drop owned by \"{{name}}",
            "select 'x {{name}}'",
        ];
        for (name, in_quotes, is_safe) in [
            ("pgc_app_x_0", true, true),
            ("v-App-x-0123456789ab", true, false),
            ("v_app_x_0123456789ab", true, false),
            // Without quotes it would be the role applicationowner.
            ("Applicationowner", false, false),
            ("v-App-x", false, false),
            ("a b; drop owned by c", false, false),
            ("x, 0123456789ab", false, false),
            ("current_user", false, false),
            ("pgc_a, b", false, false),
            ("pgc_A", false, false),
            ("0123456789ab\"y", false, false),
            ("0123456789ab'y", false, false),
            ("0123456789ab\\y", false, false),
            ("0123456789ab$$y", false, false),
            ("0123456789ab\ny", false, false),
            ("0123456789abü", false, false),
        ] {
            assert_eq!(statements(quoted).can_name(name), in_quotes, "{name}");
            for bare in bare {
                assert_eq!(statements(bare).can_name(name), is_safe, "{name}: {bare}");
            }
            assert!(statements("select 1").can_name(name), "{name}");
        }
    }

    #[test]
    fn inner_commits_and_savepoints_are_fine() {
        for sql in [
            "do $$ begin perform 1; end $$",
            "savepoint a; rollback to a",
            "rollback to savepoint a",
            "prepare x as select 1",
            "select 'commit;'; -- commit;",
        ] {
            assert_eq!(statements(sql).check(&PLACEHOLDERS), Ok(()), "{sql}");
        }
    }

    #[test]
    fn grants_are_seen() {
        let all = statements("x; grant select on all tables in schema public to a");
        assert!(all.grants_on_all_tables() && all.grants_on_objects());
        let one = statements("revoke usage on schema a from b");
        assert!(!one.grants_on_all_tables() && one.grants_on_objects());
        assert!(statements("x '{{ name }}'").has_placeholder("name"));
        for (text, unquoted) in [
            ("{{password}}", Some("password")),
            ("\"{{ password }}\" '{{expiration}}'", Some("password")),
            ("'{{password}}' {{expiration}}", Some("expiration")),
            (
                "{{name}} '{{password}}' E'{{expiration}}' $$ '{{password}}' $$ -- {{password}}",
                None,
            ),
        ] {
            assert_eq!(statements(text).unquoted_placeholder(), unquoted, "{text}");
        }
        let membership = statements("grant app_rw to a; select 'grant on all tables'");
        assert!(!membership.grants_on_all_tables() && !membership.grants_on_objects());
    }
}
