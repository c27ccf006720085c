//! The functions and filters of a username template, each with the meaning that it has in Vault.

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use sha2::{Digest as _, Sha256};

use crate::model::name::IDENTIFIER_BYTES;

/// An environment in which `random(N)` is that function, and a name that does not exist is an error.
pub(super) fn environment(
    random: impl Fn(usize) -> String + Send + Sync + 'static,
) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_function("random", move |count: usize| {
        if count > IDENTIFIER_BYTES {
            return Err(refused("longer than a name"));
        }
        Ok(random(count))
    });
    environment.add_filter("truncate", |text: String, most: usize| {
        cut(&text, most).to_owned()
    });
    environment.add_filter("truncate_sha256", truncate_sha256);
    environment.add_filter("lowercase", |text: String| text.to_lowercase());
    environment.add_filter("uppercase", |text: String| text.to_uppercase());
    environment.add_filter("sha256", |text: String| sha256(&text));
    environment
}

fn refused(problem: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}

/// The first `most` bytes, without the half of a character.
fn cut(text: &str, most: usize) -> &str {
    let boundary = (0..=most.min(text.len())).rfind(|at| text.is_char_boundary(*at));
    &text[..boundary.unwrap_or_default()]
}

/// Cuts a long text so that different ones stay different: its end is 8 digits of its hash.
fn truncate_sha256(text: String, most: usize) -> Result<String, Error> {
    if most <= 8 {
        return Err(refused("no room for the hash"));
    }
    if text.len() <= most {
        return Ok(text);
    }
    Ok(format!("{}{}", cut(&text, most - 8), &sha256(&text)[..8]))
}

fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(expression: &str) -> Option<String> {
        let environment = environment(|count| "r".repeat(count));
        let template = format!("{{{{ {expression} }}}}");
        environment.render_str(&template, ()).ok()
    }

    #[test]
    fn filters_mean_what_they_mean_in_vault() {
        for (expression, expected) in [
            ("'Ab-c' | uppercase", "AB-C"),
            ("'Ab-C' | lowercase", "ab-c"),
            ("'a@x' | replace('@', '_')", "a_x"),
            ("'abcdef' | truncate(3)", "abc"),
            ("'abc' | truncate(63)", "abc"),
            ("'aü' | truncate(2)", "a"),
            ("'alice@x' | sha256 | truncate(8)", "24192faa"),
            ("'alice@x' | truncate_sha256(63)", "alice@x"),
            ("'alice@alice@x' | truncate_sha256(10) | truncate(2)", "al"),
            ("random(3)", "rrr"),
        ] {
            assert_eq!(
                rendered(expression).as_deref(),
                Some(expected),
                "{expression}"
            );
        }
        for wrong in [
            "random(64)",
            "'abc' | truncate_sha256(8)",
            "nobody",
            "'a' | truncate(-1)",
        ] {
            assert_eq!(rendered(wrong), None, "{wrong}");
        }
    }
}
