//! How far back something is wanted: `2h`, `2026-11-24`, or `2026-11-24T03:12:00Z`.

use std::fmt;
use std::str::FromStr;

use crate::model::timestamp::Timestamp;
use crate::model::ttl::Ttl;

/// A time, or how long ago it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    Ago(Ttl),
    At(Timestamp),
}

/// What is wrong with a text that should be a [`Since`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidSince;

impl fmt::Display for InvalidSince {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it is a duration like 2h or 7d, or a time in UTC like 2026-11-24 or 2026-11-24T03:12:00Z")
    }
}

impl std::error::Error for InvalidSince {}

impl FromStr for Since {
    type Err = InvalidSince;

    fn from_str(text: &str) -> Result<Self, InvalidSince> {
        let day = || format!("{text}T00:00:00Z").parse();
        let ago = || text.parse().map(Self::Ago);
        let at = text.parse().or_else(|_| day()).map(Self::At);
        at.or_else(|_| ago()).map_err(|_| InvalidSince)
    }
}

impl Since {
    /// The time that it means when it is now so many seconds after 1970 began.
    pub(crate) fn before(&self, now: u64) -> Timestamp {
        match self {
            Self::At(time) => time.clone(),
            Self::Ago(ttl) => Timestamp::from_unix(now.saturating_sub(ttl.as_seconds())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_and_durations_are_read() {
        let before = |text: &str| text.parse::<Since>().map(|since| since.before(86_400));
        for (text, time) in [
            ("2026-11-24T03:12:00Z", "2026-11-24T03:12:00Z"),
            ("2026-11-24", "2026-11-24T00:00:00Z"),
            ("1h", "1970-01-01T23:00:00Z"),
            ("7d", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(before(text).unwrap().to_string(), time);
        }
        for text in [
            "",
            "yesterday",
            "2026-11-24 03:12",
            "2026-11-24T03:12:00+01:00",
            "0s",
        ] {
            assert_eq!(before(text), Err(InvalidSince), "{text}");
        }
    }
}
