//! What another user of this host puts where pgcreds looks: it becomes nobody's password, runs no command, and leads no
//! line into another file.
//!
//! Only root can give files away: without it the other user's files are those that every user can write.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::app_role::{App, ROLE};
use crate::harness::{Admin, Cluster, Run, Sandbox, write_private};

/// The user who plants files.
const OTHER: u32 = 65534;

/// The password that the other user would like the admin to have.
const PLANTED: &str = "planted-secret\n";

const ROTATE: [&str; 3] = ["connection", "rotate", "my-postgres-db"];

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder like `/tmp`.
fn sticky_folder(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.home().join("shared");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o1777);
    folder
}

/// Ways to plant a file, each by its name; the content is where it leads to.
const WAYS: [&str; 6] = [
    "file",
    "readable file",
    "link",
    "link to a file of ours",
    "writable file of ours",
    "second name of a file of ours",
];

/// Plants a file with this content at `path`; false where only root could do it.
fn plant(way: &str, path: &Path, content: &str) -> bool {
    let _ = fs::remove_file(path);
    let elsewhere = path.with_file_name("elsewhere");
    let give = |path: &Path| lchown(path, Some(OTHER), Some(OTHER)).unwrap();
    match way {
        "writable file of ours" => {
            write_private(path, content);
            set_mode(path, 0o602);
        }
        "second name of a file of ours" => {
            write_private(&elsewhere, content);
            fs::hard_link(&elsewhere, path).unwrap();
        }
        _ if !is_root() => return false,
        "link" | "link to a file of ours" => {
            write_private(&elsewhere, content);
            if way == "link" {
                give(&elsewhere);
            }
            symlink(&elsewhere, path).unwrap();
            give(path);
        }
        _ => {
            write_private(path, content);
            if way == "readable file" {
                set_mode(path, 0o644);
            }
            give(path);
        }
    }
    true
}

fn can_log_in(cluster: &Cluster, password: &str) -> bool {
    let session = cluster.try_execute_as("vaultadmin", password, "mydb", "SELECT 1");
    session.is_ok()
}

/// A cluster with its admin, whose password stands in the state file or in `password` in a sticky folder.
fn stage(is_literal: bool) -> (Cluster, Sandbox, PathBuf) {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new().with_connection(&cluster);
    let folder = sticky_folder(&sandbox);
    let old = sandbox.home().join("admin.password");
    let state = sandbox.state();
    if is_literal {
        let source = format!("{{ file = \"{}\" }}", old.display());
        write_private(
            &folder.join("creds.toml"),
            &state.replace(&source, "\"admin-secret\""),
        );
        let pending = folder.join("my-postgres-db.password.pending");
        return (cluster, sandbox, pending);
    }
    let password = folder.join("admin.password");
    write_private(&password, "admin-secret\n");
    let state = state.replace(&old.display().to_string(), &password.display().to_string());
    write_private(&folder.join("creds.toml"), &state);
    (cluster, sandbox, folder.join("admin.password.pending"))
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let state = ["--state", "shared/creds.toml"];
    sandbox.pgcreds([&state, arguments].concat()).run()
}

#[test]
fn a_planted_pending_password_does_not_become_the_admins() {
    for is_literal in [false, true] {
        let (cluster, sandbox, pending) = stage(is_literal);
        for way in WAYS {
            if !plant(way, &pending, PLANTED) {
                continue;
            }
            let refused = run(&sandbox, &ROTATE).exits(1);
            assert!(
                refused
                    .stderr
                    .starts_with("error: could not read the pending password"),
                "{way}: {refused}"
            );
            assert!(refused.stderr.contains("\nhint: "), "{way}: {refused}");
            assert!(!can_log_in(&cluster, PLANTED.trim()), "{way}");
            assert!(can_log_in(&cluster, "admin-secret"), "{way}");
            // Whoever does not rotate is not held up.
            run(&sandbox, &["connection", "check", "my-postgres-db"]).success();
            fs::remove_file(&pending).unwrap();
        }
        run(&sandbox, &ROTATE).success();
        assert!(!can_log_in(&cluster, "admin-secret"));
        run(&sandbox, &["connection", "check", "my-postgres-db"]).success();
    }
}

