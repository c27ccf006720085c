//! Asking the log what happened.

use std::fs;

use serde_json::json;

use super::{path, values};
use crate::harness::Sandbox;

/// A log of a few events long ago, the first of them in a rotated file.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let line = |time: &str, event: &str, role: &str, label: &str| {
        json!({
            "time": time, "event": event, "lease": format!("pgc_{role}_{label}"), "role": role, "label": label,
            "outcome": "ok", "os_user": "alice", "host": "laptop", "new": {"to": "us"},
        })
        .to_string()
    };
    let log = path(&sandbox);
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let first = line("2026-11-22T03:00:00Z", "issue", "app", "ci");
    fs::write(log.with_extension("jsonl.2"), format!("{first}\n")).unwrap();
    let second = line("2026-11-23T03:00:00Z", "sweep", "app", "ci");
    fs::write(
        log.with_extension("jsonl.1"),
        format!("{second}\nforeign\n"),
    )
    .unwrap();
    let rest = [
        line("2026-11-24T03:12:00Z", "issue", "report", "nightly"),
        line("2026-11-24T03:13:00Z", "revoke", "report", "nightly"),
    ];
    fs::write(&log, rest.join("\n") + "\n").unwrap();
    sandbox
}

fn times(sandbox: &Sandbox, filters: &[&str]) -> Vec<String> {
    let line = [&["audit", "--format", "json"], filters].concat();
    let found = sandbox.pgcreds(line).run().success().json();
    values(found.as_array().unwrap(), "time")
        .iter()
        .map(|time| time[8..16].to_owned())
        .collect()
}

#[test]
fn filters_narrow_it_down() {
    let sandbox = sandbox();
    let all = ["22T03:00", "23T03:00", "24T03:12", "24T03:13"];
    for (filters, expected) in [
        (&[][..], &all[..]),
        (&["--since", "2026-11-23"], &all[1..]),
        (&["--since", "2026-11-24T03:13:00Z"], &all[3..]),
        (&["--since", "3650d"], &all[..]),
        (&["--since", "1s"], &[]),
        (&["--role", "app"], &all[..2]),
        (&["--label", "nightly"], &all[2..]),
        (&["--event", "issue"], &[all[0], all[2]]),
        (&["--event", "issue", "--label", "nightly"], &all[2..3]),
        (
            &["--lease", "pgc_app_ci", "--since", "2026-11-23"],
            &all[1..2],
        ),
        (&["--lease", "pgc_app"], &[]),
    ] {
        assert_eq!(times(&sandbox, filters), expected, "{filters:?}");
    }
    let wrong = sandbox
        .pgcreds(["audit", "--since", "yesterday"])
        .run()
        .exits(2);
    assert!(
        wrong
            .stderr
            .contains("a duration like 2h or 7d, or a time in UTC"),
        "{wrong}"
    );
}

#[test]
fn a_table_is_for_people() {
    let sandbox = sandbox();
    let run = sandbox
        .pgcreds(["audit", "--since", "2026-11-23", "--role", "app"])
        .run();
    assert_eq!(
        run.to_string()
            .replace(&sandbox.home().display().to_string(), "~"),
        " time                   event   outcome   lease        role   label   os user   host\n\
         ───────────────────────────────────────────────────────────────────────────────────────\n \
         2026-11-23T03:00:00Z   sweep   ok        pgc_app_ci   app    ci      alice     laptop\n\
         --- stderr ---\n\
         warning: skipped line 2 of \"~/.local/state/pgcreds/audit.jsonl.1\": it is no event of pgcreds\n\
         [exit 0]\n"
    );
}

#[test]
fn what_a_later_version_writes_is_handed_on() {
    let sandbox = sandbox();
    let line = ["audit", "--format", "json", "--event", "sweep"];
    let found = sandbox.pgcreds(line).run().success().json();
    assert_eq!(found[0]["new"], json!({"to": "us"}));
}

#[test]
fn a_log_that_is_not_there_yet_is_empty() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let run = sandbox.pgcreds(["audit", "--format", "json"]).run();
    assert_eq!(run.to_string(), "[]\n[exit 0]\n");
}
