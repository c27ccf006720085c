//! The audit log: one line an event, on the disk before anybody has credentials.

mod lines;
mod order;
mod places;
mod reading;
mod secrets;
mod writers;

use std::fs;
use std::path::{Path, PathBuf};

use rustix::system::uname;
use serde_json::Value;

use crate::harness::{Sandbox, normalize};

/// Where the log is by default.
pub(crate) fn path(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".local/state/pgcreds/audit.jsonl")
}

/// The events of a log; every line of it has to be one.
#[track_caller]
pub(crate) fn events(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "a torn end: {text}");
    let parse =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    text.lines().map(parse).collect()
}

/// The log's text with what differs between runs replaced, and with the name of this machine and of who runs the tests.
#[track_caller]
fn text(sandbox: &Sandbox) -> String {
    let host = uname().nodename().to_string_lossy().into_owned();
    let user = sandbox.program("id", ["-un"]).run().success().stdout;
    let user = user.trim();
    normalize(&fs::read_to_string(path(sandbox)).unwrap())
        .replace(&format!("{user}@{host}"), "USER@HOST")
        .replace(&format!("\"os_user\":\"{user}\""), "\"os_user\":\"USER\"")
        .replace(&format!("\"host\":\"{host}\""), "\"host\":\"HOST\"")
}

/// The values of a field, "" where an event has none.
pub(crate) fn values(events: &[Value], name: &str) -> Vec<String> {
    let value = |event: &Value| event[name].as_str().unwrap_or_default().to_owned();
    events.iter().map(value).collect()
}
