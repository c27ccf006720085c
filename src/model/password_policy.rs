//! Passwords of new logins by the administrator's own rules, as Vault's password policies have them.

use std::fmt;

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

use crate::model::name::PASSWORD_CHARACTERS;
use crate::model::secret::Secret;

/// The shortest and the longest password.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=128;

/// How hard to guess a password must be.
const LEAST_BITS: f64 = 128.0;

const LETTERS_AND_DIGITS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// How long a password is, and which characters it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordPolicy {
    #[serde(default = "default_length")]
    length: usize,
    rules: Vec<Rule>,
}

/// Characters that a password is made of. The rules' characters together are its alphabet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    charset: String,
    /// How many of them there are at the least.
    #[serde(default)]
    min_chars: usize,
}

fn default_length() -> usize {
    PASSWORD_CHARACTERS
}

/// What is wrong with a policy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InvalidPolicy {
    Length,
    Charset,
    Overlap(char),
    Minimums,
    Weak,
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(
                formatter,
                "a password has {} to {} characters",
                LENGTHS.start(),
                LENGTHS.end()
            ),
            Self::Charset => formatter.write_str(
                "a charset has at least one character, and only printable ASCII without the space",
            ),
            Self::Overlap(character) => {
                write!(formatter, "the character {character:?} is in two charsets")
            }
            Self::Minimums => formatter.write_str("the min_chars together are over the length"),
            Self::Weak => write!(
                formatter,
                "such passwords have less than {LEAST_BITS} bits: make them longer, or of more characters"
            ),
        }
    }
}

impl std::error::Error for InvalidPolicy {}

impl PasswordPolicy {
    /// Letters and digits, which nothing has to quote.
    pub(crate) fn letters_and_digits(length: usize) -> Self {
        Self {
            length,
            rules: vec![Rule {
                charset: LETTERS_AND_DIGITS.into(),
                min_chars: 0,
            }],
        }
    }

    /// The length of its passwords.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Checks that it makes passwords, and good ones.
    pub(crate) fn check(&self) -> Result<(), InvalidPolicy> {
        if !LENGTHS.contains(&self.length) {
            return Err(InvalidPolicy::Length);
        }
        let is_good = |rule: &Rule| {
            !rule.charset.is_empty() && rule.charset.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if self.rules.is_empty() || !self.rules.iter().all(is_good) {
            return Err(InvalidPolicy::Charset);
        }
        let mut alphabet: Vec<char> = self.rules.iter().flat_map(Rule::characters).collect();
        alphabet.sort_unstable();
        if let Some(pair) = alphabet.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(InvalidPolicy::Overlap(pair[0]));
        }
        let mut minimums = self.rules.iter().map(|rule| rule.min_chars);
        let needed = minimums.try_fold(0, |sum: usize, minimum| sum.checked_add(minimum));
        if needed.is_none_or(|needed| needed > self.length) {
            return Err(InvalidPolicy::Minimums);
        }
        if self.ways()[0][self.length].log2() < LEAST_BITS {
            return Err(InvalidPolicy::Weak);
        }
        Ok(())
    }

    /// Makes a password. Every one that fits the policy is as likely as any other.
    pub(crate) fn generate(&self) -> Secret {
        let mut generator = rand::rng();
        let ways = self.ways();
        let mut characters = zeroize::Zeroizing::new(Vec::with_capacity(self.length));
        let mut left = self.length;
        for (at, rule) in self.rules.iter().enumerate() {
            let alphabet = rule.characters();
            // How many of its characters, each number as likely as there are passwords with it.
            let mut chance = generator.random::<f64>() * ways[at][left];
            let mut count = rule.min_chars;
            for number in rule.min_chars..=left {
                let with = with_count(left, number, alphabet.len()) * ways[at + 1][left - number];
                if with > 0.0 {
                    count = number;
                }
                chance -= with;
                if chance < 0.0 {
                    break;
                }
            }
            characters
                .extend((0..count).map(|_| alphabet[generator.random_range(0..alphabet.len())]));
            left -= count;
        }
        characters.shuffle(&mut generator);
        let mut text = String::with_capacity(self.length);
        text.extend(characters.iter());
        Secret::new(text)
    }

