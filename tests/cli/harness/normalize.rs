//! Replaces what differs between two runs of one test: random parts, passwords, times, process ids. It knows text only.

/// Replaces lease names' random ends by RANDOM, passwords by PASSWORD, times by TIME, and process ids by PID.
pub(crate) fn normalize(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // A word is looked at from its start only.
        let is_start = !result.chars().next_back().is_some_and(is_word);
        let found = [time, pid, word].iter().find_map(|find| find(rest));
        match found {
            Some((length, replacement)) if is_start => {
                result.push_str(&replacement);
                rest = &rest[length..];
            }
            _ => {
                result.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    result
}

/// Replaces a word where it stands alone, not where it is part of a longer one.
pub(super) fn replace_word(text: &str, word: &str, replacement: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(word) {
        let (before, after) = (&rest[..start], &rest[start + word.len()..]);
        let is_part = before.chars().next_back().is_some_and(is_word)
            || after.chars().next().is_some_and(is_word);
        result.push_str(before);
        result.push_str(if is_part { word } else { replacement });
        rest = after;
    }
    result + rest
}

/// Whether the character is part of a word: a name, a number, a password.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// A lease name (`pgc_app_role_alice_` and 12 characters), or 32 letters and digits: a password.
fn word(text: &str) -> Option<(usize, String)> {
    let length = text
        .find(|character| !is_word(character))
        .unwrap_or(text.len());
    let word = &text[..length];
    if word.starts_with("pgc_") {
        let (readable, random) = word.rsplit_once('_')?;
        let is_random = random.len() == 12
            && random
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        return is_random.then(|| (length, format!("{readable}_RANDOM")));
    }
    let is_password = length == 32 && !word.contains('_');
    is_password.then(|| (length, "PASSWORD".to_owned()))
}

/// A time in UTC as RFC 3339 has it: `2026-11-24T03:00:00.123Z`, also with a space, and with `+00:00` or `+00` at its end.
fn time(text: &str) -> Option<(usize, String)> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let start = text.as_bytes().get(..SHAPE.len())?;
    let is_time = start.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b' '),
        _ => byte == shape,
    });
    if !is_time {
        return None;
    }
    let mut rest = &text[SHAPE.len()..];
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    }
    let zone = ["Z", "+00:00", "+00"]
        .into_iter()
        .find(|zone| rest.starts_with(zone))?;
    Some((text.len() - rest.len() + zone.len(), "TIME".to_owned()))
}

/// `pid 4711`, `pid=4711`, `"pid": 4711` and `process 4711`, from the word on.
fn pid(text: &str) -> Option<(usize, String)> {
    let after = ["pid", "PID", "process"]
        .into_iter()
        .find_map(|word| text.strip_prefix(word))?;
    let digits = after.trim_start_matches(['"', ':', '=', ' ']);
    let rest = digits.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let is_number = after.len() > digits.len() && digits.len() > rest.len();
    is_number.then(|| {
        let kept = &text[..text.len() - digits.len()];
        (text.len() - rest.len(), format!("{kept}PID"))
    })
}
