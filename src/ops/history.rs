//! What the audit log of this host remembers, also of leases that no server has any more.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::audit::{Audit, Seen, each};
use crate::environment::unix_time;
use crate::failure::Failure;
use crate::model::audit_log::AuditLog;
use crate::model::event::EventKind;
use crate::model::name::{Label, LeaseId, RoleName};
use crate::model::since::Since;

/// Which events are wanted.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) since: Option<Since>,
    pub(crate) event: Option<EventKind>,
    pub(crate) lease: Option<LeaseId>,
    pub(crate) role: Option<RoleName>,
    pub(crate) label: Option<Label>,
}

/// A lease that no server has any more: a contract of the JSON output.
#[derive(Debug, Serialize)]
pub(crate) struct Gone {
    lease_id: LeaseId,
    role: Option<String>,
    connection: Option<String>,
    state: GoneState,
    issued_at: Option<String>,
    expires_at: Option<String>,
    ended_at: Option<String>,
    issued_by: Option<String>,
    ended_by: Option<String>,
    label: Option<String>,
}

/// How it went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum GoneState {
    /// Somebody who writes to this log revoked or swept it.
    Revoked,
    /// Somebody else did.
    Gone,
}

/// Hands on the events that are wanted, the oldest first, and says which lines are none.
pub(crate) fn list(
    audit: &Audit,
    wanted: &Wanted,
    visit: &mut dyn FnMut(Map<String, Value>) -> Result<()>,
    skip: &dyn Fn(&str),
) -> Result<()> {
    let path = match audit.place() {
        Some(AuditLog::File(path)) => path,
        place => return Err(unreadable(place).into()),
    };
    let since = wanted
        .since
        .as_ref()
        .map(|since| since.before(unix_time().as_secs()).to_string());
    let filters = [
        ("event", wanted.event.map(EventKind::as_str)),
        ("lease", wanted.lease.as_ref().map(LeaseId::as_str)),
        ("role", wanted.role.as_ref().map(RoleName::as_str)),
        ("label", wanted.label.as_ref().map(Label::as_str)),
    ];
    each(path, &mut |seen| match seen {
        Seen::Event(fields) => {
            let is_wanted = filters
                .iter()
                .all(|(name, value)| value.is_none() || text(&fields, name) == *value)
                && since.as_deref() <= text(&fields, "time");
            if is_wanted { visit(fields) } else { Ok(()) }
        }
        Seen::Foreign(place) => {
            skip(&place);
            Ok(())
        }
    })
}

/// What the log knows of a lease that no server has; `None` when that is nothing, or there is no log that can be read.
pub(crate) fn gone(audit: &Audit, id: &LeaseId) -> Result<Option<Gone>> {
    if !matches!(audit.place(), Some(AuditLog::File(_))) {
        return Ok(None);
    }
    let mut gone = None;
    let wanted = Wanted {
        lease: Some(id.clone()),
        ..Wanted::default()
    };
    list(
        audit,
        &wanted,
        &mut |fields| {
            // Lines of tries that met no lease have its name only.
            if text(&fields, "issued_by").is_some() {
                gone.get_or_insert_with(|| Gone::new(id)).learn(&fields);
            }
            Ok(())
        },
        &|_| (),
    )?;
    Ok(gone)
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn unreadable(place: Option<&AuditLog>) -> Failure {
    match place {
        Some(AuditLog::Syslog(_)) => Failure::request("the audit log goes to syslog")
            .hint("Read it there, for example with: journalctl -t pgcreds"),
        Some(_) => Failure::request("the audit log goes to stdout or stderr")
            .hint("Read it where that is kept, or name a file with --audit-log FILE."),
        None => Failure::request("could not find the audit log: HOME is not set")
            .hint("Name it with --audit-log FILE."),
    }
}

impl Gone {
    fn new(id: &LeaseId) -> Self {
        Self {
            lease_id: id.clone(),
            role: None,
            connection: None,
            state: GoneState::Gone,
            issued_at: None,
            expires_at: None,
            ended_at: None,
            issued_by: None,
            ended_by: None,
            label: None,
        }
    }

    /// Adds what a line of the lease says; later ones know better.
    fn learn(&mut self, fields: &Map<String, Value>) {
        let value = |name| text(fields, name).map(str::to_owned);
        for (field, name) in [
            (&mut self.role, "role"),
            (&mut self.connection, "connection"),
            (&mut self.issued_at, "issued_at"),
            (&mut self.expires_at, "expires_at"),
            (&mut self.issued_by, "issued_by"),
            (&mut self.label, "label"),
        ] {
            *field = value(name).or_else(|| field.take());
        }
        let is_end = matches!(text(fields, "event"), Some("revoke" | "sweep"));
        if is_end && text(fields, "outcome") == Some("ok") {
            self.state = GoneState::Revoked;
            self.ended_at = value("time");
            let by = |name| text(fields, name).unwrap_or("unknown");
            self.ended_by = Some(format!("{}@{}", by("os_user"), by("host")));
        }
    }
}
