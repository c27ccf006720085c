//! The audit log: one JSON line an event, appended whole and durable. It knows lines and places, and nothing of servers.

mod file;
mod history;
mod syslog;

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use serde::Serialize;

pub(crate) use history::{Seen, each};

use crate::environment::{host_name, unix_time, user_name, variable};
use crate::failure::{Failure, one_line};
use crate::model::audit_log::AuditLog;
use crate::model::event::Event;
use crate::model::timestamp::Timestamp;
use crate::ui::{Log, Stream, Ui, json_line, write_line};

/// The variables that name a job of GitHub Actions and of GitLab CI.
const JOBS: [&str; 2] = ["GITHUB_RUN_ID", "CI_JOB_ID"];

/// The audit log of one state file.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// `None` when there is no place for one.
    place: Option<AuditLog>,
    /// Whether nothing may be issued without its line.
    is_required: bool,
    voice: Voice,
    /// Whether the last try failed, and that was said.
    is_told: AtomicBool,
}

/// How a person is told that a line could not be written.
#[derive(Debug, Default)]
enum Voice {
    #[default]
    Silent,
    Warning(Ui),
    /// As a line of the agent's own log.
    Event(Log),
}

/// Who did it, on which machine: the same for all events of a process.
#[derive(Serialize)]
struct Actor {
    os_user: String,
    host: String,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ci: Option<String>,
}

/// An event as it is written.
#[derive(Serialize)]
struct Line<'a> {
    time: &'a Timestamp,
    #[serde(flatten)]
    event: &'a Event,
    #[serde(flatten)]
    actor: &'a Actor,
}

impl Audit {
    /// The log at this place, which need not exist yet.
    pub(crate) fn new(place: Option<AuditLog>, is_required: bool, ui: Ui) -> Self {
        Self {
            place,
            is_required,
            voice: Voice::Warning(ui),
            is_told: AtomicBool::new(false),
        }
    }

    /// Problems become lines of this log instead of warnings.
    pub(crate) fn report_to(&mut self, log: Log) {
        self.voice = Voice::Event(log);
    }

    /// Where it is, if it has a place.
    pub(crate) fn place(&self) -> Option<&AuditLog> {
        self.place.as_ref()
    }

    /// Looks whether a line could be written, without writing one: said before anything is done on a server. Fails when the
    /// log is required.
    pub(crate) fn prepare(&self) -> Result<()> {
        let opened = match &self.place {
            Some(AuditLog::File(path)) => file::probe(path).map_err(anyhow::Error::from),
            Some(AuditLog::Syslog(socket)) => syslog::connect(socket)
                .map(drop)
                .map_err(anyhow::Error::from),
            Some(AuditLog::Stdout | AuditLog::Stderr) => Ok(()),
            None => no_place(),
        };
        self.settle(self.explained(opened))
    }

    /// Writes an event that must not go without its line. Fails when the log is required.
    pub(crate) fn record(&self, event: &Event) -> Result<()> {
        self.settle(self.write(std::slice::from_ref(event)))
    }

    /// Writes an event that must not be held up by its line: a problem becomes a warning.
    pub(crate) fn note(&self, event: &Event) {
        self.note_all(std::slice::from_ref(event));
    }

    /// The same for many events, with one write for all of them.
    pub(crate) fn note_all(&self, events: &[Event]) {
        if let Err(error) = self.write(events) {
            self.tell(&error);
        }
    }

    fn settle(&self, written: Result<()>) -> Result<()> {
        match written {
            Err(error) if !self.is_required => {
                self.tell(&error);
                Ok(())
            }
            Err(error) => {
                // The failure says it; what follows from it needs no warning besides.
                self.is_told.store(true, Ordering::Relaxed);
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    fn write(&self, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let lines = lines(events)?;
        let written = match &self.place {
            Some(AuditLog::File(path)) => file::append(path, &lines).map_err(Into::into),
            Some(AuditLog::Stdout) => write_line(Stream::Stdout, &lines).map_err(Into::into),
            Some(AuditLog::Stderr) => write_line(Stream::Stderr, &lines).map_err(Into::into),
            Some(AuditLog::Syslog(socket)) => {
                syslog::send(socket, lines.lines().zip(events.iter().map(Event::is_ok)))
                    .map_err(Into::into)
            }
            None => no_place(),
        };
        let written = self.explained(written);
        if written.is_ok() {
            self.is_told.store(false, Ordering::Relaxed);
        }
        written
    }

    fn explained(&self, written: Result<()>) -> Result<()> {
        written.with_context(|| {
            let place = match &self.place {
                Some(AuditLog::File(path)) => format!(" \"{}\"", path.display()),
                Some(AuditLog::Syslog(socket)) => format!(" at socket \"{}\"", socket.display()),
                Some(AuditLog::Stdout) => " to stdout".to_owned(),
                Some(AuditLog::Stderr) => " to stderr".to_owned(),
                None => String::new(),
            };
            Failure::request(format!("could not write the audit log{place}")).hint(
                "Nothing is issued without its line there. Name another place with --audit-log or audit_log in the state file; \
                 audit_required = false there turns this into a warning.",
            )
        })
    }

    /// Says it once, until a line could be written again.
    fn tell(&self, error: &anyhow::Error) {
        if self.is_told.swap(true, Ordering::Relaxed) {
            return;
        }
        match &self.voice {
            Voice::Silent => {}
            Voice::Warning(ui) => ui.warn(&one_line(error)),
            Voice::Event(log) => log.event("audit_failed", &[("error", &one_line(error))]),
        }
    }
}

fn no_place() -> Result<()> {
    Err(anyhow::anyhow!(
        "there is no folder for it: HOME is not set"
    ))
}

/// The events as lines, each with its end.
fn lines(events: &[Event]) -> Result<String> {
    let time = Timestamp::from_unix(unix_time().as_secs());
    let job = |name: &str| variable(name).map(|id| format!("{name}={id}"));
    let actor = Actor {
        os_user: user_name(),
        host: host_name(),
        pid: std::process::id(),
        ci: JOBS.into_iter().find_map(job),
    };
    let mut lines = String::new();
    for event in events {
        let line = Line {
            time: &time,
            event,
            actor: &actor,
        };
        lines += &json_line(&line)?;
        lines.push('\n');
    }
    Ok(lines)
}
