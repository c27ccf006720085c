//! A file that the agent keeps filled with valid credentials.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::model::credential_format::CredentialFormat;
use crate::model::file_mode::FileMode;
use crate::model::name::RoleName;
use crate::model::ttl::Ttl;

/// A file of the state file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRecipe {
    /// The role whose credentials it holds.
    pub(crate) role: RoleName,
    /// Where it is; a relative path starts at the state file's folder.
    pub(crate) path: PathBuf,
    /// The form of its content; either this or `template`.
    pub(crate) format: Option<CredentialFormat>,
    /// Its content, with the names of `issue --format json` in `{{ … }}`.
    pub(crate) template: Option<String>,
    /// Its permission bits; 0600 if left out.
    #[serde(default)]
    pub(crate) mode: FileMode,
    /// Names or numbers of the user and the group that it is given to.
    pub(crate) owner: Option<String>,
    pub(crate) group: Option<String>,
    /// The lease's lifetime; the role's default if left out.
    pub(crate) ttl: Option<Ttl>,
    /// What to do when its content has changed.
    pub(crate) on_change: Option<OnChange>,
    /// How long a replaced lease lives on, for those who have read the file just before.
    #[serde(default = "grace")]
    pub(crate) grace: Ttl,
}

fn grace() -> Ttl {
    Ttl::seconds(30)
}

/// What to do when a file's content has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OnChange {
    /// Run this program with its arguments.
    Command(Vec<String>),
    /// Send this signal to the process whose id is in this file.
    Signal {
        signal: FileSignal,
        pid_file: PathBuf,
    },
}

/// A signal that makes a program read its files again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum FileSignal {
    Hup,
    Usr1,
    Usr2,
    Int,
    Term,
}

impl<'de> Deserialize<'de> for OnChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnChangeVisitor)
    }
}

/// Written by hand because an untagged enum would answer a typing error with "did not match any variant".
struct OnChangeVisitor;

impl<'de> Visitor<'de> for OnChangeVisitor {
    type Value = OnChange;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "a program with its arguments as an array, or a table with signal and pid_file",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<OnChange, A::Error> {
        let mut command = Vec::new();
        while let Some(part) = sequence.next_element()? {
            command.push(part);
        }
        if command.is_empty() {
            Err(A::Error::custom("the command is empty"))
        } else {
            Ok(OnChange::Command(command))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OnChange, A::Error> {
        let (mut signal, mut pid_file) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "signal" => signal = Some(map.next_value()?),
                "pid_file" => pid_file = Some(map.next_value()?),
                unknown => return Err(A::Error::unknown_field(unknown, &["signal", "pid_file"])),
            }
        }
        match (signal, pid_file) {
            (Some(signal), Some(pid_file)) => Ok(OnChange::Signal { signal, pid_file }),
            _ => Err(A::Error::custom("expected both signal and pid_file")),
        }
    }
}

/// What is wrong with a file of the state file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidFile {
    /// Neither a format nor a template, or both.
    Content,
    /// A format that is for people or for a pipe.
    Format,
}

impl fmt::Display for InvalidFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Content => "it needs either a format or a template",
            Self::Format => "the formats table and github are not for files",
        })
    }
}

impl std::error::Error for InvalidFile {}

impl FileRecipe {
    /// Checks what the types alone cannot.
    pub(crate) fn check(&self) -> Result<(), InvalidFile> {
        if self.format.is_some() == self.template.is_some() {
            return Err(InvalidFile::Content);
        }
        match self.format {
            Some(CredentialFormat::Table | CredentialFormat::Github) => Err(InvalidFile::Format),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(line: &str) -> Result<FileRecipe, String> {
        let text = format!("role = \"r\"\npath = \"p\"\n{line}");
        toml::from_str(&text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn changes_are_commands_or_signals() {
        let on_change = |line: &str| {
            recipe(&format!("on_change = {line}")).map(|recipe| recipe.on_change.unwrap())
        };
        assert_eq!(
            on_change("[\"a\", \"b\"]"),
            Ok(OnChange::Command(vec!["a".into(), "b".into()]))
        );
        assert_eq!(
            on_change("{ signal = \"HUP\", pid_file = \"/run/p\" }"),
            Ok(OnChange::Signal {
                signal: FileSignal::Hup,
                pid_file: "/run/p".into()
            })
        );
        for line in [
            "[]",
            "{ signal = \"HUP\" }",
            "{ signal = \"KILL\", pid_file = \"p\" }",
            "\"a\"",
        ] {
            assert!(on_change(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_file_has_one_kind_of_content() {
        assert_eq!(recipe("format = \"env\"").unwrap().check(), Ok(()));
        assert_eq!(recipe("template = \"{{ url }}\"").unwrap().check(), Ok(()));
        assert_eq!(recipe("").unwrap().check(), Err(InvalidFile::Content));
        assert_eq!(
            recipe("format = \"env\"\ntemplate = \"x\"")
                .unwrap()
                .check(),
            Err(InvalidFile::Content)
        );
        assert_eq!(
            recipe("format = \"table\"").unwrap().check(),
            Err(InvalidFile::Format)
        );
    }
}
