//! Where the log goes: a file, the log of a container, the system's log.

use std::os::unix::net::UnixDatagram;

use super::{events, path, values};
use crate::harness::{Admin, Run};
use crate::lease_stage::{APP_ROLE, Credentials, Stage, issue_json};

fn stage_with(place: &str) -> Stage {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let state = stage.sandbox.state();
    let key = format!("version = 1\naudit_log = \"{place}\"");
    stage
        .sandbox
        .write_state(&state.replacen("version = 1", &key, 1));
    stage
}

/// The events among the lines of a text.
fn events_in(text: &str) -> Vec<serde_json::Value> {
    let events = text.lines().map(serde_json::from_str);
    events
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_command_line_wins_over_the_state_file() {
    let stage = stage_with("logs/of-state.jsonl");
    let folder = stage.sandbox.state_path().parent().unwrap().to_owned();
    stage.issue(&["app-role"]);
    stage.issue(&["app-role", "--audit-log", "of-line.jsonl"]);
    stage.issue(&["app-role", "--audit-log", "of-line.jsonl"]);
    for (path, count) in [
        (folder.join("logs/of-state.jsonl"), 1),
        (stage.sandbox.home().join("of-line.jsonl"), 2),
    ] {
        assert_eq!(values(&events(&path), "event"), vec!["issue"; count]);
    }
    assert!(!path(&stage.sandbox).exists());
    // Both are read as they are written; without a state file too.
    std::fs::remove_file(stage.sandbox.state_path()).unwrap();
    let line = ["audit", "--format=json", "--audit-log", "of-line.jsonl"];
    let read = stage.sandbox.pgcreds(line).run().success().json();
    assert_eq!(read.as_array().unwrap().len(), 2);
}

#[test]
fn xdg_state_home_is_followed() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let folder = stage.sandbox.home().join("elsewhere");
    let issue = stage.sandbox.pgcreds(issue_json(&["app-role"]));
    issue.env("XDG_STATE_HOME", &folder).run().success();
    assert_eq!(events(&folder.join("pgcreds/audit.jsonl")).len(), 1);
}

#[test]
fn stdout_is_stderr_where_stdout_is_the_product() {
    let stage = stage_with("stdout");
    let run = stage
        .sandbox
        .pgcreds(issue_json(&["app-role", "--quiet"]))
        .run()
        .success();
    let issued = Credentials(run.json());
    assert_eq!(events_in(&run.stderr)[0]["lease"], issued.id());
    let exec = stage
        .sandbox
        .pgcreds(["exec", "app-role", "--", "echo", "product"])
        .run();
    assert_eq!(exec.stdout, "product\n");
    assert_eq!(
        values(&events_in(&exec.stderr), "event"),
        ["issue", "exec_start", "exec_end", "revoke"]
    );
    // What prints nothing itself leaves stdout to the log.
    let sweep = |format: &str| {
        stage.expire_all();
        stage
            .sandbox
            .pgcreds(["sweep", "--quiet", "--format", format])
            .run()
            .success()
    };
    let swept: Run = sweep("table");
    assert_eq!(
        (swept.stderr.as_str(), events_in(&swept.stdout).len()),
        ("", 1)
    );
    stage.issue(&["app-role"]);
    let swept = sweep("json");
    assert_eq!(swept.json()["revoked"].as_array().unwrap().len(), 1);
    assert_eq!(values(&events_in(&swept.stderr), "event"), ["sweep"]);
    assert!(!path(&stage.sandbox).exists());
}

#[test]
fn the_agent_writes_to_stdout_and_says_on_stderr_what_it_cannot_write() {
    let file = "\n[files.app-db]\nrole = \"app-role\"\npath = \"app.env\"\nformat = \"dotenv\"\n";
    let stage = stage_with("stdout");
    stage.sandbox.write_state(&(stage.sandbox.state() + file));
    let run = stage.sandbox.pgcreds(["agent", "--once"]).run().success();
    assert_eq!(values(&events_in(&run.stdout), "event"), ["issue"]);

    let state = stage.sandbox.state();
    let state = state.replace("\"stdout\"", "\"/dev/null/no\"\naudit_required = false");
    stage.sandbox.write_state(&state);
    let line = ["agent", "--once", "--log-format", "json"];
    let run = stage.sandbox.pgcreds(line).run().success();
    assert_eq!(
        values(&events_in(&run.stderr), "event"),
        ["audit_failed", "issued"]
    );
}

#[test]
fn syslog_gets_a_datagram_for_each_line() {
    let stage = stage_with("syslog:/nowhere/log");
    let run = stage.sandbox.pgcreds(["issue", "app-role"]).run().exits(1);
    assert!(
        run.stderr
            .starts_with("error: could not write the audit log at socket \"/nowhere/log\"\n"),
        "{run}"
    );
    assert_eq!(stage.logins(), []);

    let socket = stage.sandbox.home().join("log");
    let listener = UnixDatagram::bind(&socket).unwrap();
    listener
        .set_read_timeout(Some(std::time::Duration::from_secs(10)))
        .unwrap();
    let place = format!("--audit-log=syslog:{}", socket.display());
    stage.issue(&["app-role", &place]);
    stage
        .sandbox
        .pgcreds(["issue", "no-such-role", &place])
        .run()
        .exits(1);
    for (priority, outcome) in [("86", "ok"), ("84", "refused")] {
        let mut bytes = [0; 4096];
        let length = listener.recv(&mut bytes).unwrap();
        let text = std::str::from_utf8(&bytes[..length]).unwrap();
        let (head, line) = text.split_once(": ").unwrap();
        let start = format!("<{priority}>pgcreds[");
        assert!(head.starts_with(&start) && head.ends_with(']'), "{text}");
        assert_eq!(values(&events_in(line), "outcome"), [outcome]);
    }
    let read = stage.sandbox.pgcreds(["audit", &place]).run();
    assert_eq!(
        read.to_string(),
        "--- stderr ---\n\
         error: the audit log goes to syslog\n\
         hint: Read it there, for example with: journalctl -t pgcreds\n\
         [exit 1]\n"
    );
}
