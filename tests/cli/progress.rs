//! The progress bar of long work: for people at a terminal only.

use std::process::{Command, Stdio};
use std::time::Duration;

use expectrl::{Eof, Expect, Session};

use crate::harness::Admin;
use crate::stage::{PAST, Stage};

/// What a sweep writes to the terminal that it runs at.
fn at_a_terminal(stage: &Stage, arguments: &[&str]) -> String {
    let command = stage.sandbox.pgcreds(arguments).env("TERM", "xterm");
    let mut command = command.command();
    for stream in [Command::stdin, Command::stdout, Command::stderr] {
        stream(&mut command, Stdio::inherit());
    }
    let mut session = Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(60)));
    let captures = session.expect(Eof).unwrap();
    String::from_utf8_lossy(captures.as_bytes()).into_owned()
}

#[test]
fn a_long_sweep_shows_how_far_it_is() {
    let stage = Stage::new(Admin::CreateRole);
    for (arguments, is_shown) in [(&["sweep"][..], true), (&["sweep", "--quiet"], false)] {
        stage.make_many(1_001, PAST);
        let written = at_a_terminal(&stage, arguments);
        assert_eq!(
            written.contains("500/1001 leases"),
            is_shown,
            "{arguments:?} {written}"
        );
        assert_eq!(stage.logins(), [] as [&str; 0]);
    }
}

#[test]
fn nobody_waits_for_a_short_one() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make_many(3, PAST);
    let written = at_a_terminal(&stage, &["sweep"]);
    assert_eq!(written.trim(), "revoked 3 leases");
}

#[test]
fn cron_gets_none() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make_many(1_001, PAST);
    let run = stage.sweep([] as [&str; 0]).success();
    assert_eq!(
        run.to_string(),
        "--- stderr ---\nrevoked 1001 leases\n[exit 0]\n"
    );
}
