//! Names of logins by the administrator's own template: Vault's variables and functions in minijinja's syntax.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::{Error, context};
use serde::{Deserialize, Serialize};

use crate::model::name::{
    IDENTIFIER_BYTES, Label, LeaseId, RANDOM_CHARACTERS, RoleName, random_characters,
};
use crate::model::placeholders::is_quotable;
use crate::model::template_functions;

/// Stands for a random character while a template is checked: one byte that no filter changes and nobody types.
const PROBE: char = '\u{1}';

/// A template for names, such as `v-{{ label | truncate(8) }}-{{ random(20) }}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct UsernameTemplate(String);

/// What a name is made from beside chance.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) role: &'a RoleName,
    pub(crate) label: &'a Label,
    /// Seconds since 1970 by this host's clock. It decides nothing.
    pub(crate) unix_time: u64,
}

/// What is wrong with a template, or with a name that came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidTemplate {
    /// Vault's own syntax.
    Vault,
    /// minijinja does not understand it.
    Template { problem: String, line: usize },
    /// Too few random characters are in the name, uncut.
    Random(usize),
    /// The name has this many bytes.
    Length(usize),
    /// The name has this character.
    Character(char),
    /// The name begins or ends in a way that PostgreSQL or a shell does not take.
    Edge,
}

impl fmt::Display for InvalidTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault => formatter.write_str(
                "this is Vault's syntax; write Vault's default as \
                 \"v-{{ label | truncate(8) }}-{{ role | truncate(8) }}-{{ random(20) }}-{{ unix_time }}\"",
            ),
            Self::Template { problem, line } => write!(
                formatter,
                "{problem} in line {line}; there are role, label, unix_time, random(N), and the filters truncate(N), \
                 truncate_sha256(N), lowercase, uppercase, replace and sha256"
            ),
            Self::Random(found) => write!(
                formatter,
                "a name would have {found} random characters, and must have {RANDOM_CHARACTERS}: write {{{{ random({RANDOM_CHARACTERS}) }}}}, \
                 and cut what stands before it"
            ),
            Self::Length(bytes) => write!(
                formatter,
                "a name would have {bytes} bytes, and PostgreSQL keeps {IDENTIFIER_BYTES}: cut its parts, as in {{{{ label | truncate(8) }}}}"
            ),
            Self::Character(character) => write!(
                formatter,
                "a name would have the character {character:?}: it is made of printable ASCII without quotes, \"\\\" and \"$\""
            ),
            Self::Edge => formatter.write_str(
                "a name would begin with \"-\" or \"pg_\", or begin or end with a space",
            ),
        }
    }
}

impl std::error::Error for InvalidTemplate {}

impl UsernameTemplate {
    /// Takes a template as it stands; `examples` tells whether it makes names.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Names such as it makes for this role, with a short label and with a long one.
    pub(crate) fn examples(&self, role: &RoleName) -> Result<[String; 2], InvalidTemplate> {
        let example = |label: &str| {
            self.measure(Subject {
                role,
                label: &Label::lossy(label),
                unix_time: 9_999_999_999,
            })
        };
        Ok([example("x")?, example(&"x".repeat(64))?])
    }

    /// Makes a name. It has been looked at as `examples` does: a condition in the template may depend on the label.
    pub(crate) fn name(&self, subject: Subject<'_>) -> Result<LeaseId, InvalidTemplate> {
        self.measure(subject)?;
        let name = self.render(subject, random_characters)?;
        check_name(&name)?;
        name.parse()
            .map_err(|_| InvalidTemplate::Length(name.len()))
    }

    /// Looks at a name in which every random character can be told from the others, and returns it with one of them in all
    /// their places.
    fn measure(&self, subject: Subject<'_>) -> Result<String, InvalidTemplate> {
        let asked = Arc::new(AtomicUsize::new(0));
        let sum = Arc::clone(&asked);
        let name = self.render(subject, move |count| {
            sum.fetch_add(count, Ordering::Relaxed);
            String::from(PROBE).repeat(count)
        })?;
        let example = name.replace(PROBE, "x");
        check_name(&example)?;
        // One that is written twice is random once.
        let found = name.matches(PROBE).count();
        let random = found.min(asked.load(Ordering::Relaxed));
        if random < RANDOM_CHARACTERS {
            return Err(InvalidTemplate::Random(random));
        }
        Ok(example)
    }

    fn render(
        &self,
        subject: Subject<'_>,
        random: impl Fn(usize) -> String + Send + Sync + 'static,
    ) -> Result<String, InvalidTemplate> {
        let environment = template_functions::environment(random);
        let values = context! {
            role => subject.role.as_str(),
            label => plain(subject.label),
            unix_time => subject.unix_time,
        };
        environment
            .render_str(&self.0, values)
            .map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &Error) -> InvalidTemplate {
        let is_vaults = ["printf", ".DisplayName", ".RoleName", "(unix_time)"]
            .iter()
            .any(|sign| self.0.contains(sign));
        if is_vaults {
            return InvalidTemplate::Vault;
        }
        InvalidTemplate::Template {
            problem: error.kind().to_string(),
            line: error.line().unwrap_or(1),
        }
    }
}

