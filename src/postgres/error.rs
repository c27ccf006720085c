//! What PostgreSQL says when something fails, and what to do about it. Secrets that were sent are taken out of it.

use std::error::Error;
use std::fmt;

use tokio_postgres::error::SqlState;

use crate::failure::Failure;
use crate::postgres::handshake;

/// A failed exchange with the server.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseError {
    code: Option<SqlState>,
    message: String,
    detail: Option<String>,
    /// Whether the connection is of no more use.
    is_lost: bool,
    /// Whether no answer came in time.
    is_silence: bool,
    /// Who asked, for the hint; known once a session is open.
    admin: Option<String>,
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if let Some(code) = &self.code {
            write!(formatter, " (SQLSTATE {})", code.code())?;
        }
        if let Some(detail) = &self.detail {
            write!(formatter, ": {}", detail.replace('\n', "; "))?;
        }
        Ok(())
    }
}

impl Error for DatabaseError {}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db_error) = error.as_db_error() {
            let code = db_error.code().clone();
            return Self {
                // The server ends the session itself (class 57P: shutdown, terminated by an administrator).
                is_lost: code.code().starts_with("57P"),
                code: Some(code),
                message: db_error.message().to_owned(),
                detail: db_error.detail().map(str::to_owned),
                admin: None,
                is_silence: false,
            };
        }
        // tokio-postgres keeps the reason in the source of its error.
        let mut message = error.to_string();
        // It has no other way to tell an answer that cannot be read from one that never came.
        let is_lost = !message.starts_with("error deserializing column");
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self {
            code: None,
            message,
            detail: None,
            is_lost,
            admin: None,
            is_silence: false,
        }
    }
}

impl DatabaseError {
    /// The server did not answer in time; what it does now is unknown.
    pub(crate) fn timed_out(seconds: u64) -> Self {
        Self {
            code: None,
            message: format!("the server did not answer within {seconds} s"),
            detail: None,
            is_lost: true,
            admin: None,
            is_silence: true,
        }
    }

    /// The server answered, but not as PostgreSQL does, or refused on our own terms.
    pub(crate) fn unexpected(message: &str) -> Self {
        Self {
            code: None,
            message: message.to_owned(),
            detail: None,
            is_lost: false,
            admin: None,
            is_silence: false,
        }
    }

    /// The server is not the one to write to.
    pub(super) fn read_only() -> Self {
        Self {
            code: Some(SqlState::READ_ONLY_SQL_TRANSACTION),
            message: "the server is read-only".to_owned(),
            detail: None,
            is_lost: true,
            admin: None,
            is_silence: false,
        }
    }

    /// Whether the server let nobody in, for a reason that another host of the same cluster would have too. One that
    /// starts up or cannot be written to is no such.
    pub(super) fn is_refusal(&self) -> bool {
        let code = self.code.as_ref().map(SqlState::code);
        code.is_some_and(|code| !["57P03", "25006"].contains(&code))
    }

    /// Whether the server refused the password. Poolers have codes of their own for it, and methods without a password
    /// fail with much the same words.
    pub(crate) fn is_password_refused(&self) -> bool {
        const WITHOUT_PASSWORD: [&str; 5] = ["Peer", "Ident", "GSSAPI", "SSPI", "certificate"];
        let is_without = |method| self.message.starts_with(method);
        self.code == Some(SqlState::INVALID_PASSWORD)
            || self.code.is_some()
                && self.message.contains("authentication failed")
                && !WITHOUT_PASSWORD.into_iter().any(is_without)
    }

