//! libpq's password file, `~/.pgpass` (PostgreSQL documentation, "The Password File").

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::environment::home;
use crate::files::{self, Owners};
use crate::model::secret::Secret;
use crate::postgres::opening::SOCKET_FOLDERS;

/// What a line of the file has to match.
pub(crate) struct Wanted<'a> {
    /// Host name; a Unix socket in a default folder counts as `localhost`.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) dbname: &'a str,
    pub(crate) user: &'a str,
}

/// Looks in `file`, else `~/.pgpass`. As in libpq a file that is missing, unreadable or readable by others counts as empty;
/// so does one that another user may have put there.
pub(crate) fn password(file: Option<&str>, wanted: &Wanted<'_>) -> Option<Secret> {
    find(&read_private(&path(file)?)?, wanted)
}

/// The file itself.
pub(crate) fn path(file: Option<&str>) -> Option<PathBuf> {
    file.map(PathBuf::from)
        .or_else(|| home().map(|home| home.join(".pgpass")))
}

fn read_private(path: &Path) -> Option<String> {
    let file = files::open(path, Owners::Placed).ok()?;
    let metadata = file.metadata().ok()?;
    (metadata.is_file() && metadata.mode() & 0o077 == 0)
        .then(|| io::read_to_string(file).ok())
        .flatten()
}

/// The password of the first line that matches.
fn find(text: &str, wanted: &Wanted<'_>) -> Option<Secret> {
    let port = wanted.port.to_string();
    // libpq looks for localhost where the socket is in its default folder.
    let host = if SOCKET_FOLDERS.contains(&wanted.host) || wanted.host.is_empty() {
        "localhost"
    } else {
        wanted.host
    };
    let fields = [host, &port, wanted.dbname, wanted.user];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let mut rest = line;
            for field in fields {
                let (pattern, tail) = split_field(rest)?;
                if pattern != "*" && unescape(pattern) != field {
                    return None;
                }
                rest = tail;
            }
            let password = split_field(rest).map_or(rest, |(password, _)| password);
            Some(Secret::new(unescape(password)))
        })
}

/// Splits at the first `:` that no backslash stands before.
fn split_field(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let at = text.bytes().position(|byte| {
        let is_end = byte == b':' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((&text[..at], &text[at + 1..]))
}

/// A backslash takes the next character as it is.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn look_up(text: &str) -> Option<String> {
        let wanted = Wanted {
            host: "db:1",
            port: 5432,
            dbname: "my\\db",
            user: "u",
        };
        find(text, &wanted).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_match_wins() {
        for (text, password) in [
            ("", None),
            ("# db:1:*:*:*:x", None),
            ("other:*:*:*:a\n*:*:*:*:b\n*:*:*:u:c", Some("b")),
            ("db\\:1:5432:my\\\\db:u:p\\:w\\\\d", Some("p:w\\d")),
            ("*:5433:*:*:a", None),
            ("*:*:*:*:", Some("")),
            ("*:*:*", None),
        ] {
            assert_eq!(look_up(text).as_deref(), password, "{text}");
        }
    }

    #[test]
    fn a_socket_counts_as_localhost() {
        let wanted = Wanted {
            host: "/tmp",
            port: 1,
            dbname: "d",
            user: "u",
        };
        assert!(find("localhost:1:d:u:x", &wanted).is_some());
    }

    proptest! {
        #[test]
        fn any_password_comes_back(password in "[ -~]{0,20}") {
            let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
            let line = format!("*:*:*:*:{escaped}");
            prop_assert_eq!(look_up(&line), Some(password));
        }
    }
}
