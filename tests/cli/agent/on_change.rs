//! An application is told that its file has changed; when that fails, it concerns nobody else.

use std::fs;

use crate::app_role::App;
use crate::harness::{Signal, eventually};

use super::LONG;

#[test]
fn a_command_or_a_signal_tells_the_application() {
    let app = App::new();
    let receiver = "trap 'echo usr1 >>received' USR1; echo $$ >pid; while :; do sleep 0.02; done";
    let receiver = app.sandbox.program("sh", ["-c", receiver]).spawn();
    eventually(LONG, || {
        fs::read_to_string(app.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))
    });
    fs::write(app.path("bad-pid"), "-1\n").unwrap();

    // What the command prints is not a part of the log.
    let script = format!(
        "echo noise; echo noise >&2; cp '{}' '{}'",
        app.path("command").display(),
        app.path("copy").display()
    );
    app.describe(
        "command",
        &format!("on_change = [\"sh\", \"-c\", \"{script}\"]\n"),
    );
    app.describe(
        "fails",
        "on_change = [\"sh\", \"-c\", \"echo it is wrong >&2; exit 3\"]\n",
    );
    app.describe("missing", "on_change = [\"no-such-program\"]\n");
    for (name, pid_file) in [("signal", "pid"), ("bad", "bad-pid"), ("nowhere", "no-pid")] {
        let path = app.path(pid_file);
        app.describe(
            name,
            &format!(
                "on_change = {{ signal = \"USR1\", pid_file = \"{}\" }}\n",
                path.display()
            ),
        );
    }
    let agent = app.agent(&[]);
    agent.wait_for("told", 2);
    agent.wait_for("on_change_failed", 4);
    let error = |name| agent.field("on_change_failed", name, "error").unwrap();
    assert_eq!(
        error("fails"),
        "\"sh\" failed (exit status: 3): it is wrong"
    );
    assert!(error("missing").starts_with("could not run \"no-such-program\""));
    assert_eq!(error("bad"), "the pid file holds no process id");
    assert!(
        error("nowhere").starts_with("could not read "),
        "{}",
        error("nowhere")
    );
    assert_eq!(
        fs::read(app.path("copy")).unwrap(),
        fs::read(app.path("command")).unwrap()
    );
    eventually(LONG, || {
        fs::read_to_string(app.path("received")).is_ok_and(|text| text == "usr1\n")
    });
    assert!(agent.is_healthy());
    drop(receiver);
}

#[test]
fn a_command_that_hangs_holds_nothing_up() {
    let app = App::with("default_ttl = \"3s\"\nmax_ttl = \"3s\"\n");
    app.describe(
        "app",
        "grace = \"1s\"\non_change = [\"sh\", \"-c\", \"echo $$ >>pids; exec sleep 1000\"]\n",
    );
    let agent = app.agent(&[]);
    agent.wait_for("issued", 2);
    agent.wait_for("revoked", 1);
    assert_eq!(app.log_in("app"), Ok(()));
    let pids = fs::read_to_string(app.path("pids")).unwrap();
    agent.running.signal(Signal::TERM);
    assert_eq!(agent.running.wait().success().stdout, "");
    for pid in pids.lines() {
        let process = format!("/proc/{pid}/cmdline");
        eventually(LONG, || {
            !fs::read_to_string(&process).is_ok_and(|line| line.contains("sleep"))
        });
    }
}

#[test]
fn a_command_does_not_get_the_passwords_of_admins() {
    let app = App::new();
    let script = format!("env > '{}'", app.path("seen").display());
    app.describe(
        "it",
        &format!("on_change = [\"sh\", \"-c\", \"{script}\"]\n"),
    );
    let state = app.sandbox.state();
    let other = "[connections.other]\nurl = \"host=h\"\npassword = { env = \"OTHER_ADMIN\" }\n";
    app.sandbox.write_state(&format!("{state}\n{other}"));
    let agent = app.sandbox.pgcreds(["agent", "--once"]);
    let agent = ["OTHER_ADMIN", "PGPASSWORD"]
        .iter()
        .fold(agent, |agent, name| agent.env(name, "admin-secret-2"));
    agent.env("MINE", "mine").run().success();
    let seen = fs::read_to_string(app.path("seen")).unwrap();
    assert!(!seen.contains("admin-secret-2"), "{seen}");
    assert!(seen.contains("MINE=mine"), "{seen}");
}