    /// The server's SQLSTATE.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        self.code.as_ref()
    }

    /// The server's message and detail.
    pub(crate) fn text(&self) -> String {
        format!(
            "{} {}",
            self.message,
            self.detail.as_deref().unwrap_or_default()
        )
    }

    /// Whether the session is of no more use.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether the server did not answer in time.
    pub(crate) fn is_silence(&self) -> bool {
        self.is_silence
    }

    /// Whether the server refused the session because all its connection slots are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.code == Some(SqlState::TOO_MANY_CONNECTIONS)
    }

    /// The same error with the admin that it happened to.
    pub(super) fn of(self, admin: &str) -> Self {
        Self {
            admin: Some(admin.to_owned()),
            ..self
        }
    }

    /// The same error, where the session that it ended is not the one that the caller depends on.
    pub(crate) fn elsewhere(self) -> Self {
        Self {
            is_lost: false,
            ..self
        }
    }

    /// Whether the same transaction may well succeed when it is run again: two changed the same catalog row at once.
    ///
    /// `XX000` is how "tuple concurrently updated" arrives.
    pub(crate) fn is_conflict(&self) -> bool {
        let Some(code) = &self.code else { return false };
        match code.code() {
            "40001" | "40P01" => true,
            "XX000" => self.message.contains("tuple concurrently"),
            _ => false,
        }
    }

    /// Whether another session made the same thing first, which is there when the transaction is run again.
    pub(crate) fn is_duplicate(&self) -> bool {
        let code = self.code.as_ref();
        code.is_some_and(|code| {
            [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_OBJECT].contains(code)
        })
    }

    /// The same error, with what failed before the server's words.
    pub(crate) fn during(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The same error, with what has to be run against it.
    pub(super) fn with_fix(self, fix: &str) -> Self {
        let detail = match &self.detail {
            Some(detail) => format!("{detail}; {fix}"),
            None => fix.to_owned(),
        };
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// Whether the admin lacks a privilege.
    pub(super) fn is_permission_denied(&self) -> bool {
        self.code == Some(SqlState::INSUFFICIENT_PRIVILEGE)
    }

    /// The same failure to get a lock, with those who hold it instead of the server's words.
    pub(crate) fn held_by(self, holders: &str) -> Self {
        Self {
            code: None,
            message: format!("{holders} holds a lock on it"),
            detail: None,
            ..self
        }
    }

    /// Whether another session held a lock for longer than we wait.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        self.code == Some(SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Takes a secret out of the texts: PostgreSQL repeats parts of a statement that it does not understand.
    pub(crate) fn redacted(mut self, secret: &str) -> Self {
        self.message = self.message.replace(secret, "***");
        self.detail = self.detail.map(|detail| detail.replace(secret, "***"));
        self
    }

    /// Makes a failure of it: what pgcreds could not do, the server's words as the cause, and the next step.
    pub(crate) fn failure(self, what: impl Into<String>) -> anyhow::Error {
        let failure = Failure::server(what).maybe_hint(self.hint());
        anyhow::Error::new(self).context(failure)
    }

    /// The next step for what administrators meet most.
    pub(crate) fn hint(&self) -> Option<String> {
        let Some(code) = &self.code else {
            return handshake::hint(&self.message).map(str::to_owned);
        };
        let hint = match code.code() {
            "28P01" | "28000" => "Check the username, the password's source and pg_hba.conf.",
            "3D000" => {
                "Mend the database's name in the connection's url, or create it with: createdb NAME"
            }
            "53300" | "53400" => {
                "Try again later, or raise max_connections, or the connection limit of the role or of the database."
            }
            "57P03" => "Try again when the server has started.",
            "25006" => {
                "The server is a standby or read-only. Point the connection's url at the primary."
            }
            "42501" => return Some(self.permission_hint()),
            "53200" => "Raise max_locks_per_transaction on the server.",
            "55P03" => "Another session holds a lock. The next sweep tries again.",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// What to grant when a permission is missing.
    fn permission_hint(&self) -> String {
        let text = self.text();
        let admin = super::identifier(self.admin.as_deref().unwrap_or("admin"));
        if text.contains("must be superuser") || text.contains("SUPERUSER attribute") {
            return "Only a superuser can do that: leave it out of the statements, or let a superuser be the connection's admin.".into();
        }
        if text.contains("User does not have CONNECT privilege")
            && let Some(database) = quoted_after(&text, "for database ")
        {
            let database = super::identifier(database);
            return format!("Run as a superuser: GRANT CONNECT ON DATABASE {database} TO {admin};");
        }
        // PostgreSQL 16+ names the attribute.
        let attribute = text
            .split_once("Only roles with the ")
            .and_then(|(_, tail)| tail.split_once(" attribute"))
            .map(|(attribute, _)| attribute)
            .or(text.contains("create role").then_some("CREATEROLE"));
        if let Some(attribute) = attribute {
            return format!("Run as a superuser: ALTER ROLE {admin} {attribute};");
        }
        if let Some(group) = quoted_after(&text, "role ") {
            let group = super::identifier(group);
            return format!("Run as a superuser: GRANT {group} TO {admin} WITH ADMIN OPTION;");
        }
        format!("Grant the missing privilege to {admin}.")
    }
}

/// The name in double quotes that follows the first `before`.
fn quoted_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, tail) = text.split_once(&format!("{before}\""))?;
    tail.split_once('"').map(|(name, _)| name)
}
