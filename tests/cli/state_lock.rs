//! Two writers of one state file: one waits for the other, and what both wrote is there.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::Duration;

use crate::harness::{Sandbox, within};

const STATE: &str = "version = 1\n\n[connections.main]\nurl = \"host=h\"\n";

/// The arguments of `role add` without a look at the server.
fn add(name: &str) -> [&str; 8] {
    [
        "role",
        "add",
        name,
        "--connection",
        "main",
        "--member-of",
        "g",
        "--no-verify",
    ]
}

/// The lock of the sandbox's state file, held as another process would.
fn hold(sandbox: &Sandbox, pid: &str) -> File {
    let mut file = File::create(sandbox.state_path().with_extension("toml.lock")).unwrap();
    file.lock().unwrap();
    file.write_all(pid.as_bytes()).unwrap();
    file
}

#[test]
fn a_lock_that_is_not_given_up_names_its_holder() {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    for (pid, holder) in [("4711\n", "process PID"), ("", "another process")] {
        let held = hold(&sandbox, pid);
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds(add("app"))),
            format!(
                r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" is locked by {holder}
hint: Try again when that process has ended.
[exit 1]
"#
            )
        );
        sandbox.pgcreds(["role", "list"]).run().success();
        drop(held);
    }
    sandbox.pgcreds(add("app")).run().success();
}

#[test]
fn a_writer_waits_for_the_lock() {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    let held = hold(&sandbox, "4711\n");
    let waiting = sandbox.pgcreds(add("app")).spawn();
    let is_changed = || sandbox.state() != STATE;
    assert!(
        !within(Duration::from_millis(200), is_changed),
        "it did not wait"
    );
    drop(held);
    waiting.wait().success();
    assert!(is_changed());
}

#[test]
fn whoever_comes_through_a_link_waits_for_the_same_lock() {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    let link = sandbox.home().join("link.toml");
    symlink(sandbox.state_path(), &link).unwrap();
    let held = hold(&sandbox, "4711\n");
    let arguments = add("app");
    let arguments = ["--state", "link.toml"].iter().chain(&arguments);
    let waiting = sandbox.pgcreds(arguments).spawn();
    let is_changed = || sandbox.state() != STATE;
    assert!(!within(Duration::from_millis(200), is_changed), "no wait");
    drop(held);
    waiting.wait().success();
    assert!(is_changed() && !sandbox.home().join("link.toml.lock").exists());
}

/// Whoever may write to the folder must not have pgcreds write to another place.
#[test]
fn a_link_in_the_locks_place_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    let other = sandbox.home().join("other");
    std::fs::write(&other, "other\n").unwrap();
    let lock = sandbox.state_path().with_extension("toml.lock");
    for target in [other.clone(), sandbox.home().join("new")] {
        symlink(&target, &lock).unwrap();
        let refusal = sandbox.refusal(None, sandbox.pgcreds(add("app")));
        assert_eq!(
            refusal.split("caused by").next(),
            Some(
                "--- stderr ---\nerror: the lock file \"~/.config/pgcreds/pgcreds.toml.lock\" is a symbolic link\n"
            ),
            "{refusal}"
        );
        let hint = "hint: Find out who put it there, and remove it.\n[exit 1]\n";
        assert!(refusal.ends_with(hint), "{refusal}");
        std::fs::remove_file(&lock).unwrap();
    }
    assert_eq!(std::fs::read_to_string(other).unwrap(), "other\n");
    assert!(!sandbox.home().join("new").exists());
}

#[test]
fn a_dead_writers_lock_is_free() {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    drop(hold(&sandbox, "4711\n"));
    sandbox.pgcreds(add("app")).run().success();
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    let names: Vec<String> = (0..8).map(|number| format!("app-{number}")).collect();
    let running: Vec<_> = names
        .iter()
        .map(|name| sandbox.pgcreds(add(name)).spawn())
        .collect();
    for one in running {
        one.wait().success();
    }
    let listed = sandbox
        .pgcreds(["role", "list", "--format", "json"])
        .run()
        .json();
    let listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["role"].as_str().unwrap())
        .collect();
    assert_eq!(listed, names);
    assert_eq!(sandbox.files().len(), 1);
}

#[test]
fn of_two_writers_of_one_name_one_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_state(STATE);
    let running: Vec<_> = (0..4)
        .map(|_| sandbox.pgcreds(add("app")).spawn())
        .collect();
    let mut codes: Vec<i32> = running.into_iter().map(|one| one.wait().code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 1, 1, 1]);
    assert_eq!(sandbox.state().matches("[roles.app]").count(), 1);
}
