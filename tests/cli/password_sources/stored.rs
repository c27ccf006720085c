//! Passwords that `connection add` stores, and what becomes of them when the connection is removed.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use super::{add, check, stage, stored};
use crate::harness::Sandbox;

#[test]
fn a_piped_password_is_stored_in_a_file_of_its_own() {
    let (cluster, sandbox) = stage();
    for line in ["admin-secret", "admin-secret\n", "admin-secret\r\nmore\n"] {
        let command = sandbox
            .pgcreds(add(&cluster, &["--password-stdin"]))
            .stdin(line);
        assert_eq!(
            command.run().normalized(&sandbox, None),
            "--- stderr ---\nstored the password in \"~/.config/pgcreds/main.password\"\nadded connection \"main\"\n[exit 0]\n"
        );
        assert_eq!(
            stored(&sandbox).as_deref(),
            Some("{ file = \"main.password\" }")
        );
        assert_eq!(
            sandbox.files()["main.password"],
            (0o100_600, b"admin-secret\n".to_vec())
        );
        check(&sandbox).success();
        sandbox
            .pgcreds(["connection", "remove", "main", "--delete-password"])
            .run()
            .success();
        assert_eq!(sandbox.files().len(), 1, "the password file stayed");
    }
    let wrong = sandbox
        .pgcreds(add(&cluster, &["--password-stdin"]))
        .stdin("wrong-secret\n");
    let refusal = sandbox.refusal(Some(&cluster), wrong);
    assert!(
        refusal.contains("password authentication failed") && !refusal.contains("wrong-secret"),
        "{refusal}"
    );
    assert!(
        refusal.contains(", with the password from stdin\n"),
        "{refusal}"
    );
    let empty = sandbox
        .pgcreds(add(&cluster, &["--password-stdin"]))
        .stdin("\nadmin-secret\n");
    assert_eq!(
        sandbox.refusal(Some(&cluster), empty),
        "--- stderr ---\nerror: stdin has no password in its first line\n[exit 1]\n"
    );
}

#[test]
fn a_stored_password_outlives_its_connection_unless_it_is_to_be_deleted() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let add = "connection add main --url host=h --no-verify --password-stdin";
    let run = |line: &str| {
        let command = sandbox.pgcreds(line.split(' ')).stdin("hunter2\n");
        command.run()
    };
    let path = sandbox.state_path().with_file_name("main.password");
    let stored = || fs::read_to_string(&path).ok();
    run(add).success();
    let removed = run("connection remove main --force").success();
    assert_eq!(
        removed.normalized(&sandbox, None),
        "--- stderr ---\n\
         warning: the server was not asked for leases of connection \"main\": nothing will sweep those that are left\n\
         the password stays in \"~/.config/pgcreds/main.password\"\n\
         removed connection \"main\"\n\
         [exit 0]\n"
    );
    assert_eq!(stored().as_deref(), Some("hunter2\n"));
    // Nor is it overwritten.
    let refusal = sandbox.refusal(None, sandbox.pgcreds(add.split(' ')).stdin("other\n"));
    assert_eq!(
        refusal,
        "--- stderr ---\n\
         error: \"~/.config/pgcreds/main.password\" is there already, and may hold the only copy of a password\n\
         hint: Use it with --password-file ~/.config/pgcreds/main.password, or move it away.\n\
         [exit 1]\n"
    );
    assert_eq!(stored().as_deref(), Some("hunter2\n"));
    // As the hint says: it is the connection's own again.
    let path_text = path.display().to_string();
    let kept = "connection add main --url host=h --no-verify --password-file";
    sandbox
        .pgcreds(kept.split(' ').chain([path_text.as_str()]))
        .run()
        .success();
    let removed = run("connection remove main --force").success();
    assert!(
        removed
            .stderr
            .contains(&format!("the password stays in \"{path_text}\"\n")),
        "{removed}"
    );
    sandbox
        .pgcreds(kept.split(' ').chain([path_text.as_str()]))
        .run()
        .success();
    run("connection remove main --force --delete-password").success();
    assert_eq!(stored(), None);
    // It may be gone already.
    run(add).success();
    fs::remove_file(&path).unwrap();
    run("connection remove main --force --delete-password").success();
}

