//! `store_command`: what it gets, and what becomes of the password when it fails.

use std::fs;

use super::{STORE, Source, assert_recovers, assert_works, can_log_in, cluster, rotate};
use crate::harness::{Cluster, Sandbox};

/// A sandbox with this store command, in TOML.
fn sandbox(cluster: &Cluster, store: &str) -> Sandbox {
    let sandbox = Source::Command.sandbox(cluster.port());
    let state = sandbox.state();
    let command = format!("[\"sh\", \"-c\", \"{STORE}\"]");
    assert!(state.contains(&command));
    sandbox.write_state(&state.replace(&command, store));
    sandbox
}

/// The command works again, and the rotation is finished.
fn mend(cluster: &Cluster, sandbox: &Sandbox, store: &str) {
    let state = sandbox.state();
    let command = format!("[\"sh\", \"-c\", \"{STORE}\"]");
    let pending = fs::read_to_string(Source::Command.pending(sandbox)).unwrap();
    sandbox.write_state(&state.replace(store, &command));
    assert_recovers(cluster, sandbox, Source::Command, store);
    assert_eq!(Source::Command.stored(sandbox).unwrap(), pending.trim_end());
}

#[test]
fn a_store_that_fails_leaves_the_password_pending() {
    for (store, cause) in [
        (
            "[\"false\"]",
            "store_command \"false\" failed (exit status: 1)",
        ),
        (
            "[\"/no/such/program\"]",
            "store_command \"/no/such/program\" could not be started\ncaused by: No such file or directory (os error 2)",
        ),
        (
            "[\"true\"]",
            "the password command does not print what store_command has got",
        ),
        (
            "[\"cp\", \"/dev/null\", \"store\"]",
            "password command \"cat\" printed nothing",
        ),
    ] {
        let cluster = cluster();
        let sandbox = sandbox(&cluster, store);
        let run = rotate(&sandbox);
        assert_eq!(
            run.normalized(&sandbox, Some(&cluster)),
            format!(
                "--- stderr ---\n\
                 error: the server has the new password of connection \"my-postgres-db\", and it could not be stored\n\
                 caused by: {cause}\n\
                 hint: It is in \"~/.config/pgcreds/my-postgres-db.password.pending\", where pgcreds finds it. Mend what failed, and run again: pgcreds connection rotate my-postgres-db\n\
                 [exit 4]\n"
            )
        );
        let pending = sandbox.files()["my-postgres-db.password.pending"].clone();
        assert_eq!(pending.0, 0o100_600);
        assert!(can_log_in(
            &cluster,
            String::from_utf8(pending.1).unwrap().trim_end()
        ));
        assert_works(&sandbox, store);
        // Once more without mending it: nothing changes.
        rotate(&sandbox).exits(4);
        assert_works(&sandbox, store);
        mend(&cluster, &sandbox, store);
    }
}

#[test]
fn its_stderr_is_shown_and_its_stdout_is_not() {
    let cluster = cluster();
    let store = "[\"sh\", \"-c\", \"cat >store; cat store; echo stored >&2\"]";
    let sandbox = sandbox(&cluster, store);
    assert_eq!(
        rotate(&sandbox).to_string(),
        "--- stderr ---\nstored\nrotated the password of \"vaultadmin\" on connection \"my-postgres-db\"\n[exit 0]\n"
    );
}

#[test]
fn it_gets_the_password_and_nothing_else() {
    let cluster = cluster();
    let store = "[\"sh\", \"-c\", \"cat >store; env >environment\"]";
    let sandbox = sandbox(&cluster, store);
    rotate(&sandbox).success();
    let stored = fs::read_to_string(sandbox.home().join("store")).unwrap();
    assert_eq!(stored.len(), 32, "{stored:?}");
    let environment = fs::read_to_string(sandbox.home().join("environment")).unwrap();
    assert!(!environment.contains(&stored));
}

/// Thirty seconds are the time limit.
#[test]
fn one_that_takes_too_long_is_ended() {
    let cluster = cluster();
    let sandbox = sandbox(&cluster, "[\"sleep\", \"600\"]");
    let run = rotate(&sandbox).exits(4);
    assert!(
        run.stderr
            .contains("caused by: store_command \"sleep\" took longer than 30 s\n"),
        "{run}"
    );
    assert_works(&sandbox, "time limit");
}

#[test]
fn the_store_is_not_told_other_admins_passwords() {
    let cluster = cluster();
    let sandbox = sandbox(&cluster, "[\"sh\", \"-c\", \"env >seen; cat >store\"]");
    let state = sandbox.state();
    sandbox.write_state(&format!(
        "{state}\n[connections.other]\nurl = \"host=h\"\npassword = {{ env = \"OTHER_PASSWORD\" }}\n"
    ));
    let invocation = sandbox.pgcreds(["connection", "rotate", "my-postgres-db"]);
    let invocation = invocation.env("OTHER_PASSWORD", "other-secret");
    invocation.env("REST", "kept").run().success();
    let seen = fs::read_to_string(sandbox.home().join("seen")).unwrap();
    assert!(seen.contains("REST=kept"), "{seen}");
    assert!(!seen.contains("secret"), "{seen}");
}
