//! Names: of connections, roles, leases, and the label that says who asked.

use std::fmt;
use std::str::FromStr;

use rand::RngExt as _;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};

use crate::model::redaction;
use crate::model::secret::Secret;

/// The longest identifier that PostgreSQL keeps, in bytes (`NAMEDATALEN` - 1); it cuts longer ones with only a notice.
pub(crate) const IDENTIFIER_BYTES: usize = 63;

/// Random characters at the end of a lease's name: 36^12 is a little over 2^62.
pub(crate) const RANDOM_CHARACTERS: usize = 12;

/// Characters from the system's random source that need no quoting and no upper case: `[a-z0-9]`.
pub(crate) fn random_characters(count: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut generator = rand::rng();
    (0..count)
        .map(|_| char::from(ALPHABET[generator.random_range(0..ALPHABET.len())]))
        .collect()
}

/// Bytes of the role's and of the label's part in a lease's name: 4 + 24 + 1 + 20 + 1 + 12 = 62.
const ROLE_PART: usize = 24;
const LABEL_PART: usize = 20;

/// Length of a generated password: 32 characters out of 62 are 190 bits.
pub(crate) const PASSWORD_CHARACTERS: usize = 32;

/// What is wrong with a name. The name itself is not repeated: it could be a misplaced secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidName(&'static str);

impl fmt::Display for InvalidName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for InvalidName {}

