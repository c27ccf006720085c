//! `issue --out`: a file of its own, for those who shall read it, and never through what somebody else put there.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::app_role::App;
use crate::harness::{Cluster, Run, Sandbox};

fn issue(app: &App, options: &[&str]) -> Run {
    let line = ["issue", "app-role", "--format", "dotenv"];
    app.sandbox.pgcreds(line.iter().chain(options)).run()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What the command prints, without the line end.
fn ask(command: &str) -> String {
    let output = std::process::Command::new("sh")
        .args(["-c", command])
        .output();
    String::from_utf8(output.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

#[test]
fn a_file_has_the_mode_and_the_owner_that_were_asked_for() {
    let app = App::new();
    let file = app.sandbox.home().join("creds");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let run = issue(&app, &["--out", "creds"]).success();
    assert_eq!(run.stdout, "");
    assert_eq!(mode(&file), 0o600, "an old file's mode is not kept");
    for (text, bits) in [("0640", 0o640), ("440", 0o440)] {
        assert_eq!(issue(&app, &["--out", "creds", "--mode", text]).code, 0);
        assert_eq!(mode(&file), bits);
    }
    // Only root can give files away.
    let who = if ask("id -u") == "0" { "nobody" } else { "" };
    let (user, group) = (ask(&format!("id -un {who}")), ask(&format!("id -gn {who}")));
    let (uid, gid) = (ask(&format!("id -u {who}")), ask(&format!("id -g {who}")));
    for (owner, group) in [(&user, &group), (&uid, &gid)] {
        let options = [
            "--out", "creds", "--owner", owner, "--group", group, "--mode", "0640",
        ];
        assert_eq!(issue(&app, &options).success().stdout, "");
        let metadata = fs::metadata(&file).unwrap();
        assert_eq!(
            [metadata.uid().to_string(), metadata.gid().to_string()],
            [uid.clone(), gid.clone()]
        );
        assert_eq!(mode(&file), 0o640);
    }
}

#[test]
fn wrong_owners_and_modes_are_refused_before_a_login_is_made() {
    let app = App::new();
    let refused = issue(&app, &["--out", "creds", "--owner", "no-such-user"]).exits(1);
    assert_eq!(
        refused.stderr,
        "error: user \"no-such-user\" does not exist\n"
    );
    let refused = issue(&app, &["--out", "creds", "--group", "no-such-group"]).exits(1);
    assert_eq!(
        refused.stderr,
        "error: group \"no-such-group\" does not exist\n"
    );
    for options in [
        &["--mode", "0640"][..],
        &["--owner", "nobody"],
        &["--group", "nogroup"],
        &["--out", "creds", "--mode", "rw-r-----"],
        &["--out", "creds", "--mode", "0040"],
    ] {
        assert_eq!(issue(&app, options).code, 2, "{options:?}");
    }
    assert!(!app.sandbox.home().join("creds").exists());
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let app = App::new();
    let home = app.sandbox.home();
    fs::write(home.join("precious"), "precious").unwrap();
    for target in ["precious", "nowhere"] {
        let _ = fs::remove_file(home.join("creds"));
        symlink(target, home.join("creds")).unwrap();
        assert_eq!(issue(&app, &["--out", "creds"]).success().stdout, "");
        assert!(fs::symlink_metadata(home.join("creds")).unwrap().is_file());
    }
    assert_eq!(
        fs::read_to_string(home.join("precious")).unwrap(),
        "precious"
    );
    assert!(!home.join("nowhere").exists());
}

#[test]
fn what_is_no_file_is_left_alone() {
    let app = App::new();
    let home = app.sandbox.home();
    fs::create_dir(home.join("folder")).unwrap();
    assert_eq!(app.sandbox.program("mkfifo", ["pipe"]).run().code, 0);
    symlink("/dev/null", home.join("device")).unwrap();
    for name in ["folder", "pipe", "device"] {
        let before = fs::symlink_metadata(home.join(name)).unwrap().ino();
        let refused = issue(&app, &["--out", name]).exits(1);
        assert!(
            refused
                .stderr
                .ends_with(&format!("caused by: \"{name}\" is not a file\n")),
            "{refused}"
        );
        assert_eq!(fs::symlink_metadata(home.join(name)).unwrap().ino(), before);
    }
    assert_eq!(app.logins(), Vec::<String>::new());
}

/// Everybody's /etc/passwd is root's; when the tests run as root, pgcreds gives that up.
#[test]
fn a_file_of_another_user_is_refused() {
    let app = App::new();
    let state = state_of_nobody(&app.sandbox, &app.cluster);
    let line = [
        "--state",
        &state,
        "issue",
        "app-role",
        "--format",
        "dotenv",
        "--out",
        "/etc/passwd",
    ];
    let mut command = app.sandbox.pgcreds(line).command();
    command.env("PGPASSWORD", "admin-secret");
    if ask("id -u") == "0" {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("caused by: file \"/etc/passwd\" belongs to another user\n"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(app.logins(), Vec::<String>::new());
}

/// A state file without a secret in it, that anybody can read.
fn state_of_nobody(sandbox: &Sandbox, cluster: &Cluster) -> String {
    let path = sandbox.home().join("public.toml");
    let url = format!("postgresql://127.0.0.1:{}/mydb", cluster.port());
    let connection = format!(
        "version = 1\n[connections.my-postgres-db]\nurl = \"{url}\"\nusername = \"vaultadmin\"\n"
    );
    fs::write(&path, connection + crate::app_role::ROLE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    if ask("id -u") == "0" {
        chown(sandbox.home(), Some(65534), None).unwrap();
    }
    path.display().to_string()
}
