//! `pgcreds agent`: files that always hold credentials that work.

mod client;
mod connections;
mod endings;
mod files;
mod many;
mod on_change;
mod once;
mod outages;
mod reload;
mod rotation;
mod systemd;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::app_role::App;
use crate::harness::{Running, eventually};

const LONG: Duration = Duration::from_secs(45);

/// An agent that runs, with what it has to do.
struct Agent<'a> {
    app: &'a App,
    running: Running,
}

impl App {
    /// Where a file is whose path is its name.
    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.home().join(name)
    }

    /// Describes one more file, in the home folder, as JSON unless the keys say otherwise.
    fn describe(&self, name: &str, keys: &str) {
        let path = self.path(name);
        let format = if keys.contains("template =") || keys.contains("format =") {
            ""
        } else {
            "format = \"json\"\n"
        };
        let path = if keys.contains("path =") {
            String::new()
        } else {
            format!("path = \"{}\"\n", path.display())
        };
        let role = if keys.contains("role =") {
            ""
        } else {
            "role = \"app-role\"\n"
        };
        let text = format!(
            "{}\n[files.{name}]\n{role}{path}{format}{keys}",
            self.sandbox.state()
        );
        self.sandbox.write_state(&text);
    }

    /// Changes the state file's text.
    fn change(&self, from: &str, to: &str) {
        let text = self.sandbox.state();
        assert!(text.contains(from), "{text}");
        self.sandbox.write_state(&text.replace(from, to));
    }

    /// Starts the agent with a health file and a log in JSON, and waits until all files are good.
    fn agent(&self, arguments: &[&str]) -> Agent<'_> {
        let agent = self.agent_at_once(arguments);
        agent.wait_until("the files are filled", || agent.is_healthy());
        agent
    }

    /// The same, without waiting.
    fn agent_at_once(&self, arguments: &[&str]) -> Agent<'_> {
        // What an earlier agent left must not be taken for this one's.
        let _ = fs::remove_file(self.path("health.json"));
        Agent {
            app: self,
            running: self.sandbox.pgcreds(line(arguments)).spawn(),
        }
    }

    /// The value of a JSON file that may not be there.
    fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(self.path(name)).ok()?).ok()
    }

    /// The login that a file holds.
    #[track_caller]
    fn user(&self, name: &str) -> String {
        let value = self.json(name).unwrap_or_else(|| panic!("no file {name}"));
        value["username"].as_str().unwrap().to_owned()
    }

    /// Logs in with what a file holds.
    fn log_in(&self, name: &str) -> Result<(), String> {
        let Some(value) = self.json(name) else {
            return Err(format!("no file {name}"));
        };
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        self.cluster
            .try_execute_as(&text("username"), &text("password"), "mydb", "SELECT 1")
            .map(|_| ())
    }
}

fn line<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut line = vec![
        "agent",
        "--log-format",
        "json",
        "--health-file",
        "health.json",
    ];
    line.extend(arguments);
    line
}

impl Agent<'_> {
    /// The events that it has logged; a line that is no JSON object is a failure.
    #[track_caller]
    fn events(&self) -> Vec<Value> {
        events(&self.running.stderr())
    }

    /// How often it has logged that event.
    #[track_caller]
    fn count(&self, event: &str) -> usize {
        let events = self.events();
        events.iter().filter(|line| line["event"] == event).count()
    }

    /// What an event that concerns a file says about it.
    #[track_caller]
    fn field(&self, event: &str, file: &str, field: &str) -> Option<String> {
        let events = self.events();
        let mut lines = events.iter().rev();
        let found = lines.find(|line| line["event"] == event && line["file"] == file)?;
        Some(found[field].as_str().unwrap().to_owned())
    }

    /// What the health file says.
    fn health(&self) -> Value {
        self.app.json("health.json").unwrap_or_default()
    }

    fn is_healthy(&self) -> bool {
        self.health()["healthy"] == true
    }

    /// Waits for something; panics with the log when it does not come.
    #[track_caller]
    fn wait_until(&self, what: &str, condition: impl FnMut() -> bool) {
        if !crate::harness::within(LONG, condition) {
            panic!("not within {LONG:?}: {what}\n{}", self.running.stderr());
        }
    }

    #[track_caller]
    fn wait_for(&self, event: &str, count: usize) {
        self.wait_until(event, || self.count(event) >= count);
    }
}

/// The complete lines of a log as JSON objects.
#[track_caller]
fn events(log: &str) -> Vec<Value> {
    let complete = log.rfind('\n').map_or("", |end| &log[..end]);
    let lines = complete.lines();
    lines
        .map(|line| {
            let value: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(value.is_object(), "{line}");
            value
        })
        .collect()
}

/// Waits until the server has only so many logins that pgcreds made.
#[track_caller]
fn wait_for_logins(app: &App, count: usize) {
    eventually(LONG, || app.logins().len() == count);
}
