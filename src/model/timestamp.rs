//! Points in time as the server gave them: pgcreds never reads a clock of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A time in UTC with whole seconds, kept as its RFC 3339 text (`2026-11-24T03:12:00Z`).
///
/// The text has one form only, so comparing two of them as text compares the times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Timestamp(String);

/// What is wrong with a text that should be a [`Timestamp`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidTimestamp;

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time looks like 2026-11-24T03:12:00Z")
    }
}

impl std::error::Error for InvalidTimestamp {}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &[u8] = b"0000-00-00T00:00:00Z";
        let fits = text.len() == SHAPE.len()
            && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                other => byte == *other,
            });
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTimestamp)
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_one_form_only() {
        assert!("2026-11-24T03:12:00Z".parse::<Timestamp>().is_ok());
        for text in [
            "",
            "2026-11-24T03:12:00",
            "2026-11-24 03:12:00Z",
            "2026-11-24T03:12:00.5Z",
            "2026-11-24T03:12:00+00:00",
            "'; DROP ROLE x; --  ",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }
}
