//! Permission bits of a file that pgcreds writes.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// Permission bits, written in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileMode(u32);

impl FileMode {
    /// For files that hold no secret.
    pub(crate) const READABLE: Self = Self(0o644);

    /// The bits of a file that is there already.
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits & 0o7777)
    }

    /// The bits.
    pub(crate) fn bits(self) -> u32 {
        self.0
    }
}

impl Default for FileMode {
    fn default() -> Self {
        Self(0o600)
    }
}

/// Why a text is no file mode.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidMode;

impl fmt::Display for InvalidMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("a mode is three or four octal digits, like 0640, and lets its owner read")
    }
}

impl std::error::Error for InvalidMode {}

impl FromStr for FileMode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        let is_octal =
            (3..=4).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let bits = u32::from_str_radix(text, 8)
            .ok()
            .filter(|bits| is_octal && bits & 0o400 != 0 && *bits <= 0o777);
        bits.map(Self).ok_or(InvalidMode)
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        for (text, bits) in [("0640", 0o640), ("600", 0o600), ("0777", 0o777)] {
            assert_eq!(text.parse::<FileMode>().map(FileMode::bits), Ok(bits));
        }
        for text in ["", "9", "0x1ff", "40", "0240", "7777", "+600"] {
            assert_eq!(text.parse::<FileMode>(), Err(InvalidMode), "{text}");
        }
    }
}