    /// For each rule and each number of places: in how many ways it and the rules after it can fill them. At most 94^128,
    /// which an `f64` holds.
    fn ways(&self) -> Vec<Vec<f64>> {
        let mut ways = vec![vec![0.0; self.length + 1]; self.rules.len() + 1];
        ways[self.rules.len()][0] = 1.0;
        for (at, rule) in self.rules.iter().enumerate().rev() {
            let size = rule.characters().len();
            for places in 0..=self.length {
                let counts = rule.min_chars..=places;
                ways[at][places] = counts
                    .map(|count| with_count(places, count, size) * ways[at + 1][places - count])
                    .sum();
            }
        }
        ways
    }
}

impl Rule {
    /// Its characters, each once.
    fn characters(&self) -> Vec<char> {
        let mut characters: Vec<char> = self.charset.chars().collect();
        characters.sort_unstable();
        characters.dedup();
        characters
    }
}

/// In how many ways `count` of `places` can be chosen and filled with characters of an alphabet of that size.
fn with_count(places: usize, count: usize, size: usize) -> f64 {
    let number = |number: usize| u32::try_from(number).map_or(f64::INFINITY, f64::from);
    (0..count)
        .map(|step| number(places - step) / number(step + 1) * number(size))
        .product()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn policy(length: usize, rules: &[(&str, usize)]) -> PasswordPolicy {
        let rules = rules.iter().map(|(charset, min_chars)| Rule {
            charset: (*charset).into(),
            min_chars: *min_chars,
        });
        PasswordPolicy {
            length,
            rules: rules.collect(),
        }
    }

    #[test]
    fn policies_that_make_no_good_password_are_refused() {
        use InvalidPolicy::{Charset, Length, Minimums, Overlap, Weak};
        for (policy, error) in [
            (policy(23, &[("abc", 0)]), Length),
            (policy(129, &[("abc", 0)]), Length),
            (policy(32, &[]), Charset),
            (policy(32, &[("", 0)]), Charset),
            (policy(32, &[("a b", 0)]), Charset),
            (policy(32, &[("aé", 0)]), Charset),
            (policy(32, &[("abc", 0), ("cde", 0)]), Overlap('c')),
            (policy(24, &[("abc", 20), ("def", 5)]), Minimums),
            (policy(24, &[("abc", usize::MAX), ("def", 1)]), Minimums),
            (policy(32, &[("0123456789", 0)]), Weak),
            (policy(128, &[("a", 127), ("b", 0)]), Weak),
        ] {
            assert_eq!(policy.check(), Err(error), "{policy:?}");
        }
        assert_eq!(policy(39, &[("0123456789", 0)]).check(), Ok(()));
        assert_eq!(policy(24, &[(LETTERS_AND_DIGITS, 24)]).check(), Ok(()));
        assert_eq!(PasswordPolicy::letters_and_digits(128).check(), Ok(()));
    }

    #[test]
    fn every_password_is_as_likely_as_any_other() {
        // Four places, at least one of each rule: 4 with one "a", 6 × 4 … counted by hand below.
        let small = policy(3, &[("a", 1), ("xy", 1)]);
        assert!((small.ways()[0][3] - 18.0).abs() < 1e-9);
        let mut seen = HashMap::<String, u32>::new();
        for _ in 0..18_000 {
            *seen
                .entry(small.generate().expose().to_owned())
                .or_default() += 1;
        }
        assert_eq!(seen.len(), 18);
        for (password, count) in seen {
            assert!((800..1_200).contains(&count), "{password}: {count}");
        }
    }

    proptest! {
        #[test]
        fn passwords_fit_their_policy(
            length in 24usize..=128,
            minimums in prop::collection::vec(0usize..12, 4),
        ) {
            let sets = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "'\"\\$:;{}@%/?#&=`"];
            let rules: Vec<_> = sets.iter().zip(&minimums).map(|(set, minimum)| (*set, *minimum)).collect();
            let policy = policy(length, &rules);
            if policy.check().is_ok() {
                let password = policy.generate();
                prop_assert_eq!(password.expose().len(), length);
                for (set, minimum) in rules {
                    prop_assert!(password.expose().chars().filter(|c| set.contains(*c)).count() >= minimum);
                }
            }
        }
    }
}
