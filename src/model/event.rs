//! What is worth a line in the audit log: who did what to which lease, and what came of it. No secret goes in.

use serde::Serialize;

use crate::model::marker::Marker;
use crate::model::name::{ConnectionName, Label, LeaseId, RoleName};
use crate::model::reassigned::Reassigned;
use crate::model::timestamp::Timestamp;

/// The longest error that a line holds, in characters: a line stays below what a pipe takes at once (4096).
const LONGEST_ERROR: usize = 2_000;

/// What was done, or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum EventKind {
    /// A login was made
    Issue,
    /// A lease got more time
    Renew,
    /// A lease was ended before its time
    Revoke,
    /// An expired lease was removed
    Sweep,
    /// An admin got a new password
    Rotate,
    /// A command was started with a lease
    ExecStart,
    /// That command ended
    ExecEnd,
    /// A server could not be reached for what was due there
    Connect,
}

impl EventKind {
    /// As it stands in the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Renew => "renew",
            Self::Revoke => "revoke",
            Self::Sweep => "sweep",
            Self::Rotate => "rotate",
            Self::ExecStart => "exec_start",
            Self::ExecEnd => "exec_end",
            Self::Connect => "connect",
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ok,
    /// pgcreds said no before it asked a server, or the server's ledger did.
    Refused,
    Failed,
    /// Begun, and not finished: a lease that is cut off, but still there.
    Partial,
}

/// One event; what does not apply to it is left out of its line.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    event: EventKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<LeaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<RoleName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<ConnectionName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_by: Option<Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reassigned: Vec<Reassigned>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Event {
    /// An event that went well, of which nothing else is known yet.
    pub(crate) fn new(event: EventKind) -> Self {
        Self {
            event,
            lease: None,
            role: None,
            connection: None,
            database: None,
            label: None,
            issued_by: None,
            issued_at: None,
            expires_at: None,
            command: None,
            exit_code: None,
            reassigned: Vec::new(),
            outcome: Outcome::Ok,
            error: None,
        }
    }

    /// An event of a lease, with what its marker says.
    pub(crate) fn of(event: EventKind, marker: &Marker) -> Self {
        Self {
            lease: Some(marker.lease.clone()),
            role: Some(marker.role.clone()),
            connection: Some(marker.connection.clone()),
            label: Some(marker.label.clone()),
            issued_by: Some(marker.issued_by.clone()),
            issued_at: Some(marker.issued_at.clone()),
            ..Self::new(event)
        }
    }

    /// Adds the lease that it is about, where nothing but its name is known.
    pub(crate) fn lease(mut self, lease: &LeaseId) -> Self {
        self.lease = Some(lease.clone());
        self
    }

    /// Adds the connection that it went through; the marker's is the one that the lease was issued through.
    pub(crate) fn connection(mut self, connection: &ConnectionName) -> Self {
        self.connection = Some(connection.clone());
        self
    }

    /// Adds the database that the session was in.
    pub(crate) fn database(mut self, database: &str) -> Self {
        self.database = Some(database.to_owned());
        self
    }

    /// Adds when the lease ends.
    pub(crate) fn expires_at(mut self, end: &Timestamp) -> Self {
        self.expires_at = Some(end.clone());
        self
    }

    /// Adds the program that was run. Its arguments can hold secrets: they are not for a log.
    pub(crate) fn command(mut self, program: String) -> Self {
        self.command = Some(program);
        self
    }

    /// Adds the program's exit code, as a shell reports it.
    pub(crate) fn exit_code(mut self, code: u8) -> Self {
        self.exit_code = Some(code);
        self
    }

    /// Adds the new owners of what the lease owned.
    pub(crate) fn reassigned(mut self, reassigned: Vec<Reassigned>) -> Self {
        self.reassigned = reassigned;
        self
    }

    /// It did not go well; `error` is one line without secrets.
    pub(crate) fn failed(mut self, outcome: Outcome, error: &str) -> Self {
        self.outcome = outcome;
        self.error = Some(error.chars().take(LONGEST_ERROR).collect());
        self
    }

    /// Whether it went well.
    pub(crate) fn is_ok(&self) -> bool {
        self.outcome == Outcome::Ok
    }
}
