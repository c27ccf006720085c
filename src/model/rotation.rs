//! What a connection says about its rotation, checked.

use std::fmt;

use crate::model::connection::{Connection, PasswordSource};
use crate::model::placeholders::placeholders;
use crate::model::statements::InvalidStatements;

/// What is wrong with how a connection is to be rotated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidRotation {
    /// `store_command` without a `command` source.
    NothingToStore,
    /// `store_command` without a program.
    NoStoreProgram,
    /// `rotation_statements` that cannot be run.
    Statements(InvalidStatements),
    /// `rotation_statements` that set no password.
    NoPassword,
}

impl fmt::Display for InvalidRotation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingToStore => {
                formatter.write_str("store_command goes with password = { command = […] }")
            }
            Self::NoStoreProgram => formatter.write_str("store_command is empty"),
            Self::Statements(error) => write!(formatter, "rotation_statements: {error}"),
            Self::NoPassword => formatter.write_str("rotation_statements: no {{password}}"),
        }
    }
}

impl std::error::Error for InvalidRotation {}

impl Connection {
    /// Checks what the types alone cannot.
    pub(crate) fn check_rotation(&self) -> Result<(), InvalidRotation> {
        if let Some(arguments) = &self.store_command {
            if !matches!(self.password, Some(PasswordSource::Command(_))) {
                return Err(InvalidRotation::NothingToStore);
            }
            if arguments.is_empty() {
                return Err(InvalidRotation::NoStoreProgram);
            }
        }
        let statements = &self.rotation_statements;
        statements
            .check(&["name", "username", "password"])
            .map_err(InvalidRotation::Statements)?;
        let has_password = statements
            .texts()
            .iter()
            .any(|text| placeholders(text).any(|found| found.name == "password"));
        if !statements.is_empty() && !has_password {
            return Err(InvalidRotation::NoPassword);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_refused() {
        use InvalidRotation::{NoPassword, NoStoreProgram, NothingToStore, Statements};
        let unknown = InvalidStatements::UnknownPlaceholder(
            "expiration".into(),
            vec!["name".into(), "username".into(), "password".into()],
        );
        for (keys, error) in [
            ("store_command = [\"x\"]", NothingToStore),
            (
                "password = { command = [\"x\"] }\nstore_command = []",
                NoStoreProgram,
            ),
            (
                "rotation_statements = [\"select '{{expiration}}'\"]",
                Statements(unknown),
            ),
            ("rotation_statements = [\"select '{{name}}'\"]", NoPassword),
        ] {
            let connection: Connection = toml::from_str(&format!("url = \"\"\n{keys}")).unwrap();
            assert_eq!(connection.check_rotation(), Err(error), "{keys}");
        }
    }
}
