//! The state file as a file: missing, unreadable, linked, too readable, in a folder that cannot be written to.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::harness::Sandbox;

/// A state file with a role that needs no server to be listed.
const STATE: &str = "version = 1\n\n[connections.main]\nurl = \"host=h\"\n\n[roles.first]\nconnection = \"main\"\nmember_of = [\"g\"]\n";

/// `role add second`, without a look at the server.
const ADD: [&str; 8] = [
    "role",
    "add",
    "second",
    "--connection",
    "main",
    "--member-of",
    "g",
    "--no-verify",
];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The normalized output of pgcreds as a user whom permissions bind: root drops to another one.
fn as_ordinary_user(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let invocation = if rustix::process::getuid().is_root() {
        // The build folder may be out of that user's reach.
        let program = sandbox.home().join("pgcreds");
        fs::copy(env!("CARGO_BIN_EXE_pgcreds"), &program).unwrap();
        let program = program.display().to_string();
        let user = [
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            program.as_str(),
        ];
        sandbox.program("setpriv", [&user, arguments].concat())
    } else {
        sandbox.pgcreds(arguments)
    };
    invocation.run().normalized(sandbox, None)
}

/// A state file in a folder of its own, where anybody can get at it.
fn in_open_folder(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let folder = sandbox.home().join("open");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o1777);
    let file = folder.join("creds.toml");
    fs::write(&file, STATE).unwrap();
    (folder, file)
}

#[test]
fn a_missing_file_is_answered_with_how_to_make_one() {
    let sandbox = Sandbox::new();
    let expected = r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" not found
caused by: No such file or directory (os error 2)
hint: Create it with: pgcreds init. Or name another one with --state FILE or PGCREDS_STATE.
[exit 1]
"#;
    for line in [
        "role list",
        "role show x",
        "role remove x",
        "connection list",
        "connection remove x",
        "issue x",
        "lease list",
        "sweep",
    ] {
        let command = sandbox.pgcreds(line.split(' '));
        assert_eq!(sandbox.refusal(None, command), expected, "{line}");
    }
    assert_eq!(sandbox.refusal(None, sandbox.pgcreds(ADD)), expected);
    assert!(!sandbox.state_path().parent().unwrap().exists());
}

#[test]
fn a_file_that_cannot_be_read() {
    let sandbox = Sandbox::new();
    let (_, file) = in_open_folder(&sandbox);
    set_mode(&file, 0o000);
    let expected = r#"--- stderr ---
error: could not read the state file "open/creds.toml"
caused by: Permission denied (os error 13)
hint: Run pgcreds as the user it belongs to, or name another one with --state FILE or PGCREDS_STATE.
[exit 1]
"#;
    let state = ["--state", "open/creds.toml"];
    for command in [&["role", "list"][..], &ADD, &["issue", "first"]] {
        assert_eq!(
            as_ordinary_user(&sandbox, &[&state, command].concat()),
            expected,
            "{command:?}"
        );
    }
}

#[test]
fn what_is_no_text_file() {
    let sandbox = Sandbox::new();
    sandbox.write_state("");
    fs::write(sandbox.state_path(), b"version = 1 # \xff\n").unwrap();
    let list = || sandbox.refusal(None, sandbox.pgcreds(["role", "list"]));
    assert_eq!(
        list(),
        "--- stderr ---\nerror: state file \"~/.config/pgcreds/pgcreds.toml\" is not UTF-8 text\ncaused by: stream did not contain valid UTF-8\n[exit 1]\n"
    );
    fs::remove_file(sandbox.state_path()).unwrap();
    fs::create_dir(sandbox.state_path()).unwrap();
    assert_eq!(
        list(),
        "--- stderr ---\nerror: could not read the state file \"~/.config/pgcreds/pgcreds.toml\"\ncaused by: Is a directory (os error 21)\nhint: Name the file itself with --state FILE or PGCREDS_STATE.\n[exit 1]\n"
    );
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let sandbox = Sandbox::new();
    let (folder, file) = in_open_folder(&sandbox);
    set_mode(&folder, 0o555);
    let with_state = |arguments: &[&str]| {
        as_ordinary_user(
            &sandbox,
            &[&["--state", "open/creds.toml"], arguments].concat(),
        )
    };
    assert!(
        with_state(&["role", "list"]).ends_with("[exit 0]\n"),
        "reading needs no lock"
    );
    assert_eq!(
        with_state(&ADD),
        r#"--- stderr ---
error: could not open the lock file "open/creds.toml.lock"
caused by: Permission denied (os error 13)
hint: The state file can only be changed by a user who may write to its folder.
[exit 1]
"#
    );
    assert_eq!(names(&folder), ["creds.toml"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), STATE);
    let init = as_ordinary_user(&sandbox, &["--state", "open/new/creds.toml", "init"]);
    assert_eq!(
        init,
        r#"--- stderr ---
error: could not create the folder "open/new"
caused by: Permission denied (os error 13)
[exit 1]
"#
    );
    // The lock can be there from better days.
    set_mode(&folder, 0o755);
    fs::write(folder.join("creds.toml.lock"), "").unwrap();
    set_mode(&folder.join("creds.toml.lock"), 0o666);
    set_mode(&folder, 0o555);
    let answer = with_state(&ADD);
    assert!(answer.starts_with("--- stderr ---\nerror: could not write the file \"open/creds.toml\"\ncaused by: Permission denied"), "{answer}");
    assert_eq!(fs::read_to_string(&file).unwrap(), STATE);
    set_mode(&folder, 0o755);
}

