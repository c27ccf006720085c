//! Files of this host: who can read a secret, and who can change what pgcreds runs.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::finding::{Check, Finding};
use super::places::place;
use crate::environment::{home, variable};
use crate::model::connection::{Connection, PasswordSource};
use crate::model::name::ConnectionName;
use crate::shell::word;
use crate::state::{State, password_file};

/// The state file's mode, which counts for more where a password stands in it.
pub(super) fn state_file(path: &Path, state: &State, mode: u32) -> Finding {
    let subject = format!("file {}", path.display());
    let check = Check {
        name: "state_file",
        subject: &subject,
    };
    let has_password = state
        .connections
        .values()
        .any(Connection::has_literal_password);
    if has_password && mode & 0o077 != 0 {
        return check.failure(
            format!("it holds a password, and others can read it (mode {mode:04o}): every other command refuses it"),
            format!("chmod 600 {}", word(path)),
        );
    }
    if mode & 0o022 != 0 {
        return check.failure(
            format!("others can change it (mode {mode:04o}), and with it the SQL and the commands that pgcreds runs"),
            format!("chmod go-w {}", word(path)),
        );
    }
    check.ok(format!("mode {mode:04o}"))
}

/// A password in the state file is in its copies and its history too.
fn literal_password(name: &ConnectionName) -> Finding {
    let subject = format!("connection {name}");
    let check = Check {
        name: "literal_password",
        subject: &subject,
    };
    check.warning(
        "the admin's password stands in the state file, and so in all copies of it",
        format!(
            "Write the password to a file of mode 0600, and in [connections.{name}]: password = {{ file = \"{}\" }}",
            password_file(name).display()
        ),
    )
}

/// Where a connection's password comes from, as far as that is a file.
pub(super) fn passwords(state: &State, name: &ConnectionName) -> Vec<Finding> {
    let Some(connection) = state.connections.get(name) else {
        return Vec::new();
    };
    match &connection.password {
        Some(PasswordSource::File(path)) => {
            let path = state.folder.join(path);
            vec![own_password_file(&path), place(&path)]
        }
        _ if connection.has_literal_password() => vec![literal_password(name)],
        None => libpq_password_file(),
        _ => Vec::new(),
    }
}

fn own_password_file(path: &Path) -> Finding {
    let subject = format!("file {}", path.display());
    let check = Check {
        name: "password_file",
        subject: &subject,
    };
    let remedy = format!("chmod 600 {}", word(path));
    match mode_of(path) {
        None => check.failure(
            "it cannot be read, and the admin's password shall be in it",
            format!("install -m 600 /dev/stdin {}", word(path)),
        ),
        Some(mode) if mode & 0o007 != 0 => check.failure(
            format!("every user of this host can read the admin's password (mode {mode:04o})"),
            remedy,
        ),
        Some(mode) if mode & 0o070 != 0 => check.warning(
            format!("the file's group can read the admin's password (mode {mode:04o})"),
            remedy,
        ),
        Some(mode) => check.ok(format!("mode {mode:04o}")),
    }
}

/// `~/.pgpass`, which libpq passes over when others can read it.
fn libpq_password_file() -> Vec<Finding> {
    let path = variable("PGPASSFILE")
        .map(PathBuf::from)
        .or_else(|| home().map(|home| home.join(".pgpass")));
    let Some((path, mode)) = path.and_then(|path| mode_of(&path).map(|mode| (path, mode))) else {
        return Vec::new();
    };
    let subject = format!("file {}", path.display());
    let check = Check {
        name: "password_file",
        subject: &subject,
    };
    let finding = match mode & 0o077 {
        0 => check.ok(format!("mode {mode:04o}")),
        _ => check.failure(
            format!("others can read it (mode {mode:04o}): pgcreds and libpq pass over it"),
            format!("chmod 600 {}", word(&path)),
        ),
    };
    vec![finding, place(&path)]
}

fn mode_of(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    Some(metadata.mode() & 0o777)
}
