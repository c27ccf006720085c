//! What a check found: a contract of the JSON output.

use serde::Serialize;

use crate::failure;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    /// It works, and will hurt.
    Warning,
    /// Something does not work, or a secret is open to others.
    Failure,
}

/// The result of one check.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    /// What was looked at, such as `connection main`, `role app` or `file /etc/…`.
    pub(crate) subject: String,
    pub(crate) status: Status,
    /// What it means.
    pub(crate) detail: String,
    /// The command that mends it: SQL to run as a superuser, a command of a shell, or a line of the state file.
    pub(crate) remedy: Option<String>,
}

/// One check of one subject, whose result is still to come.
#[derive(Clone, Copy)]
pub(super) struct Check<'a> {
    pub(super) name: &'static str,
    pub(super) subject: &'a str,
}

impl Check<'_> {
    pub(super) fn ok(self, detail: impl Into<String>) -> Finding {
        self.finding(Status::Ok, detail.into(), None)
    }

    pub(super) fn warning(self, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Status::Warning, detail.into(), Some(remedy.into()))
    }

    pub(super) fn failure(self, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Status::Failure, detail.into(), Some(remedy.into()))
    }

    /// Something that pgcreds could not do, with the hint that it has for it, or this remedy.
    pub(super) fn error(self, error: &anyhow::Error, remedy: &str) -> Finding {
        let hint = failure::hint(error).unwrap_or(remedy);
        let sql = hint.strip_prefix("Run as a superuser: ");
        self.failure(failure::one_line(error), sql.unwrap_or(hint))
    }

    fn finding(self, status: Status, detail: String, remedy: Option<String>) -> Finding {
        Finding {
            check: self.name,
            subject: self.subject.to_owned(),
            status,
            detail,
            remedy,
        }
    }
}
