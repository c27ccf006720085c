//! Checks of this host's files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{command_mends, finding, passes, remedy};
use crate::harness::Admin;
use crate::stage::Stage;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_state_file_that_others_can_change() {
    let stage = Stage::new(Admin::CreateRole);
    let path = stage.sandbox.state_path();
    chmod(&path, 0o644);
    passes(&stage.sandbox, "state_file");
    for mode in [0o664, 0o602] {
        chmod(&path, mode);
        command_mends(&stage.sandbox, "state_file", "failure");
    }
}

#[test]
fn a_password_in_the_state_file() {
    let stage = Stage::new(Admin::CreateRole);
    let text = stage.sandbox.state();
    let source = text
        .lines()
        .find(|line| line.starts_with("password"))
        .unwrap();
    stage
        .sandbox
        .write_state(&text.replace(source, "password = \"admin-secret\""));
    let found = finding(&stage.sandbox, "literal_password");
    assert_eq!(found["status"], "warning", "{found:#}");
    passes(&stage.sandbox, "state_file");
    chmod(&stage.sandbox.state_path(), 0o640);
    stage.sandbox.pgcreds(["role", "list"]).run().exits(1);
    command_mends(&stage.sandbox, "state_file", "failure");
    // The remedy is what to write.
    let remedy = remedy(&stage.sandbox, "literal_password", "warning");
    let (_, line) = remedy.split_once("[connections.my-postgres-db]: ").unwrap();
    let folder = stage.sandbox.state_path().parent().unwrap().to_owned();
    fs::copy(
        stage.sandbox.home().join("admin.password"),
        folder.join("my-postgres-db.password"),
    )
    .unwrap();
    stage.sandbox.write_state(&text.replace(source, line));
    let run = super::doctor(&stage.sandbox).success();
    assert!(!run.stdout.contains("literal_password"), "{run}");
}

#[test]
fn a_password_file_that_others_can_read() {
    let stage = Stage::new(Admin::CreateRole);
    let path = stage.sandbox.home().join("admin.password");
    for (mode, status) in [(0o604, "failure"), (0o640, "warning")] {
        chmod(&path, mode);
        command_mends(&stage.sandbox, "password_file", status);
    }
    fs::remove_file(&path).unwrap();
    command_mends(&stage.sandbox, "password_file", "failure");
    passes(&stage.sandbox, "reachable");
}

#[test]
fn a_password_file_of_libpq_that_others_can_read() {
    let stage = Stage::new(Admin::CreateRole);
    let text = stage.sandbox.state();
    let source = text
        .lines()
        .find(|line| line.starts_with("password"))
        .unwrap();
    let text = text.replace(source, "").replace(":{{password}}", "");
    stage.sandbox.write_state(&text);
    let path = stage.sandbox.home().join(".pgpass");
    fs::write(&path, "*:*:*:vaultadmin:admin-secret\n").unwrap();
    chmod(&path, 0o644);
    assert_eq!(finding(&stage.sandbox, "reachable")["status"], "failure");
    command_mends(&stage.sandbox, "password_file", "failure");
    passes(&stage.sandbox, "reachable");
}
