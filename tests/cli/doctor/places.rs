//! Checks of who owns this host's files, who can put others in their place, and whether the agent can.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use serde_json::Value;

use super::doctor;
use crate::harness::{Admin, Sandbox};
use crate::stage::Stage;

/// The finding about this file.
#[track_caller]
fn about(sandbox: &Sandbox, path: &Path) -> Value {
    let run = doctor(sandbox);
    let subject = format!("file {}", path.display());
    let findings = run.json();
    let mut all = findings.as_array().unwrap().iter();
    let found = all.find(|found| found["check"] == "file" && found["subject"] == subject);
    found
        .unwrap_or_else(|| panic!("nothing about {subject} in {run}"))
        .clone()
}

/// The file has this status for that reason, and its remedy, which is a command of a shell, mends it.
#[track_caller]
fn command_mends(sandbox: &Sandbox, path: &Path, status: &str, reason: &str) {
    let found = about(sandbox, path);
    assert_eq!(found["status"], status, "{found:#}");
    let detail = found["detail"].as_str().unwrap();
    assert!(detail.contains(reason), "{detail}");
    let remedy = found["remedy"].as_str().unwrap();
    let run = sandbox.program("sh", ["-c", remedy]).run();
    assert_eq!(run.code, 0, "{remedy}\n{run}");
    let mended = about(sandbox, path);
    assert_eq!(mended["status"], "ok", "{mended:#}");
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn folders_that_others_can_write_to() {
    let stage = Stage::new(Admin::CreateRole);
    let sandbox = &stage.sandbox;
    for path in [sandbox.state_path(), sandbox.home().join("admin.password")] {
        let folder = path.parent().unwrap();
        for (mode, status) in [(0o772, "failure"), (0o770, "warning")] {
            chmod(folder, mode);
            command_mends(sandbox, &path, status, "put another in its place");
        }
        // Who can replace the folder can replace what is in it.
        let above = folder.parent().unwrap();
        let mode = fs::metadata(above).unwrap().permissions().mode();
        if above.starts_with(sandbox.home()) {
            chmod(above, 0o777);
            command_mends(sandbox, &path, "failure", "all users can put another");
            chmod(above, mode);
        }
        // As in /tmp, others cannot replace what is not theirs.
        chmod(folder, 0o1777);
        assert_eq!(about(sandbox, &path)["status"], "ok");
    }
}

#[test]
fn files_of_another_user() {
    let stage = Stage::new(Admin::CreateRole);
    let sandbox = &stage.sandbox;
    // Only root can give a file away.
    let owner = rustix::process::getuid().is_root().then_some(65534);
    for path in [sandbox.state_path(), sandbox.home().join("admin.password")] {
        assert_eq!(about(sandbox, &path)["status"], "ok");
        chown(&path, owner, None).unwrap();
        if owner.is_some() {
            command_mends(sandbox, &path, "failure", "belongs to user 65534");
        }
    }
}

#[test]
fn files_that_the_agent_cannot_write() {
    let stage = Stage::new(Admin::CreateRole);
    let sandbox = &stage.sandbox;
    let target = sandbox.home().join("it's new/app.url");
    let recipe = format!(
        "\n[files.app]\nrole = \"app-role\"\npath = \"{}\"\nformat = \"url\"\n",
        target.display()
    );
    sandbox.write_state(&format!("{}{recipe}", sandbox.state()));
    // A role that is not there is not found out by the agent alone.
    let state = sandbox.state();
    sandbox.write_state(&state.replace("role = \"app-role\"\npath", "role = \"app-rol\"\npath"));
    let found = about(sandbox, &target);
    assert_eq!(found["status"], "failure", "{found:#}");
    assert_eq!(found["detail"], "role \"app-rol\" not found");
    sandbox.write_state(&state);
    command_mends(sandbox, &target, "failure", "does not exist");
    sandbox.pgcreds(["agent", "--once"]).run().success();
    let folder = target.parent().unwrap();
    chmod(folder, 0o777);
    command_mends(sandbox, &target, "failure", "put another in its place");
    // A file in the place of the folder, which not even root can write to.
    fs::remove_dir_all(folder).unwrap();
    fs::write(folder, "").unwrap();
    let found = about(sandbox, &target);
    assert_eq!(found["status"], "failure", "{found:#}");
    // Who asks about one connection is not told of files.
    let one = sandbox.pgcreds(["doctor", "my-postgres-db"]).run();
    assert!(!one.success().stdout.contains("app.url"));
}