#[test]
fn a_link_is_followed_and_stays_a_link() {
    let sandbox = Sandbox::new();
    let (folder, file) = in_open_folder(&sandbox);
    set_mode(&file, 0o640);
    sandbox.write_state("");
    fs::remove_file(sandbox.state_path()).unwrap();
    symlink("../../open/creds.toml", sandbox.state_path()).unwrap();

    sandbox.pgcreds(ADD).run().success();
    let target = fs::read_link(sandbox.state_path()).unwrap();
    assert_eq!(target, Path::new("../../open/creds.toml"));
    let changed = fs::read_to_string(&file).unwrap();
    assert!(
        changed.starts_with(STATE) && changed.contains("[roles.second]"),
        "{changed}"
    );
    assert_eq!(mode(&file), 0o640);
    sandbox
        .pgcreds(["role", "remove", "second"])
        .run()
        .success();
    assert_eq!(fs::read_to_string(&file).unwrap(), STATE);
    sandbox.pgcreds(["init"]).run().success();
    let linked = sandbox.state_path().parent().unwrap().to_owned();
    assert_eq!(names(&folder), ["creds.toml", "creds.toml.lock"]);
    assert_eq!(names(&linked), ["pgcreds.toml"]);
}

#[test]
fn a_link_that_leads_nowhere_is_named_as_one() {
    let sandbox = Sandbox::new();
    sandbox.write_state("");
    fs::remove_file(sandbox.state_path()).unwrap();
    symlink("nowhere.toml", sandbox.state_path()).unwrap();
    let expected = r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" is a symbolic link to a file that does not exist
caused by: No such file or directory (os error 2)
[exit 1]
"#;
    for command in [&["role", "list"][..], &ADD, &["init"], &["sweep"]] {
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds(command)),
            expected,
            "{command:?}"
        );
    }
    assert!(
        sandbox
            .state_path()
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_literal_password_that_others_can_read_is_refused_until_they_cannot() {
    let sandbox = Sandbox::new();
    for secret in [
        "url = \"host=h\"\npassword = \"hunter2\"",
        "url = \"postgresql://u:hunter2@h/d\"",
        "url = \"postgresql://{{username}}:hunter2@h/d\"\nusername = \"u\"",
        "url = \"host=h password=hunter2\"",
    ] {
        sandbox.write_state(&STATE.replace("url = \"host=h\"", secret));
        sandbox.pgcreds(["role", "list"]).run().success();
        for (mode, shown) in [
            (0o644, "0644"),
            (0o640, "0640"),
            (0o604, "0604"),
            (0o620, "0620"),
        ] {
            set_mode(&sandbox.state_path(), mode);
            let expected = format!(
                r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" holds the password of connection "main", and others can read it (mode {shown})
hint: Run: chmod 600 ~/.config/pgcreds/pgcreds.toml
[exit 1]
"#
            );
            for command in [
                &["role", "list"][..],
                &ADD,
                &["issue", "first"],
                &["init"],
                &["lease", "list"],
            ] {
                let refusal = sandbox.refusal(None, sandbox.pgcreds(command));
                assert_eq!(refusal, expected, "{command:?}");
            }
        }
        let path = sandbox.state_path().display().to_string();
        sandbox
            .program("sh", ["-c", &format!("chmod 600 '{path}'")])
            .run()
            .success();
        sandbox.pgcreds(ADD).run().success();
    }
}

#[test]
fn the_hint_is_a_command_whatever_the_file_is_called() {
    let sandbox = Sandbox::new();
    let path = sandbox.home().join("it's; exit 7.toml");
    std::fs::write(&path, STATE.replace("host=h", "host=h password=hunter2")).unwrap();
    set_mode(&path, 0o644);
    let list = || {
        let state = ["--state".as_ref(), path.as_os_str()];
        let words = state.into_iter().chain(["role", "list"].map(AsRef::as_ref));
        sandbox.pgcreds(words).run()
    };
    let refused = list().exits(1);
    let (_, command) = refused.stderr.split_once("hint: Run: ").unwrap();
    sandbox.program("sh", ["-c", command]).run().success();
    list().success();
}

#[test]
fn a_new_file_is_private_and_an_old_one_keeps_its_mode() {
    let sandbox = Sandbox::new();
    for mode_before in [0o600, 0o640, 0o644, 0o444] {
        sandbox.write_state(STATE);
        set_mode(&sandbox.state_path(), mode_before);
        sandbox.pgcreds(ADD).run().success();
        assert_eq!(mode(&sandbox.state_path()), mode_before);
    }
    let folder = sandbox.state_path().parent().unwrap().to_owned();
    assert_eq!(names(&folder), ["pgcreds.toml", "pgcreds.toml.lock"]);
    assert_eq!(mode(&folder.join("pgcreds.toml.lock")), 0o600);
    // A umask that takes everything from others, or nothing.
    for umask in ["077", "000"] {
        fs::remove_dir_all(&folder).unwrap();
        let script = format!("umask {umask}; exec \"$0\" init");
        sandbox
            .program("sh", ["-c", &script, env!("CARGO_BIN_EXE_pgcreds")])
            .run()
            .success();
        assert_eq!(mode(&sandbox.state_path()), 0o600, "umask {umask}");
    }
}
