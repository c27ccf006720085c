//! `--out FILE`: only its owner can read it, and it is there whole or not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::Admin;
use crate::lease_stage::{APP_ROLE, Credentials, Stage};

/// Issues into that file.
#[track_caller]
fn issue_to(stage: &Stage, file: &str) {
    let run = stage
        .sandbox
        .pgcreds([
            "issue", "app-role", "--for", "alice", "--format", "json", "--out", file,
        ])
        .run();
    assert_eq!(
        run.normalized(&stage.sandbox, None),
        "--- stderr ---\n\
         issued lease \"pgc_app_role_alice_RANDOM\", which ends at TIME\n\
         [exit 0]\n"
    );
}

#[test]
fn the_file_is_its_owners_alone() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let path = stage.sandbox.home().join("credentials.json");
    let mut written = Vec::new();
    for _ in 0..2 {
        issue_to(&stage, "credentials.json");
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let json: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        stage
            .execute_as(&Credentials(json.clone()), "SELECT 1")
            .unwrap();
        written.push(json["username"].clone());
        // The next one must not inherit this mode.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    assert_ne!(written[0], written[1]);
}

#[test]
fn the_file_is_replaced_at_once() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let path = stage.sandbox.home().join("credentials.json");
    fs::write(&path, "old").unwrap();
    let link = stage.sandbox.home().join("second-name");
    fs::hard_link(&path, &link).unwrap();
    issue_to(&stage, "credentials.json");
    assert_eq!(fs::read_to_string(&link).unwrap(), "old");
    assert!(fs::read_to_string(&path).unwrap().contains("\"password\""));
    let names = fs::read_dir(stage.sandbox.home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(
        names,
        [
            ".config",
            ".local",
            "admin.password",
            "credentials.json",
            "second-name"
        ]
    );
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let (target, link) = (
        stage.sandbox.home().join("target"),
        stage.sandbox.home().join("link"),
    );
    fs::write(&target, "untouched").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    issue_to(&stage, "link");
    assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
    assert!(link.symlink_metadata().unwrap().is_file());
}

#[test]
fn quiet_says_nothing() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let run = stage
        .sandbox
        .pgcreds(["issue", "app-role", "--quiet", "--out", "file"])
        .run();
    assert_eq!(run.to_string(), "[exit 0]\n");
    let table = fs::read_to_string(stage.sandbox.home().join("file")).unwrap();
    assert!(table.starts_with(" lease id  "), "{table}");
}
