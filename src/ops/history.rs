//! What the audit log of this host remembers.

use anyhow::Result;
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
        .map(|since| since.before(unix_time()).to_string());
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
