//! The line comes first: without it nobody gets credentials, and nothing keeps a lease from its end.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use super::{events, path, values};
use crate::harness::{Admin, Run, eventually};
use crate::lease_stage::{APP_ROLE, Credentials, Stage, issue_json};

const LONG: Duration = Duration::from_secs(30);

fn stage() -> Stage {
    Stage::new(Admin::CreateRole, APP_ROLE)
}

/// Issues with the log in that place.
fn issue_to(stage: &Stage, place: &Path) -> Run {
    let place = format!("--audit-log={}", place.display());
    stage
        .sandbox
        .pgcreds(issue_json(&["app-role", &place]))
        .run()
}

/// Lets no file grow beyond so many blocks of 512 bytes, as a full disk would.
fn limited(stage: &Stage, blocks: u32, arguments: &[&str]) -> Run {
    // In bash a block has 1024 bytes unless POSIXLY_CORRECT is set.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let line = [&["-c", &script, env!("CARGO_BIN_EXE_pgcreds")], arguments].concat();
    stage
        .sandbox
        .program("sh", line)
        .env("POSIXLY_CORRECT", "1")
        .run()
}

/// Fills the log so that only a part of a line goes into three blocks.
fn fill(stage: &Stage) -> String {
    let line = "{\"time\":\"2026-11-24T03:12:00Z\",\"event\":\"test\",\"outcome\":\"ok\"}\n";
    let text = line.repeat(3 * 512 / line.len());
    let path = path(&stage.sandbox);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, &text).unwrap();
    text
}

#[test]
fn the_line_is_there_before_the_credentials() {
    let stage = stage();
    let file = path(&stage.sandbox);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let log = File::create(&file).unwrap();
    // Nobody can write while another writes.
    log.lock().unwrap();
    let running = stage.sandbox.pgcreds(issue_json(&["app-role"])).spawn();
    eventually(LONG, || stage.logins().len() == 1);
    assert_eq!(running.stdout(), "");
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    log.unlock().unwrap();
    let issued = Credentials(running.wait().success().json());
    assert_eq!(events(&file)[0]["lease"], issued.id());
}

#[test]
fn a_log_that_cannot_be_opened_stops_everything_before_the_server_hears_of_it() {
    let stage = stage();
    let home = stage.sandbox.home();
    let fifo = home.join("fifo");
    stage.sandbox.program("mkfifo", [&fifo]).run().success();
    symlink("/dev/full", home.join("device")).unwrap();
    fs::write(home.join("a-file"), "").unwrap();
    stage.cluster.stop();
    for (place, cause) in [
        (fifo, "it is not a file"),
        (home.join("device"), "it is not a file"),
        (home.clone(), "Is a directory (os error 21)"),
        (
            home.join("a-file/audit.jsonl"),
            "Not a directory (os error 20)",
        ),
    ] {
        assert_eq!(
            issue_to(&stage, &place).to_string(),
            format!(
                "--- stderr ---\n\
                 error: could not write the audit log \"{}\"\n\
                 caused by: {cause}\n\
                 hint: Nothing is issued without its line there. Name another place with --audit-log or audit_log in \
                 the state file; audit_required = false there turns this into a warning.\n\
                 [exit 1]\n",
                place.display()
            )
        );
    }
}

#[test]
fn without_a_home_there_is_no_place_for_it() {
    let stage = stage();
    let command = stage.sandbox.pgcreds(issue_json(&["app-role"]));
    let command = command.env("PGCREDS_STATE", stage.sandbox.state_path());
    let run = command.env("HOME", "").run().exits(1);
    assert!(
        run.stderr
            .contains("there is no folder for it: HOME is not set"),
        "{run}"
    );
    assert_eq!(stage.logins(), []);
}

#[test]
fn a_login_whose_line_does_not_fit_is_taken_back() {
    let stage = stage();
    let before = fill(&stage);
    let run = limited(&stage, 3, &issue_json(&["app-role"])).exits(1);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("error: could not write the audit log"),
        "{run}"
    );
    assert_eq!(stage.logins(), []);
    // Nor is there half a line.
    assert_eq!(fs::read_to_string(path(&stage.sandbox)).unwrap(), before);
    let exec = limited(&stage, 3, &["exec", "app-role", "--", "echo", "it runs"]);
    assert_eq!((exec.stdout.as_str(), exec.code), ("", 125));
    assert_eq!(stage.logins(), []);
}

#[test]
fn a_log_that_is_not_required_costs_a_warning() {
    let stage = stage();
    let state = stage.sandbox.state();
    let state = state.replacen("version = 1", "version = 1\naudit_required = false", 1);
    stage.sandbox.write_state(&state);
    let place = format!("--audit-log={}", stage.sandbox.home().display());
    let line = issue_json(&["app-role", "--quiet", &place]);
    let run = stage.sandbox.pgcreds(line).run().success();
    let warning = format!(
        "warning: could not write the audit log \"{}\": Is a directory (os error 21)\n",
        stage.sandbox.home().display()
    );
    assert_eq!(run.stderr, warning);
    assert_eq!(stage.logins()[0].name, Credentials(run.json()).id());
}

#[test]
fn a_full_disk_keeps_no_lease_from_its_end() {
    let stage = stage();
    let issued = stage.issue(&["app-role"]);
    for _ in 0..3 {
        stage.issue(&["app-role"]);
    }
    let before = fill(&stage);
    for (command, warnings) in [("renew", 1), ("revoke", 1)] {
        let run = limited(&stage, 3, &["lease", command, issued.id()]).success();
        let warned = run.stderr.matches("warning: could not write the audit log");
        assert_eq!(warned.count(), warnings, "{run}");
    }
    stage.expire_all();
    let run = limited(&stage, 3, &["sweep", "--quiet"]).success();
    assert!(
        run.stderr
            .starts_with("warning: could not write the audit log"),
        "{run}"
    );
    assert_eq!(run.stderr.lines().count(), 1, "{run}");
    assert_eq!(stage.logins(), []);
    assert_eq!(fs::read_to_string(path(&stage.sandbox)).unwrap(), before);
}

#[test]
fn a_torn_line_of_somebody_who_died_spoils_no_other() {
    let stage = stage();
    let file = path(&stage.sandbox);
    stage.issue(&["app-role"]);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}{}", &text[..100])).unwrap();
    stage.issue(&["app-role"]);
    let run = stage
        .sandbox
        .pgcreds(["audit", "--format", "json"])
        .run()
        .success();
    let found = run.json();
    assert_eq!(
        values(found.as_array().unwrap(), "event"),
        ["issue", "issue"]
    );
    assert_eq!(
        run.normalized(&stage.sandbox, None)
            .split("--- stderr ---\n")
            .nth(1)
            .unwrap(),
        "warning: skipped line 2 of \"~/.local/state/pgcreds/audit.jsonl\": it is no event of pgcreds\n[exit 0]\n"
    );
}
