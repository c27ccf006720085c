//! What the audit log of this host remembers, also of leases that no server has any more.

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::audit::{Audit, Seen, each};
use crate::environment::unix_time;
use crate::failure::Failure;
use crate::model::audit_log::AuditLog;
use crate::model::event::EventKind;
use crate::model::name::{ConnectionName, Label, LeaseId, RoleName};
use crate::model::since::Since;
use crate::state::State;

/// Which events are wanted.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) since: Option<Since>,
    pub(crate) event: Option<EventKind>,
    pub(crate) lease: Option<LeaseId>,
    pub(crate) role: Option<RoleName>,
    pub(crate) label: Option<Label>,
}

/// A lease that is on no server that was asked: a contract of the JSON output.
#[derive(Debug, Serialize)]
pub(crate) struct Remembered {
    lease_id: LeaseId,
    role: Option<String>,
    connection: Option<ConnectionName>,
    state: RememberedState,
    issued_at: Option<String>,
    expires_at: Option<String>,
    ended_at: Option<String>,
    issued_by: Option<String>,
    ended_by: Option<String>,
    label: Option<String>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum RememberedState {
    /// Somebody who writes to this log revoked or swept it.
    Revoked,
    /// Somebody else did.
    Gone,
    /// Not every connection that it could be on was asked.
    Unknown,
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

/// What the log knows of leases that are on none of the servers behind the connections that were asked. Nothing, where
/// there is no log that can be read.
pub(crate) fn remembered(
    audit: &Audit,
    ids: &[LeaseId],
    asked: &[ConnectionName],
) -> Result<HashMap<LeaseId, Remembered>> {
    let mut remembered = HashMap::<LeaseId, Remembered>::new();
    if !matches!(audit.place(), Some(AuditLog::File(_))) {
        return Ok(remembered);
    }
    let by_name: HashMap<&str, &LeaseId> = ids.iter().map(|id| (id.as_str(), id)).collect();
    let mut learn = |fields: Map<String, Value>| {
        let id = text(&fields, "lease").and_then(|name| by_name.get(name));
        // Lines of tries that met no lease have its name only.
        if let Some(&id) = id.filter(|_| text(&fields, "issued_by").is_some()) {
            let lease = remembered.entry(id.clone());
            lease.or_insert_with(|| Remembered::new(id)).learn(&fields);
        }
        Ok(())
    };
    list(audit, &Wanted::default(), &mut learn, &|_| ())?;
    for lease in remembered.values_mut() {
        let was_asked = lease
            .connection
            .as_ref()
            .is_some_and(|name| asked.contains(name));
        if lease.state == RememberedState::Gone && !was_asked {
            lease.state = RememberedState::Unknown;
        }
    }
    Ok(remembered)
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

impl Remembered {
    /// A lease of which nothing is known.
    pub(crate) fn unknown(id: &LeaseId) -> Self {
        Self {
            state: RememberedState::Unknown,
            ..Self::new(id)
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> &LeaseId {
        &self.lease_id
    }

    /// The connections that have to be asked before it can be said to have ended: its own, or any that it could be on where
    /// the log does not know it.
    pub(crate) fn unasked(&self, state: &State, asked: &[ConnectionName]) -> Vec<ConnectionName> {
        match (&self.connection, self.state) {
            (_, RememberedState::Revoked | RememberedState::Gone) => Vec::new(),
            (Some(own), _) => vec![own.clone()],
            (None, _) => {
                let all = state.connections.keys();
                all.filter(|name| !asked.contains(name)).cloned().collect()
            }
        }
    }

    fn new(id: &LeaseId) -> Self {
        Self {
            lease_id: id.clone(),
            role: None,
            connection: None,
            state: RememberedState::Gone,
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
            (&mut self.issued_at, "issued_at"),
            (&mut self.expires_at, "expires_at"),
            (&mut self.issued_by, "issued_by"),
            (&mut self.label, "label"),
        ] {
            *field = value(name).or_else(|| field.take());
        }
        let connection = text(fields, "connection").and_then(|name| name.parse().ok());
        self.connection = connection.or_else(|| self.connection.take());
        let is_end = matches!(text(fields, "event"), Some("revoke" | "sweep"));
        if is_end && text(fields, "outcome") == Some("ok") {
            self.state = RememberedState::Revoked;
            self.ended_at = value("time");
            let by = |name| text(fields, name).unwrap_or("unknown");
            self.ended_by = Some(format!("{}@{}", by("os_user"), by("host")));
        }
    }
}
