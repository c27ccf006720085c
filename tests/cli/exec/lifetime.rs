//! The lease lives as long as the command, and no longer.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::{line, run};
use crate::app_role::{App, psql};
use crate::harness::{Direction, Fault, Proxy, Running, Signal, eventually};

const LONG: Duration = Duration::from_secs(30);

/// A script that says when it runs, and ends with code 7 when it is told to.
const WAITS: &str = "echo ready; while [ ! -e stop ]; do sleep 0.02; done; exit 7";

fn start(app: &App, options: &[&str]) -> Running {
    let running = app.sandbox.pgcreds(line(options, WAITS)).spawn();
    eventually(LONG, || running.stdout() == "ready\n");
    running
}

fn stop(app: &App) {
    fs::write(app.sandbox.home().join("stop"), "").unwrap();
}

fn end_of(app: &App, login: &str) -> String {
    let sql = format!("SELECT rolvaliduntil FROM pg_roles WHERE rolname = '{login}'");
    app.cluster.value(&sql)
}

#[test]
fn it_is_revoked_at_the_end_unless_it_is_to_be_kept() {
    let app = App::new();
    assert_eq!(run(&app, &[], "exit 3").exits(3).stderr, "");
    assert_eq!(app.logins(), Vec::<String>::new());
    let kept = run(&app, &["--keep"], "echo $PGUSER").success().stdout;
    assert_eq!(app.logins(), [kept.trim()]);
}

#[test]
fn it_is_renewed_while_the_command_runs() {
    let app = App::new();
    let script = format!("sleep 6; {} -XAtc 'SELECT 1'", psql());
    let arguments = line(&["--ttl", "3s"], &script);
    let running = app
        .sandbox
        .pgcreds(["--verbose"].into_iter().chain(arguments))
        .spawn();
    eventually(LONG, || !app.logins().is_empty());
    let login = app.logins().remove(0);
    let mut ends = BTreeSet::from([end_of(&app, &login)]);
    eventually(LONG, || {
        ends.insert(end_of(&app, &login));
        ends.len() == 3
    });
    let ended = running.wait().success();
    assert_eq!(ended.stdout, "1\n", "it cannot log in after its first end");
    assert!(ended.stderr.contains("renewed the lease until "), "{ended}");
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_renewal_that_failed_is_tried_again() {
    let app = App::new();
    let running = start(&app, &["--ttl", "15s"]);
    let login = app.logins().remove(0);
    let end = end_of(&app, &login);
    app.cluster.stop();
    eventually(LONG, || {
        running
            .stderr()
            .contains("warning: could not renew the lease: ")
    });
    app.cluster.restart();
    eventually(LONG, || end_of(&app, &login) != end);
    stop(&app);
    assert_eq!(running.wait().code, 7);
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_warning_comes_before_its_last_end() {
    let app = App::with("max_ttl = \"3s\"\ndefault_ttl = \"3s\"\n");
    let ended = run(&app, &[], "sleep 2.5").success();
    assert_eq!(
        ended.normalized(&app.sandbox, None),
        "--- stderr ---\nwarning: the lease ends at TIME and cannot be renewed any more (max_ttl)\n[exit 0]\n"
    );
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn when_pgcreds_is_killed_the_sweep_takes_it() {
    let app = App::new();
    let running = start(&app, &["--ttl", "2s"]);
    assert_eq!(running.kill().code, 137);
    stop(&app);
    let login = app.logins().remove(0);
    assert_ne!(end_of(&app, &login), "", "it has an end");
    let has_ended = format!("SELECT now() > rolvaliduntil FROM pg_roles WHERE rolname = '{login}'");
    eventually(LONG, || app.cluster.value(&has_ended) == "t");
    app.sandbox.pgcreds(["sweep"]).run().success();
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_server_that_is_away_at_the_end_changes_no_exit_code() {
    let app = App::new();
    let running = start(&app, &[]);
    app.cluster.stop();
    stop(&app);
    let ended = running.wait().exits(7);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{ended}");
    let expected = "warning: could not revoke the lease, which ends by itself and is swept then: ";
    assert!(lines[0].starts_with(expected), "{ended}");
    app.cluster.restart();
    assert_eq!(app.logins().len(), 1);
}

#[test]
fn a_server_that_was_restarted_meanwhile_is_no_obstacle() {
    let app = App::new();
    let running = start(&app, &[]);
    app.cluster.restart();
    stop(&app);
    assert_eq!(running.wait().exits(7).stderr, "");
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_revoke_that_hangs_can_be_interrupted() {
    let app = App::new();
    let proxy = Proxy::start(app.cluster.port());
    let state = app.sandbox.state();
    let (direct, through) = (app.cluster.port().to_string(), proxy.port().to_string());
    app.sandbox.write_state(&state.replace(&direct, &through));
    let running = start(&app, &[]);
    let direction = Direction::ToServer;
    let passed = proxy
        .messages()
        .iter()
        .filter(|(way, _)| *way == direction)
        .count();
    proxy.set_fault(Fault::StallAt {
        direction,
        count: passed + 1,
    });
    stop(&app);
    proxy.wait_for_stall(LONG);
    // At once it would be taken for one that was meant for the command.
    eventually(LONG, || {
        running.signal(Signal::INT);
        running.stderr().contains("interrupted")
    });
    let ended = running.wait().exits(7);
    let expected =
        "could not revoke the lease, which ends by itself and is swept then: interrupted\n";
    assert!(ended.stderr.ends_with(expected), "{ended}");
    assert_eq!(app.logins().len(), 1);
}

#[test]
fn fifty_run_at_once() {
    let app = App::new();
    let spawned: Vec<Running> = (0..50)
        .map(|_| app.sandbox.pgcreds(line(&[], "echo $PGUSER")).spawn())
        .collect();
    let users: BTreeSet<String> = spawned
        .into_iter()
        .map(|running| running.wait().success().stdout)
        .collect();
    assert_eq!(users.len(), 50);
    assert_eq!(app.logins(), Vec::<String>::new());
}