/// Whether a name can stand inside `"…"`, `'…'`, `E'…'` and `$$…$$` as it is: an administrator's statements have it in any of
/// them. It is ASCII because two databases of a cluster can have different encodings, and roles are in all of them.
fn check_name(name: &str) -> Result<(), InvalidTemplate> {
    if let Some(bad) = name.chars().find(|character| !is_quotable(*character)) {
        return Err(InvalidTemplate::Character(bad));
    }
    if name.len() > IDENTIFIER_BYTES {
        return Err(InvalidTemplate::Length(name.len()));
    }
    // PostgreSQL keeps pg_ for itself.
    if name.starts_with('-') || name.starts_with("pg_") || name.trim() != name {
        return Err(InvalidTemplate::Edge);
    }
    Ok(())
}

/// The label as it may stand in a name and in SQL: whoever asks for a lease writes it.
fn plain(label: &Label) -> String {
    let keep = |character: char| {
        if character.is_ascii_alphanumeric() || ['_', '-', '.', '@'].contains(&character) {
            character
        } else {
            '_'
        }
    };
    let mut kept: String = label.as_str().chars().map(keep).collect();
    // A name that begins with the label must not become an option, nor one that PostgreSQL keeps for itself.
    if kept.starts_with('-') {
        kept.replace_range(..1, "_");
    }
    if kept
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("pg_"))
    {
        kept.replace_range(2..3, "-");
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VAULT: &str =
        "v-{{ label | truncate(8) }}-{{ role | truncate(8) }}-{{ random(20) }}-{{ unix_time }}";

    fn name(template: &str, label: &str) -> Result<String, InvalidTemplate> {
        let subject = Subject {
            role: &"App-Role.long-name".parse().unwrap(),
            label: &Label::lossy(label),
            unix_time: 1_700_000_000,
        };
        UsernameTemplate::new(template)
            .name(subject)
            .map(|id| id.to_string())
    }

    #[test]
    fn vaults_default_can_be_written() {
        let name = name(VAULT, "token-alice").unwrap();
        assert!(name.starts_with("v-token-al-App-Role-"), "{name}");
        assert!(name.ends_with("-1700000000"), "{name}");
        assert_eq!(name.len(), "v-token-al-App-Role-".len() + 20 + 11);
    }

    #[test]
    fn what_makes_no_good_name_is_refused() {
        use InvalidTemplate::{Character, Edge, Length, Random, Template, Vault};
        let unknown = |problem: &str| {
            let problem = problem.into();
            Template { problem, line: 1 }
        };
        for (template, error) in [
            ("app", Random(0)),
            ("{{ random(11) }}", Random(11)),
            ("{% set r = random(6) %}{{ r }}{{ r }}", Random(6)),
            ("{{ random(20) | sha256 }}", Length(64)),
            ("{{ random(20) | sha256 | truncate(30) }}", Random(0)),
            ("{{ role }}-{{ random(12) | truncate(11) }}", Random(11)),
            ("{{ (label ~ '-' ~ random(12)) | truncate(63) }}", Random(0)),
            ("{{ label }}{{ random(12) }}", Length(76)),
            ("a\"{{ random(12) }}", Character('"')),
            ("a'{{ random(12) }}", Character('\'')),
            ("a\\{{ random(12) }}", Character('\\')),
            ("a$${{ random(12) }}", Character('$')),
            ("ü{{ random(12) }}", Character('ü')),
            ("a\n{{ random(12) }}", Character('\n')),
            ("-{{ random(12) }}", Edge),
            ("pg_{{ random(12) }}", Edge),
            (" {{ random(12) }}", Edge),
            ("{{ nobody }}{{ random(12) }}", unknown("undefined value")),
            ("{{ random(12) | nothing }}", unknown("unknown filter")),
            ("{{ random(12)", unknown("syntax error")),
            ("{{ random(640) }}", unknown("invalid operation")),
            ("{{ printf \"v-%s\" (.DisplayName | truncate 8) }}", Vault),
        ] {
            let found = UsernameTemplate::new(template).examples(&"app".parse().unwrap());
            assert_eq!(found, Err(error), "{template}");
        }
        assert_eq!(
            name(
                "{% if label == 'y' %}y{% else %}{{ random(12) }}{% endif %}",
                "y"
            ),
            Err(Random(0))
        );
    }

    #[test]
    fn a_label_may_begin_like_an_option_or_a_name_of_postgresql() {
        let template = "{{ label | truncate(12) | lowercase }}-{{ random(12) }}";
        for (label, start) in [("-rf", "_rf-"), ("pg_dump", "pg-dump-"), ("PG_x", "pg-x-")] {
            let name = name(template, label).unwrap();
            assert!(name.starts_with(start), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_template_that_was_checked_makes_names_for_every_label(
            start in "[A-Za-z0-9 ;:%#{}()<>@!`~^&*+=|?/,.-]{0,12}",
            role in "[A-Za-z0-9_]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?",
            label in "\\PC{0,80}",
            parts in (1usize..20, 1usize..20, 10usize..25),
        ) {
            let template = UsernameTemplate::new(format!(
                "{start}{{{{ label | truncate({}) }}}}.{{{{ role | truncate({}) }}}}_{{{{ random({}) }}}}",
                parts.0, parts.1, parts.2
            ));
            let role = role.parse().unwrap();
            let label = Label::lossy(&label);
            if template.examples(&role).is_ok() {
                let subject = Subject { role: &role, label: &label, unix_time: 1 };
                let (one, two) = (template.name(subject).unwrap(), template.name(subject).unwrap());
                prop_assert!(one.as_str().len() <= IDENTIFIER_BYTES);
                prop_assert_eq!(check_name(one.as_str()), Ok(()));
                prop_assert_ne!(one, two);
            }
        }
    }
}
