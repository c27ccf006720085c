//! Credentials that nobody can receive are a login that nobody knows: it is revoked again.

use std::fs::{self, File};

use crate::harness::{Admin, Cluster, Proxy, Run};
use crate::lease_stage::{APP_ROLE, Stage, issue_json, sandbox_at};

/// Asserts that nothing is left on the server, and what was said.
#[track_caller]
fn assert_revoked(stage: &Stage, run: &Run, cause: &str) {
    assert_eq!(
        run.normalized(&stage.sandbox, None),
        format!(
            "--- stderr ---\n\
             error: could not deliver the credentials; lease \"pgc_app_role_alice_RANDOM\" was revoked again\n\
             {cause}[exit 1]\n"
        )
    );
    assert_eq!(stage.logins(), []);
}

/// Arguments of an issue whose name is known but for its random end.
const FOR_ALICE: [&str; 3] = ["app-role", "--for", "alice"];

#[test]
fn a_reader_that_went_away() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = stage
        .sandbox
        .pgcreds(issue_json(&FOR_ALICE))
        .stdout(writer)
        .run();
    assert_revoked(
        &stage,
        &run,
        "caused by: could not write to stdout\ncaused by: Broken pipe (os error 32)\n",
    );
}

#[test]
fn a_full_device() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let run = stage
        .sandbox
        .pgcreds(issue_json(&FOR_ALICE))
        .stdout(full)
        .run();
    assert_revoked(
        &stage,
        &run,
        "caused by: could not write to stdout\ncaused by: No space left on device (os error 28)\n",
    );
}

#[test]
fn a_file_that_cannot_be_written() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let arguments = [&FOR_ALICE[..], &["--out", "missing/file"]].concat();
    let run = stage.sandbox.pgcreds(issue_json(&arguments)).run();
    assert!(
        run.stderr
            .contains("\ncaused by: No such file or directory (os error 2) at path "),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("was revoked again\ncaused by: could not write the file \"missing/file\"\n"),
        "{run}"
    );
    assert!(
        run.stderr
            .ends_with("hint: Make its folder: mkdir -p missing\n"),
        "{run}"
    );
    assert_eq!(run.exits(1).stdout, "");
    assert_eq!(stage.logins(), []);
}

/// As root, a file in the place of `/dev/null` or `/dev/stdout` would break the machine.
#[test]
fn a_file_that_is_none_is_not_replaced() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let home = stage.sandbox.home();
    fs::create_dir(home.join("folder")).unwrap();
    stage.sandbox.program("mkfifo", ["fifo"]).run().success();
    std::os::unix::fs::symlink("fifo", home.join("link")).unwrap();
    for file in ["folder", "fifo", "link"] {
        let before = home.join(file).symlink_metadata().unwrap().file_type();
        let arguments = [&FOR_ALICE[..], &["--out", file]].concat();
        let run = stage.sandbox.pgcreds(issue_json(&arguments)).run();
        assert_revoked(
            &stage,
            &run,
            &format!("caused by: \"{file}\" is not a file\n"),
        );
        assert_eq!(
            home.join(file).symlink_metadata().unwrap().file_type(),
            before
        );
    }
}

#[test]
fn a_stdout_that_never_was() {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let proxy = Proxy::start(cluster.port());
    let sandbox = sandbox_at(proxy.port(), APP_ROLE);
    let command = format!("exec {} issue app-role >&-", env!("CARGO_BIN_EXE_pgcreds"));
    let run = sandbox.program("sh", ["-c", &command]).run();
    assert_eq!(
        run.to_string(),
        "--- stderr ---\n\
         error: stdout is closed or /dev/null, and the credentials would be lost\n\
         [exit 1]\n"
    );
    assert_eq!(proxy.connections(), 0);

    // With a file to write to, nobody needs stdout; and /dev/null is a person's own choice.
    for rest in ["--out file >&-", ">/dev/null"] {
        let command = format!(
            "exec {} issue app-role -q {rest}",
            env!("CARGO_BIN_EXE_pgcreds")
        );
        let run = sandbox.program("sh", ["-c", &command]).run();
        assert_eq!(run.to_string(), "[exit 0]\n");
    }
    assert_eq!(crate::lease_stage::logins(&cluster).len(), 2);
}