#[test]
fn a_password_file_of_the_administrators_own_is_not_deleted() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let kept = "connection add main --url host=h --no-verify --password-file";
    let run = |line: &str| sandbox.pgcreds(line.split(' ')).run();
    let own = sandbox.home().join("own");
    fs::write(&own, "hunter2\n").unwrap();
    sandbox
        .pgcreds(kept.split(' ').chain(["own"]))
        .run()
        .success();
    let removed = run("connection remove main --force --delete-password").success();
    assert!(
        removed.stderr.contains("the password stays in "),
        "{removed}"
    );
    assert!(own.exists());
}

#[test]
fn a_stored_password_that_another_connection_uses_is_not_deleted() {
    let sandbox = Sandbox::new();
    sandbox.write_state(
        "version = 1\n[connections.other]\nurl = \"host=h\"\npassword = { file = \"main.password\" }\n",
    );
    let run = |line: &str| sandbox.pgcreds(line.split(' ')).stdin("hunter2\n").run();
    run("connection add main --url host=h --no-verify --password-stdin").success();
    let removed = run("connection remove main --force --delete-password").success();
    assert!(
        removed.stderr.contains("connection \"other\" uses it"),
        "{removed}"
    );
    assert!(sandbox.files().contains_key("main.password"));
}

#[test]
fn a_password_in_the_state_file_is_removed_only_on_demand() {
    let sandbox = Sandbox::new();
    for source in [
        "url = \"host=h\"\npassword = \"hunter2\"",
        "url = \"host=h password=hunter2\"",
    ] {
        sandbox.write_state(&format!("version = 1\n[connections.main]\n{source}\n"));
        let remove = ["connection", "remove", "main", "--force"];
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds(remove)),
            "--- stderr ---\n\
             error: the password of connection \"main\" stands in the state file, and may be nowhere else\n\
             hint: To delete it, too: pgcreds connection remove main --delete-password\n\
             [exit 1]\n"
        );
        let remove = remove.iter().chain(&["--delete-password"]);
        sandbox.pgcreds(remove).run().success();
        assert_eq!(sandbox.state(), "version = 1\n");
    }
}

#[test]
fn a_password_is_not_stored_when_the_connection_is_not() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let lock = File::create(sandbox.state_path().with_extension("toml.lock")).unwrap();
    lock.lock().unwrap();
    let add = "connection add main --url host=h --no-verify --password-stdin";
    let command = sandbox.pgcreds(add.split(' ')).stdin("hunter2\n");
    let refusal = sandbox.refusal(None, command);
    assert!(refusal.contains("is locked by"), "{refusal}");
}

#[test]
fn a_password_goes_into_the_state_file_only_on_demand() {
    let (cluster, sandbox) = stage();
    let arguments = add(
        &cluster,
        &["--password-stdin", "--store-password", "--quiet"],
    );
    sandbox
        .pgcreds(&arguments)
        .stdin("admin-secret\n")
        .run()
        .success();
    assert_eq!(stored(&sandbox).as_deref(), Some("\"admin-secret\""));
    check(&sandbox).success();
    for command in ["list", "show main"] {
        let line = format!("connection {command}");
        let shown = sandbox.pgcreds(line.split(' ')).run().success();
        assert!(shown.stdout.contains("in the state file"), "{shown}");
        assert!(!shown.to_string().contains("admin-secret"), "{shown}");
    }

    sandbox.write_state("version = 1\n");
    fs::set_permissions(sandbox.state_path(), fs::Permissions::from_mode(0o640)).unwrap();
    let command = sandbox.pgcreds(&arguments).stdin("admin-secret\n");
    assert_eq!(
        sandbox.refusal(Some(&cluster), command),
        r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" holds the password of connection "main", and others can read it (mode 0640)
hint: Run: chmod 600 ~/.config/pgcreds/pgcreds.toml
[exit 1]
"#
    );
}
