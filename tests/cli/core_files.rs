//! Core files: a process whose memory holds passwords leaves none, and the command of `exec` may leave its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::app_role::App;
use crate::harness::Sandbox;

#[test]
fn the_command_of_exec_gets_the_limit_that_pgcreds_was_started_with() {
    let app = App::new();
    let limits = "ulimit -S -c; ulimit -H -c";
    for limit in ["0", "1000", "unlimited"] {
        let script = format!(
            "ulimit -S -c {limit}; {limits}; exec \"$0\" exec app-role -- sh -c '{limits}'"
        );
        let run = app
            .sandbox
            .program("sh", ["-c", &script, env!("CARGO_BIN_EXE_pgcreds")])
            .run()
            .success();
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert_eq!(lines[..2], lines[2..], "{run}");
        assert_eq!(lines[0], limit);
    }
}

/// What a password command sees of pgcreds, its parent, which runs as a user who is not root.
#[test]
fn pgcreds_leaves_no_core_file_and_its_memory_is_roots() {
    let sandbox = Sandbox::new();
    let folder = sandbox.home().join("open");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o1777)).unwrap();
    let seen = folder.join("seen").display().to_string();
    let look = format!(
        "grep 'core file' /proc/$PPID/limits >'{seen}'; stat -c %u /proc/$PPID/maps >>'{seen}'; id -u >>'{seen}'"
    );
    let state = folder.join("creds.toml");
    let text = format!(
        "version = 1\n[connections.c]\nurl = \"postgresql://u@127.0.0.1:1/d\"\npassword = {{ command = [\"sh\", \"-c\", \"{look}\"] }}\n"
    );
    fs::write(&state, text).unwrap();
    fs::set_permissions(&state, Permissions::from_mode(0o644)).unwrap();
    let arguments = ["--state", "open/creds.toml", "connection", "check", "c"];
    let invocation = if rustix::process::getuid().is_root() {
        // The build folder may be out of that user's reach.
        let program = sandbox.home().join("pgcreds");
        fs::copy(env!("CARGO_BIN_EXE_pgcreds"), &program).unwrap();
        let program = program.display().to_string();
        let user = ["--reuid=65534", "--regid=65534", "--clear-groups", &program];
        sandbox.program("setpriv", [&user[..], &arguments].concat())
    } else {
        sandbox.pgcreds(arguments)
    };
    let run = invocation.run().exits(1);
    assert!(run.stderr.contains("printed nothing"), "{run}");
    let seen = fs::read_to_string(&seen).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0].split_whitespace().nth(4), Some("0"), "{seen}");
    // The files of a process that may leave no core file belong to root.
    assert_eq!(lines[1], "0", "{seen}");
    assert_ne!(lines[2], "0", "{seen}");
}
