//! Where the audit log goes, as the state file and the command line name it.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

/// A file, or somebody who keeps the lines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum AuditLog {
    /// One line appended an event; a relative path starts at the state file's folder, or where the command was typed.
    File(PathBuf),
    /// The log of a container.
    Stdout,
    Stderr,
    /// The socket of the system's log.
    Syslog(PathBuf),
}

/// Where the system's log listens: syslog(3) of Linux, and of macOS.
const SYSLOG: &str = if cfg!(target_os = "macos") {
    "/var/run/syslog"
} else {
    "/dev/log"
};

impl From<String> for AuditLog {
    fn from(text: String) -> Self {
        match (text.as_str(), text.strip_prefix("syslog:")) {
            ("stdout", _) => Self::Stdout,
            ("stderr", _) => Self::Stderr,
            ("syslog", _) => Self::Syslog(SYSLOG.into()),
            (_, Some(socket)) => Self::Syslog(socket.into()),
            (path, None) => Self::File(path.into()),
        }
    }
}

impl FromStr for AuditLog {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.to_owned().into())
    }
}

impl AuditLog {
    /// With a relative path that starts in that folder.
    pub(crate) fn within(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_paths_are_told_apart() {
        let parse = |text: &str| AuditLog::from(text.to_owned());
        assert_eq!(parse("stdout"), AuditLog::Stdout);
        assert_eq!(parse("stderr"), AuditLog::Stderr);
        assert_eq!(parse("syslog"), AuditLog::Syslog(SYSLOG.into()));
        assert_eq!(parse("syslog:/x/log"), AuditLog::Syslog("/x/log".into()));
        let file = parse("./syslog").within(Path::new("/etc/pgcreds"));
        assert_eq!(file, AuditLog::File("/etc/pgcreds/./syslog".into()));
        assert_eq!(
            parse("/a").within(Path::new("/b")),
            AuditLog::File("/a".into())
        );
    }
}
