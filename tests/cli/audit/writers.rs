//! Many writers at once, a disk that is full in between, and a rotation: every line is whole, and every login has one.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::{events, path, values};
use crate::harness::{Admin, Cluster, Run, Running, eventually};
use crate::lease_stage::{APP_ROLE, Credentials, Stage, issue_json};

const WRITERS: usize = 32;

/// What a log may hold before its disk is full, in blocks of 512 bytes: about twelve lines.
const BLOCKS: usize = 10;

const FULL: &str = "error: could not write the audit log";

fn stage() -> Stage {
    let cluster = Cluster::start_with(&[("max_connections", "200")]);
    Stage::on(cluster, Admin::CreateRole, APP_ROLE)
}

fn start(stage: &Stage, is_limited: bool) -> Vec<Running> {
    let limit = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    let start = |_| {
        let script = if is_limited {
            &limit
        } else {
            "exec \"$0\" \"$@\""
        };
        let line = ["-c", script, env!("CARGO_BIN_EXE_pgcreds")];
        let command = [&line[..], &issue_json(&["app-role"])].concat();
        let command = stage.sandbox.program("sh", command);
        command.env("POSIXLY_CORRECT", "1").spawn()
    };
    (0..WRITERS).map(start).collect()
}

fn wait(running: Vec<Running>) -> Vec<Run> {
    running.into_iter().map(Running::wait).collect()
}

/// The leases that were handed out.
fn leases<'a>(runs: impl IntoIterator<Item = &'a Run>) -> BTreeSet<String> {
    let issued = runs.into_iter().filter(|run| run.code == 0);
    issued
        .map(|run| Credentials(run.json()).id().to_owned())
        .collect()
}

#[test]
fn with_a_full_disk_in_between() {
    let stage = stage();
    let log = path(&stage.sandbox);
    let first = wait(start(&stage, true));
    let handed_out = leases(&first);
    for run in first.iter().filter(|run| run.code != 0) {
        assert!(
            run.code == 1 && run.stderr.starts_with(FULL) && run.stdout.is_empty(),
            "{run}"
        );
    }
    assert!(
        (5..WRITERS).contains(&handed_out.len()),
        "{}",
        handed_out.len()
    );
    // It was filled to its end, and no half of a line is there.
    let length = fs::metadata(&log).unwrap().len();
    assert!(
        (BLOCKS as u64 * 512 - 600..=BLOCKS as u64 * 512).contains(&length),
        "{length}"
    );
    let full = events(&log);

    // There is room again, and logrotate takes the log away while it is written to.
    let running = start(&stage, false);
    eventually(Duration::from_secs(30), || {
        fs::metadata(&log).unwrap().len() > length
    });
    let rotated = log.with_file_name("audit.jsonl.1");
    fs::rename(&log, &rotated).unwrap();
    let second = wait(running);
    let later = leases(&second);
    assert_eq!(later.len(), WRITERS, "{second:?}");

    let there: BTreeSet<String> = stage.logins().into_iter().map(|login| login.name).collect();
    assert_eq!(there, handed_out.union(&later).cloned().collect());
    let all = [events(&rotated), events(&log)].concat();
    let is_issue =
        |event: &&serde_json::Value| event["event"] == "issue" && event["outcome"] == "ok";
    let lines: Vec<_> = all.iter().filter(is_issue).cloned().collect();
    let lines = values(&lines, "lease");
    assert_eq!(lines.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(lines.len(), there.len());
    assert_eq!(all[..full.len()], full);
    let read = stage
        .sandbox
        .pgcreds(["audit", "--format", "json"])
        .run()
        .success();
    assert_eq!(read.json().as_array().unwrap(), &all);
    assert_eq!(read.stderr, "");
}

/// The log is renamed while a line waits for it, and is compressed or removed next.
#[test]
fn a_line_goes_to_the_log_that_has_its_name() {
    let stage = stage();
    let log = path(&stage.sandbox);
    stage.issue(&["app-role"]);
    let busy = fs::File::open(&log).unwrap();
    busy.lock().unwrap();
    let running = stage.sandbox.pgcreds(issue_json(&["app-role"])).spawn();
    eventually(Duration::from_secs(30), || stage.logins().len() == 2);
    let rotated = log.with_file_name("audit.jsonl.1");
    fs::rename(&log, &rotated).unwrap();
    busy.unlock().unwrap();
    let issued = Credentials(running.wait().success().json());
    assert_eq!(events(&rotated).len(), 1);
    assert_eq!(values(&events(&log), "lease"), [issued.id()]);
}

#[test]
fn a_sweep_writes_a_batch_at_once() {
    let stage = stage();
    let log = path(&stage.sandbox);
    let names: Vec<String> = (0..600)
        .map(|number| format!("pgc_app_role_tester_{number:012}"))
        .collect();
    let sql = names
        .iter()
        .map(|name| crate::stage::creation(name, crate::stage::PAST));
    let sql = sql.collect::<String>();
    let made = stage
        .cluster
        .try_execute_as("vaultadmin", "admin-secret", "mydb", &sql);
    made.unwrap();
    stage.sandbox.pgcreds(["sweep"]).run().success();
    let found = events(&log);
    assert_eq!(values(&found, "event"), vec!["sweep"; 600]);
    assert_eq!(values(&found, "lease"), names);
}
