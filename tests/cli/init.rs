//! `pgcreds init`: an empty, private state file, and never a change to one that is there.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::harness::Sandbox;

#[test]
fn an_empty_state_file_is_made() {
    let sandbox = Sandbox::new();
    let run = sandbox.pgcreds(["init"]).run();
    assert_eq!(
        run.normalized(&sandbox, None),
        r#"--- stderr ---
created "~/.config/pgcreds/pgcreds.toml"; next: pgcreds connection add NAME --url URL
[exit 0]
"#
    );
    assert_eq!(
        sandbox.state(),
        "# Connections and roles of pgcreds. Leases are not here: they are in PostgreSQL.\nversion = 1\n"
    );
    let mode = sandbox.state_path().metadata().unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(sandbox.files().len(), 1, "{:?}", sandbox.files());
    sandbox.pgcreds(["role", "list"]).run().success();
}

#[test]
fn a_state_file_that_is_there_stays() {
    let sandbox = Sandbox::new();
    sandbox.write_state("# mine\nversion = 1\n");
    fs::set_permissions(sandbox.state_path(), Permissions::from_mode(0o640)).unwrap();
    let before = sandbox.files();
    let run = sandbox.pgcreds(["init"]).run();
    assert_eq!(
        run.normalized(&sandbox, None),
        r#"--- stderr ---
"~/.config/pgcreds/pgcreds.toml" is there already
[exit 0]
"#
    );
    assert_eq!(sandbox.files(), before);
}

#[test]
fn the_folders_above_it_are_made() {
    let sandbox = Sandbox::new();
    let arguments = ["init", "--state", "a/b/creds.toml", "--format", "json"];
    let run = sandbox.pgcreds(arguments).run();
    assert_eq!(
        run.normalized(&sandbox, None),
        r#"{
  "state_file": "a/b/creds.toml",
  "created": true
}
--- stderr ---
created "a/b/creds.toml"; next: pgcreds connection add NAME --url URL
[exit 0]
"#
    );
    let again = sandbox.pgcreds(arguments).run().success();
    assert_eq!(again.json()["created"], false);
    let arguments = ["role", "list", "--state", "a/b/creds.toml"];
    sandbox.pgcreds(arguments).run().success();
}

#[test]
fn what_is_no_state_file_is_reported_and_kept() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\nrols = 1\n");
    assert_eq!(
        sandbox.refusal(None, sandbox.pgcreds(["init"])),
        r#"--- stderr ---
error: invalid state file "~/.config/pgcreds/pgcreds.toml", line 2, column 1: unknown key "rols"
hint: Did you mean "roles"? There are "version", "audit_log", "audit_required", "connections", "roles", "files".
[exit 1]
"#
    );
}

#[test]
fn without_a_home_the_file_has_to_be_named() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.refusal(None, sandbox.pgcreds(["init"]).env("HOME", "")),
        r#"--- stderr ---
error: could not find a folder for the state file: HOME is not set
hint: Name the file with --state FILE or PGCREDS_STATE.
[exit 1]
"#
    );
}
