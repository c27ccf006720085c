//! Lifetimes: `90s`, `15m`, `1h30m`, `7d`, or whole seconds as Vault takes them.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Units in falling order, with their length in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest lifetime that is accepted, in days: anything longer is a typing error or no short-lived login.
const LONGEST_DAYS: u64 = 3_650;

/// A lifetime: at least one second, at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ttl(u64);

/// Why a text is no lifetime. The text itself is not repeated: in a state file it could be a misplaced secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidTtl {
    /// Not a number with units.
    Form,
    /// Zero.
    Zero,
    /// Over ten years.
    TooLong,
}

impl fmt::Display for InvalidTtl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => {
                "a duration is a number with a unit, like 90s, 15m, 1h30m or 7d, or whole seconds"
            }
            Self::Zero => "a duration must be at least one second",
            Self::TooLong => "a duration must be at most 3650d",
        })
    }
}

impl std::error::Error for InvalidTtl {}

impl Ttl {
    /// A lifetime of this many hours, for defaults.
    pub(crate) const fn hours(hours: u64) -> Self {
        Self(hours * 3_600)
    }

    /// A lifetime of this many seconds, for defaults.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Its length in seconds.
    pub(crate) fn as_seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Ttl {
    type Err = InvalidTtl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = match text.parse::<u64>() {
            Ok(seconds) if text.bytes().all(|byte| byte.is_ascii_digit()) => seconds,
            _ => sum_of_units(text)?,
        };
        match seconds {
            0 => Err(InvalidTtl::Zero),
            seconds if seconds > LONGEST_DAYS * 86_400 => Err(InvalidTtl::TooLong),
            seconds => Ok(Self(seconds)),
        }
    }
}

/// Adds up `1h30m`; units must fall, so that `1h1h` or `30m1h` is taken for the mistake that it is.
fn sum_of_units(text: &str) -> Result<u64, InvalidTtl> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut seconds = 0_u64;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let mut characters = tail.chars();
        let unit = characters.next().ok_or(InvalidTtl::Form)?;
        let (_, length) = units
            .find(|(letter, _)| *letter == unit)
            .ok_or(InvalidTtl::Form)?;
        if number.is_empty() {
            return Err(InvalidTtl::Form);
        }
        let number = number.parse::<u64>().map_err(|_| InvalidTtl::TooLong)?;
        seconds = number
            .checked_mul(*length)
            .and_then(|part| seconds.checked_add(part))
            .ok_or(InvalidTtl::TooLong)?;
        rest = characters.as_str();
        if rest.is_empty() {
            return Ok(seconds);
        }
    }
}

/// Whole days from three on, else hours, minutes and seconds: most write 24h and 48h, and nobody 168h.
impl fmt::Display for Ttl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        for (letter, length) in UNITS {
            let is_wanted = letter != 'd' || (rest >= 3 * length && rest.is_multiple_of(length));
            if rest >= length && is_wanted {
                write!(formatter, "{}{letter}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

impl Serialize for Ttl {
    /// Whole seconds, as the JSON contract wants them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Ttl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrSeconds;
        impl Visitor<'_> for TextOrSeconds {
            type Value = Ttl;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a duration, like \"1h30m\" or 5400")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Ttl, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Ttl, E> {
                seconds.to_string().parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(TextOrSeconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_units_and_bare_seconds() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("1h30m", 5_400),
            ("7d", 604_800),
            ("3600", 3_600),
            ("1d1h1m1s", 90_061),
        ] {
            assert_eq!(text.parse::<Ttl>(), Ok(Ttl(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        use InvalidTtl::{Form, TooLong, Zero};
        for (text, error) in [
            ("", Form),
            ("0", Zero),
            ("0s", Zero),
            ("-5m", Form),
            ("+5", Form),
            ("1M", Form),
            ("1.5h", Form),
            ("1h30", Form),
            ("h", Form),
            ("30m1h", Form),
            ("1h1h", Form),
            ("1 h", Form),
            ("forever", Form),
            ("3651d", TooLong),
            ("99999999999999999999s", TooLong),
        ] {
            assert_eq!(text.parse::<Ttl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn prints_as_most_people_write() {
        for text in [
            "90s", "15m", "1h30m", "24h", "48h", "36h", "3d", "7d", "73h", "1s",
        ] {
            let expected = if text == "90s" { "1m30s" } else { text };
            assert_eq!(text.parse::<Ttl>().unwrap().to_string(), expected);
        }
        assert_eq!(Ttl(2 * 86_400).to_string(), "48h");
    }

    proptest! {
        #[test]
        fn what_it_prints_it_reads(seconds in 1..=LONGEST_DAYS * 86_400) {
            prop_assert_eq!(Ttl(seconds).to_string().parse(), Ok(Ttl(seconds)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}") {
            let _ = text.parse::<Ttl>();
        }
    }
}
