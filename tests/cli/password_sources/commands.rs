//! Password commands that print too much, never end what they print, or leave a process behind.

use std::time::{Duration, Instant};

use super::{add, stage};
use crate::harness::{Cluster, Run, Sandbox};

/// `connection add` with the output of this script as password.
fn add_with(cluster: &Cluster, sandbox: &Sandbox, script: &str) -> Run {
    let command = format!("sh -c \"{script}\"");
    let run = sandbox
        .pgcreds(add(cluster, &["--password-command", &command]))
        .run();
    if run.code == 0 {
        sandbox
            .pgcreds(["connection", "remove", "main"])
            .run()
            .success();
    }
    run
}

#[test]
fn only_the_first_line_counts_however_much_is_printed() {
    let (cluster, sandbox) = stage();
    for script in [
        "echo admin-secret; yes | head -c 60000000",
        "echo admin-secret; head -c 60000000 /dev/zero",
        "printf admin-; sleep 0.1; echo secret; exit 0",
    ] {
        add_with(&cluster, &sandbox, script).success();
    }
}

#[test]
fn a_line_without_an_end_is_refused() {
    let (cluster, sandbox) = stage();
    let line = |length: &str| format!("head -c {length} /dev/zero | tr '\\0' x");
    for script in [
        line("60000000"),
        line("65537"),
        "yes | tr -d '\\n'".to_owned(),
    ] {
        let refused = add_with(&cluster, &sandbox, &script).exits(1);
        assert_eq!(
            refused.to_string(),
            "--- stderr ---\n\
             error: could not get the password of connection \"main\"\n\
             caused by: password command \"sh\" printed a line of more than 64 KiB\n\
             [exit 1]\n",
            "{script}"
        );
    }
    // It is a password, and not the right one.
    let wrong = add_with(&cluster, &sandbox, &line("65536"));
    assert_eq!(wrong.code, 3, "{wrong}");
}

#[test]
fn a_process_that_keeps_stdout_is_not_waited_for() {
    let (cluster, sandbox) = stage();
    for script in [
        "echo admin-secret; sleep 20 &",
        "printf admin-secret; sleep 20 &",
    ] {
        let start = Instant::now();
        add_with(&cluster, &sandbox, script).success();
        assert!(start.elapsed() < Duration::from_secs(10), "{script}");
    }
}

#[test]
fn the_exit_code_counts_even_where_a_line_was_printed() {
    let (cluster, sandbox) = stage();
    let refused = add_with(&cluster, &sandbox, "echo admin-secret; sleep 20 & exit 3").exits(1);
    assert!(
        refused.stderr.contains("failed (exit status: 3)"),
        "{refused}"
    );
}