/// Declares a name type over the given check.
macro_rules! name_type {
    ($(#[$documentation:meta])* $name:ident, $check:path) => {
        $(#[$documentation])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $name(String);

        impl $name {
            /// The name as text.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name_type! {
    /// The name of a connection in the state file.
    ConnectionName, check_recipe_name
}
name_type! {
    /// The name of a role (pgcreds' recipe, not a PostgreSQL role) in the state file.
    RoleName, check_recipe_name
}
name_type! {
    /// The name of a file that the agent keeps, in the state file.
    FileName, check_recipe_name
}
name_type! {
    /// The name of a lease, which is the name of its PostgreSQL login.
    LeaseId, check_identifier
}
name_type! {
    /// Who asked for a lease, and why: free text of at most 64 printable ASCII characters.
    Label, check_label
}

/// Vault's rule for names, `\w(([\w-.]+)?\w)?`, within ASCII and 63 bytes.
fn check_recipe_name(text: &str) -> Result<(), InvalidName> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let inside = |byte: u8| is_word(byte) || byte == b'-' || byte == b'.';
    let bytes = text.as_bytes();
    let fits = bytes.len() <= IDENTIFIER_BYTES
        && bytes.iter().all(|byte| inside(*byte))
        && bytes.first().is_some_and(|byte| is_word(*byte))
        && bytes.last().is_some_and(|byte| is_word(*byte));
    if fits {
        Ok(())
    } else {
        Err(InvalidName(
            "a name has 1 to 63 of the characters a-z, A-Z, 0-9, \"_\", \"-\" and \".\", and neither starts nor ends with \"-\" or \".\"",
        ))
    }
}

fn check_identifier(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() || text.len() > IDENTIFIER_BYTES || text.contains(char::is_control) {
        return Err(InvalidName(
            "a lease id is the name of a login: 1 to 63 bytes without control characters",
        ));
    }
    // It would go to the audit log.
    if redaction::word(text) != text {
        return Err(InvalidName("a connection string is no lease id"));
    }
    Ok(())
}

fn check_label(text: &str) -> Result<(), InvalidName> {
    let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if text.trim().is_empty() || text.len() > 64 || !text.bytes().all(printable) {
        return Err(InvalidName(
            "a label has 1 to 64 printable ASCII characters",
        ));
    }
    Ok(())
}

impl LeaseId {
    /// Makes a new name: `pgc_<role>_<label>_<random>`, of `[a-z0-9_]`, 62 random bits, at most 62 bytes.
    pub(crate) fn generate(role: &RoleName, label: &Label) -> Self {
        Self(format!(
            "pgc_{}_{}_{}",
            slug(role.as_str(), ROLE_PART),
            slug(label.as_str(), LABEL_PART),
            random_characters(RANDOM_CHARACTERS)
        ))
    }
}

impl LeaseId {
    /// Whether it looks like an id that [`LeaseId::generate`] made.
    pub(crate) fn is_generated(&self) -> bool {
        let is_ours = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let random = self
            .0
            .strip_prefix("pgc_")
            .and_then(|rest| rest.rsplit_once('_'));
        random.is_some_and(|(_, random)| {
            random.len() == RANDOM_CHARACTERS && random.bytes().all(is_ours)
        })
    }

    /// The generated name in a text that was copied with what stood around it; `None` where there is nothing around it.
    pub(crate) fn pasted(&self) -> Option<Self> {
        let name = &self.0[self.0.find("pgc_")?..];
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let end = name.bytes().position(|byte| !is_part(byte));
        let name = &name[..end.unwrap_or(name.len())];
        (name != self.0).then(|| Self(name.to_owned()))
    }
}

impl Label {
    /// Makes a label of any text, such as an operating system's user name: what does not fit becomes `_` or is cut.
    pub(crate) fn lossy(text: &str) -> Self {
        let label: String = text
            .chars()
            .map(|character| {
                if character.is_ascii_graphic() {
                    character
                } else {
                    '_'
                }
            })
            .take(64)
            .collect();
        Self(if label.is_empty() {
            "unknown".into()
        } else {
            label
        })
    }
}

/// Makes a password for a new login: letters and digits only, so that nothing has to quote it.
pub(crate) fn generate_password() -> Secret {
    let mut text = String::with_capacity(PASSWORD_CHARACTERS);
    text.extend(
        rand::rng()
            .sample_iter(Alphanumeric)
            .map(char::from)
            .take(PASSWORD_CHARACTERS),
    );
    Secret::new(text)
}

/// Reduces a text to `[a-z0-9_]`, without doubled, leading or trailing `_`; `x` if nothing is left.
fn slug(text: &str, longest: usize) -> String {
    let mut slug = String::new();
    for character in text.chars().map(|character| character.to_ascii_lowercase()) {
        if slug.len() == longest {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(slug.trim_end_matches('_').len());
    if slug.is_empty() { "x".into() } else { slug }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn recipe_names_follow_vaults_rule() {
        let longest = "x".repeat(63);
        for good in ["a", "_", "app-role", "a.b-c_d", "9", &longest] {
            assert!(good.parse::<RoleName>().is_ok(), "{good}");
        }
        let long = "x".repeat(64);
        for bad in [
            "", "-a", "a-", ".a", "a b", "a/b", "a\"b", "a'b", "ä", "a\n", &long,
        ] {
            assert!(bad.parse::<RoleName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn two_thousand_ids_differ() {
        let role = "app".parse().unwrap();
        let label = "ci".parse().unwrap();
        let ids: HashSet<_> = (0..2_000)
            .map(|_| LeaseId::generate(&role, &label))
            .collect();
        assert_eq!(ids.len(), 2_000);
    }

    #[test]
    fn passwords_have_32_letters_and_digits() {
        let password = generate_password();
        assert_eq!(password.expose().len(), 32);
        assert!(
            password
                .expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert_ne!(password, generate_password());
    }

    proptest! {
        #[test]
        fn ids_need_no_quoting_and_are_never_cut(
            role in "[A-Za-z0-9_]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?",
            label in "\\PC{0,80}",
        ) {
            let id = LeaseId::generate(&role.parse().unwrap(), &Label::lossy(&label));
            prop_assert!(id.as_str().len() <= IDENTIFIER_BYTES);
            prop_assert!(id.as_str().starts_with("pgc_") && id.is_generated());
            prop_assert!(
                id.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            );
        }

        #[test]
        fn lossy_labels_are_labels(text in "\\PC{0,100}") {
            let label = Label::lossy(&text);
            prop_assert_eq!(label.as_str().parse::<Label>(), Ok(label));
        }
    }
}
