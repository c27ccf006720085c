//! What can be wrong with a connection string.

use std::fmt;

use super::known::KNOWN;

/// What is wrong with a connection string. No value of it is repeated: it can hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvalidUrl {
    /// Neither a URI nor `keyword=value`.
    Form,
    /// A parameter that libpq does not know either.
    UnknownParameter(String),
    /// A parameter's value that cannot be used.
    Value(&'static str),
    /// A parameter that libpq obeys and pgcreds could not: it is refused rather than passed over. With the reason.
    Unsupported(&'static str, &'static str),
    /// Parameters that do not go together.
    Conflict(&'static str),
    /// A placeholder other than `{{username}}` and `{{password}}`.
    Placeholder,
    /// `{{username}}` without a username.
    NoUsername,
    /// As many ports as hosts, or one.
    PortCount,
}

impl InvalidUrl {
    /// The parameter that it is about, where it is about one.
    pub(crate) fn parameter(&self) -> Option<&str> {
        match self {
            Self::UnknownParameter(name) => Some(name),
            Self::Value(name) | Self::Unsupported(name, _) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => {
                formatter.write_str("it is neither postgresql://… nor a list of keyword=value")
            }
            Self::UnknownParameter(name) => {
                write!(formatter, "unknown parameter \"{name}\"")?;
                let near = KNOWN
                    .iter()
                    .find(|known| strsim::damerau_levenshtein(known, name) <= 2);
                near.map_or(Ok(()), |near| {
                    write!(formatter, " (did you mean \"{near}\"?)")
                })
            }
            Self::Value(name) => write!(formatter, "invalid value for \"{name}\""),
            Self::Unsupported(name, reason) => {
                write!(formatter, "\"{name}\" cannot be used so: {reason}")
            }
            Self::Conflict(text) => formatter.write_str(text),
            Self::Placeholder => {
                formatter.write_str("unknown placeholder: there are {{username}} and {{password}}")
            }
            Self::NoUsername => {
                formatter.write_str("it has {{username}}, but no username is given")
            }
            Self::PortCount => formatter.write_str("the numbers of hosts and ports differ"),
        }
    }
}

impl std::error::Error for InvalidUrl {}