/// The admin needs no password here: whatever the file says, the session is opened.
#[test]
fn a_new_password_is_not_written_for_the_owner_of_a_planted_password_file() {
    let (cluster, sandbox, pending) = stage(false);
    cluster.write(
        "pg_hba.conf",
        "host all all 127.0.0.1/32 trust\nlocal all all trust\n",
    );
    cluster.execute("SELECT pg_reload_conf()");
    let password = pending.with_file_name("admin.password");
    for way in [
        "file",
        "readable file",
        "link",
        "link to a file of ours",
        "writable file of ours",
    ] {
        if !plant(way, &password, PLANTED) {
            continue;
        }
        let before =
            cluster.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'vaultadmin'");
        let refused = run(&sandbox, &ROTATE).exits(1);
        assert!(
            refused.stderr.contains("could not read the password file"),
            "{way}: {refused}"
        );
        let after = cluster.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'vaultadmin'");
        assert_eq!(after, before, "{way}");
        assert!(!pending.exists(), "{way}");
    }
}

#[test]
fn links_of_the_administrator_lead_to_the_password() {
    let (_cluster, sandbox, pending) = stage(false);
    let password = pending.with_file_name("admin.password");
    let check = || run(&sandbox, &["connection", "check", "my-postgres-db"]);
    // As Kubernetes mounts a secret: in a folder of mode 1777.
    let version = pending.with_file_name("..2026_01_01");
    fs::create_dir(&version).unwrap();
    fs::rename(&password, version.join("admin.password")).unwrap();
    symlink("..2026_01_01", pending.with_file_name("..data")).unwrap();
    symlink("..data/admin.password", &password).unwrap();
    check().success();
    // Where every user can replace the link.
    set_mode(pending.parent().unwrap(), 0o777);
    let refused = sandbox.pgcreds(["connection", "check", "my-postgres-db"]);
    let state = fs::read_to_string(pending.with_file_name("creds.toml")).unwrap();
    sandbox.write_state(&state);
    let refused = refused.run().exits(1);
    assert!(
        refused
            .stderr
            .contains("every user can put another file in its place"),
        "{refused}"
    );
    let (_, command) = refused.stderr.split_once("hint: Run: ").unwrap();
    sandbox.program("sh", ["-c", command]).run().success();
    check().success();
}

#[test]
fn a_password_file_is_refused_where_another_user_can_write_it() {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new().with_connection(&cluster);
    let file = sandbox.home().join("admin.password");
    for mode in [0o620, 0o602, 0o666] {
        set_mode(&file, mode);
        let check = || {
            sandbox
                .pgcreds(["connection", "check", "my-postgres-db"])
                .run()
        };
        let refused = check().exits(1);
        assert!(
            refused.stderr.contains(&format!("(mode {mode:04o})")),
            "{refused}"
        );
        let (_, command) = refused.stderr.split_once("hint: Run: ").unwrap();
        sandbox.program("sh", ["-c", command]).run().success();
        check().success();
    }
}

/// A state file whose password command leaves a file behind.
fn talkative_state(sandbox: &Sandbox) -> String {
    let ran = sandbox.home().join("ran").display().to_string();
    format!(
        "version = 1\n[connections.my-postgres-db]\nurl = \"postgresql://127.0.0.1:1/mydb\"\n\
         username = \"vaultadmin\"\npassword = {{ command = [\"touch\", \"{ran}\"] }}\n"
    )
}

#[test]
fn the_commands_of_a_planted_state_file_do_not_run() {
    let sandbox = Sandbox::new();
    let folder = sticky_folder(&sandbox);
    let path = folder.join("creds.toml");
    let text = talkative_state(&sandbox);
    for way in WAYS {
        if way == "second name of a file of ours" || !plant(way, &path, &text) {
            continue;
        }
        for arguments in [&["sweep"][..], &["doctor"], &["lease", "list"], &ROTATE] {
            let refused = run(&sandbox, arguments);
            assert!([1, 4].contains(&refused.code), "{way}: {refused}");
            assert!(!sandbox.home().join("ran").exists(), "{way}: {refused}");
        }
        let refused = run(&sandbox, &["role", "list"]).exits(1);
        assert!(refused.stderr.contains("\nhint: "), "{way}: {refused}");
    }
    // It is the place that was wrong.
    fs::remove_file(&path).unwrap();
    write_private(&path, &text);
    run(&sandbox, &["sweep"]);
    assert!(sandbox.home().join("ran").exists());
}

