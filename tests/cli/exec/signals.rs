//! Signals go to the command, each once, and its end is what counts.

use std::fs;
use std::time::Duration;

use expectrl::{Eof, Expect, Session};

use super::line;
use crate::app_role::App;
use crate::harness::{Running, Signal, eventually};

const LONG: Duration = Duration::from_secs(30);

/// Starts a script under exec, and waits for its first word.
fn start(app: &App, script: &str) -> Running {
    let running = app.sandbox.pgcreds(line(&[], script)).spawn();
    eventually(LONG, || running.stdout() == "ready\n");
    running
}

#[test]
fn signals_to_pgcreds_reach_the_command() {
    let app = App::new();
    for (signal, name) in [
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
    ] {
        let script =
            format!("trap 'echo {name}; exit 9' {name}; echo ready; while :; do sleep 0.02; done");
        let running = start(&app, &script);
        running.signal(signal);
        assert_eq!(running.wait().exits(9).stdout, format!("ready\n{name}\n"));
    }
    let running = start(&app, "echo ready; exec sleep 60");
    running.signal(Signal::TERM);
    let ended = running.wait().exits(143);
    assert_eq!(ended.stderr, "");
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_command_that_ignores_a_signal_is_waited_for() {
    let app = App::new();
    let script =
        "trap '' TERM; echo ready; while [ ! -e stop ]; do sleep 0.02; done; echo done; exit 4";
    let running = start(&app, script);
    running.signal(Signal::TERM);
    running.signal(Signal::TERM);
    // Still there, and so is its login.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(running.stdout(), "ready\n");
    assert_eq!(app.logins().len(), 1);
    fs::write(app.sandbox.home().join("stop"), "").unwrap();
    assert_eq!(running.wait().exits(4).stdout, "ready\ndone\n");
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn ctrl_c_at_a_terminal_reaches_the_command_once() {
    let app = App::new();
    let script = "trap 'echo INT >>interrupts' INT; echo ready; i=0; \
                  while [ $i -lt 30 ]; do sleep 0.05; i=$((i+1)); done; echo the end; exit 3";
    let mut command = app.sandbox.pgcreds(line(&[], script)).command();
    // The terminal is the command's, too.
    command.stdin(std::process::Stdio::inherit());
    let mut session = Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(LONG));
    session.expect("ready").unwrap();
    session.send("\x03").unwrap();
    session.expect("the end").unwrap();
    session.expect(Eof).unwrap();
    let status = session.get_process().wait().unwrap();
    assert!(format!("{status:?}").contains(", 3)"), "{status:?}");
    let interrupts = fs::read_to_string(app.sandbox.home().join("interrupts"));
    assert_eq!(interrupts.unwrap(), "INT\n");
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn the_size_of_the_terminal_reaches_the_command_once() {
    let app = App::new();
    let script = "trap 'echo WINCH >>changes; stty size >>changes' WINCH; echo ready; \
                  while [ ! -e stop ]; do sleep 0.02; done; echo the end";
    let mut command = app.sandbox.pgcreds(line(&[], script)).command();
    command.stdin(std::process::Stdio::inherit());
    let mut session = Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(LONG));
    session.expect("ready").unwrap();
    session.get_process_mut().set_window_size(99, 33).unwrap();
    let changes = app.sandbox.home().join("changes");
    eventually(LONG, || {
        fs::read_to_string(&changes).is_ok_and(|text| text.ends_with("33 99\n"))
    });
    // A second one would have come by now.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(fs::read_to_string(changes).unwrap(), "WINCH\n33 99\n");
    fs::write(app.sandbox.home().join("stop"), "").unwrap();
    session.expect("the end").unwrap();
    session.expect(Eof).unwrap();
    eventually(LONG, || app.logins().is_empty());
}

#[test]
fn what_the_command_leaves_in_the_background_is_not_waited_for() {
    let app = App::new();
    let script = "echo ready; sleep 100 >/dev/null 2>&1 & echo $! >pid; exit 0";
    let running = start(&app, script);
    assert_eq!(running.wait().success().stderr, "");
    assert_eq!(app.logins(), Vec::<String>::new());
    let killed = app.sandbox.program("sh", ["-c", "kill $(cat pid)"]).run();
    assert_eq!(
        killed.success().stderr,
        "",
        "the background process had ended"
    );
}
