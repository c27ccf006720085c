//! Asking the log: what happened, and who a lease was that is gone.

use std::fs;

use serde_json::json;

use super::{path, values};
use crate::harness::{Admin, Sandbox};
use crate::lease_stage::{APP_ROLE, MEMBER_ROLE, Stage};

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

/// Reading from a pipe that nobody writes to would never end.
#[test]
fn what_is_no_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let log = path(&sandbox);
    let rotated = log.with_extension("jsonl.1");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    for pipe in [&log, &rotated] {
        sandbox.program("mkfifo", [pipe]).run().success();
        let run = sandbox.pgcreds(["audit"]).run().exits(1);
        assert_eq!(
            run.stderr,
            format!(
                "error: could not read the audit log \"{}\"\ncaused by: it is not a file\n",
                pipe.display()
            )
        );
        fs::remove_file(pipe).unwrap();
        fs::write(&log, "").unwrap();
    }
}

#[test]
fn a_lease_that_is_gone_is_remembered() {
    let stage = Stage::new(Admin::CreateRole, &format!("{APP_ROLE}{MEMBER_ROLE}"));
    let issued = stage.issue(&["app-role", "--for", "ci"]);
    let other = stage.issue(&["member"]);
    stage
        .cluster
        .execute(&format!("DROP ROLE \"{}\"", other.id()));
    stage.expire_and_sweep_all();
    let show = |name: &str| {
        let line = ["lease", "show", "--format", "json", name];
        stage.sandbox.pgcreds(line).run()
    };
    let gone = show(issued.id()).success().json();
    let by = gone["issued_by"].clone();
    assert_eq!(
        gone,
        json!({
            "lease_id": issued.id(), "role": "app-role", "connection": "my-postgres-db", "state": "revoked",
            "issued_at": issued.text("issued_at"), "expires_at": gone["expires_at"], "ended_at": gone["ended_at"],
            "issued_by": by, "ended_by": by, "label": "ci",
        })
    );
    assert!(
        gone["ended_at"].as_str() >= gone["issued_at"].as_str(),
        "{gone}"
    );
    // Nobody who writes here ended that one.
    let lost = show(other.id()).success().json();
    assert_eq!(
        (&lost["state"], &lost["ended_at"]),
        (&"gone".into(), &json!(null))
    );
    // As they stand in the server's log.
    let id = issued.id();
    for pasted in [
        format!("\"{id}\""),
        format!("{id}@mydb"),
        format!("user={id},"),
        format!("role \"{id}\""),
    ] {
        if pasted.len() <= 63 {
            assert_eq!(show(&pasted).success().json(), gone, "{pasted}");
        }
    }
    // A lease that is there is asked of the server, also by a pasted name.
    let there = stage.issue(&["app-role", "--for", "ci"]);
    let shown = show(&format!("\"{}\"", there.id())).success().json();
    assert_eq!(
        (&shown["lease_id"], &shown["state"]),
        (&there.id().into(), &"active".into())
    );
    let unknown = show("pgc_never_was").exits(1);
    assert!(
        unknown.stderr.contains("lease \"pgc_never_was\" not found"),
        "{unknown}"
    );
}

#[test]
fn who_sweeps_elsewhere_remembers_who_issued() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let issued = stage.issue(&["app-role", "--for", "ci"]);
    fs::remove_file(path(&stage.sandbox)).unwrap();
    stage
        .sandbox
        .pgcreds(["lease", "revoke", issued.id()])
        .run()
        .success();
    let line = ["lease", "show", "--format", "json", issued.id()];
    let gone = stage.sandbox.pgcreds(line).run().success().json();
    assert_eq!(gone["issued_at"], issued.text("issued_at"));
    assert_eq!(
        (&gone["label"], &gone["state"]),
        (&"ci".into(), &"revoked".into())
    );
}