#[test]
fn a_state_file_that_others_can_write_or_replace_is_refused_with_the_command_that_fixes_it() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let path = sandbox.state_path();
    let folder = path.parent().unwrap().to_owned();
    let list = || sandbox.pgcreds(["role", "list"]).run();
    let assert_fixed = |what: &str| {
        let refused = list().exits(1);
        let (_, command) = refused
            .stderr
            .split_once("un: ")
            .unwrap_or_else(|| panic!("{what}: {refused}"));
        let command = command.split(". Else").next().unwrap();
        sandbox.program("sh", ["-c", command]).run().success();
        assert_eq!(list().code, 0, "{what}");
    };
    for mode in [0o620, 0o602, 0o660, 0o664, 0o666] {
        set_mode(&path, mode);
        assert_fixed(&format!("mode {mode:04o}"));
    }
    set_mode(&folder, 0o777);
    assert_fixed("folder");
    set_mode(&folder, 0o1777);
    list().success();
    if is_root() {
        chown(&path, Some(OTHER), None).unwrap();
        assert_fixed("owner");
        chown(&folder, Some(OTHER), None).unwrap();
        assert_fixed("owner of the folder");
    }
}

#[test]
fn a_planted_audit_log_gets_no_line_and_leads_none_elsewhere() {
    let app = App::new();
    let folder = sticky_folder(&app.sandbox);
    let log = folder.join("audit.jsonl");
    let log_path = log.display().to_string();
    let issue = || {
        let arguments = ["--audit-log", &log_path, "issue", "app-role"];
        app.sandbox.pgcreds(arguments).run()
    };
    for way in WAYS {
        if way == "writable file of ours" || !plant(way, &log, "precious\n") {
            continue;
        }
        let refused = issue().exits(1);
        assert!(
            refused
                .stderr
                .starts_with("error: could not write the audit log"),
            "{way}: {refused}"
        );
        assert_eq!(fs::read_to_string(&log).unwrap(), "precious\n", "{way}");
        app.sandbox
            .pgcreds(["--audit-log", &log_path, "audit"])
            .run()
            .exits(1);
    }
    if is_root() {
        fs::remove_file(&log).unwrap();
        symlink(app.sandbox.home().join("nowhere"), &log).unwrap();
        lchown(&log, Some(OTHER), None).unwrap();
        issue().exits(1);
        assert!(!app.sandbox.home().join("nowhere").exists());
    }
    assert_eq!(app.logins(), Vec::<String>::new());
    fs::remove_file(&log).unwrap();
    issue().success();
    assert!(fs::read_to_string(&log).unwrap().contains("\"issue\""));
}

/// The lock file is written to.
#[test]
fn a_second_name_of_a_file_is_no_lock_file() {
    let sandbox = Sandbox::new();
    let folder = sticky_folder(&sandbox);
    write_private(
        &folder.join("creds.toml"),
        "version = 1\n[connections.c]\nurl = \"host=h\"\n",
    );
    let lock = folder.join("creds.toml.lock");
    assert!(plant("second name of a file of ours", &lock, "precious\n"));
    let add = "role add r --connection c --member-of g --no-verify";
    let refused = run(&sandbox, &add.split(' ').collect::<Vec<_>>()).exits(1);
    assert!(
        refused.stderr.contains("could not open the lock file"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(&lock).unwrap(), "precious\n");
}

#[test]
fn the_password_file_of_libpq_is_not_read_from_another_user() {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new().with_connection(&cluster);
    let folder = sticky_folder(&sandbox);
    let state = sandbox.state();
    let source = state
        .lines()
        .find(|line| line.starts_with("password"))
        .unwrap();
    sandbox.write_state(&(state.replace(source, "").replace(":{{password}}", "") + ROLE));
    let path = folder.join("pgpass");
    let check = || {
        let command = sandbox.pgcreds(["connection", "check", "my-postgres-db"]);
        command.env("PGPASSFILE", &path).run()
    };
    for way in ["file", "link", "link to a file of ours"] {
        if plant(way, &path, "*:*:*:*:admin-secret\n") {
            assert_eq!(check().code, 1, "{way}");
        }
    }
    let _ = fs::remove_file(&path);
    write_private(&folder.join("real"), "*:*:*:*:admin-secret\n");
    symlink("real", &path).unwrap();
    check().success();
}
