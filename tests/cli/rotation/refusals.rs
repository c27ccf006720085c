//! What is not rotated, and why: nothing is changed, neither on the server nor on disk.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::{CONNECTION, ROTATE, Source, assert_works, can_log_in, cluster};
use crate::harness::{Cluster, Sandbox};

/// The text of a refused rotation, without its first line and its last.
fn refusal(cluster: &Cluster, sandbox: &Sandbox) -> String {
    let text = sandbox.refusal(Some(cluster), sandbox.pgcreds(ROTATE));
    assert!(can_log_in(cluster, "admin-secret"));
    let text = text.strip_prefix("--- stderr ---\n").unwrap();
    text.strip_suffix("[exit 1]\n").unwrap().to_owned()
}

#[test]
fn sources_that_cannot_be_written_to() {
    let cluster = cluster();
    let file = "Keep it where pgcreds can store a new one: password = { file = \"…\" }";
    for (key, problem, hint) in [
        (
            "password = { env = \"ADMIN_PASSWORD\" }",
            "comes from environment variable \"ADMIN_PASSWORD\", which pgcreds cannot change",
            file,
        ),
        (
            "",
            "has no source in the state file, so a new one could not be stored",
            file,
        ),
        (
            "password = { command = [\"echo\", \"admin-secret\"] }",
            "comes from a command, and there is none to store a new one",
            "Add one that reads it from stdin to the connection in the state file: store_command = [\"…\"]",
        ),
    ] {
        let sandbox = Source::File.sandbox(cluster.port());
        let state = sandbox.state();
        let (start, _) = state.split_once("password = ").unwrap();
        sandbox.write_state(&format!("{start}{key}\n").replace(":{{password}}", ""));
        assert_eq!(
            refusal(&cluster, &sandbox),
            format!("error: the password of connection \"{CONNECTION}\" {problem}\nhint: {hint}\n")
        );
    }
}

#[test]
fn a_password_in_the_url() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    let state = sandbox.state();
    let (start, _) = state.split_once("password = ").unwrap();
    sandbox.write_state(&start.replace("{{password}}", "admin-secret"));
    assert_eq!(
        refusal(&cluster, &sandbox),
        "error: the password of connection \"my-postgres-db\" is in its url, where pgcreds does not change it\n\
         hint: Move it into a file, with {{password}} in its place, and write: password = { file = \"…\" }\n"
    );
}

#[test]
fn passwords_that_others_depend_on() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    let state = sandbox.state();
    let second = state
        .split_once("\n[")
        .unwrap()
        .1
        .replace(CONNECTION, "second");
    for (second, problem, hint) in [
        (
            second.replace("admin.password", "second.password"),
            "is that of connection \"second\" too, which has another source for it and would be locked out",
            "Let both take it from the same file: password = { file = \"…\" }",
        ),
        (
            second.replace("127.0.0.1", "127.0.0.2"),
            "has the same source as that of connection \"second\", which is another login",
            "Give each connection a source of its own.",
        ),
        (
            second.replace("vaultadmin", "other"),
            "has the same source as that of connection \"second\", which is another login",
            "Give each connection a source of its own.",
        ),
    ] {
        sandbox.write_state(&format!("{state}\n[{second}"));
        assert_eq!(
            refusal(&cluster, &sandbox),
            format!("error: the password of connection \"{CONNECTION}\" {problem}\nhint: {hint}\n")
        );
    }
}

#[test]
fn superuser_postgres_has_to_be_confirmed() {
    let cluster = cluster();
    cluster.execute("ALTER ROLE postgres PASSWORD 'admin-secret'");
    let sandbox = Source::File.sandbox(cluster.port());
    sandbox.write_state(&sandbox.state().replace("\"vaultadmin\"", "\"postgres\""));
    assert_eq!(
        refusal(&cluster, &sandbox),
        "error: the admin of connection \"my-postgres-db\" is superuser \"postgres\", whose password others may need\n\
         hint: Give pgcreds an admin of its own: CREATE ROLE pgcreds_admin LOGIN CREATEROLE. Or go on with --yes.\n"
    );
    let run = sandbox.pgcreds(ROTATE.iter().chain(&["--yes"])).run();
    assert_eq!(
        run.to_string(),
        "--- stderr ---\nrotated the password of \"postgres\" on connection \"my-postgres-db\"\n[exit 0]\n"
    );
    assert_works(&sandbox, "postgres");
    let stored = Source::File.stored(&sandbox).unwrap();
    cluster.connect_as("postgres", &stored, "mydb");
    // Another superuser needs no confirmation.
    let other = Source::File.sandbox(cluster.port());
    cluster.execute("ALTER ROLE vaultadmin SUPERUSER");
    assert_eq!(super::rotate(&other).to_string(), super::ROTATED);
}

#[test]
fn a_password_that_comes_through_a_pipe() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    let file = sandbox.home().join("admin.password").display().to_string();
    sandbox.write_state(&sandbox.state().replace(&file, "/dev/stdin"));
    let script = format!(
        "echo admin-secret | {} connection rotate {CONNECTION}",
        env!("CARGO_BIN_EXE_pgcreds")
    );
    assert_eq!(
        sandbox.program("sh", ["-c", &script]).run().to_string(),
        "--- stderr ---\nerror: \"/dev/stdin\" is not a file, and cannot be replaced\n[exit 1]\n"
    );
    assert!(can_log_in(&cluster, "admin-secret"));
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    read_only_folder(&cluster, &sandbox);
}

fn read_only_folder(cluster: &Cluster, sandbox: &Sandbox) {
    let folder = sandbox.home().join("open");
    let config = sandbox.home().join("config");
    for folder in [&folder, &config] {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, Permissions::from_mode(0o1777)).unwrap();
    }
    let file = folder.join("admin.password");
    fs::write(&file, "admin-secret\n").unwrap();
    let old = sandbox.home().join("admin.password").display().to_string();
    let state = sandbox.state().replace(&old, &file.display().to_string());
    fs::write(config.join("creds.toml"), state).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    let places = [
        "--state",
        "config/creds.toml",
        "--audit-log",
        "config/audit",
    ];
    let rotate = [&places, &ROTATE[..]].concat();
    let invocation = if rustix::process::getuid().is_root() {
        // The build folder may be out of that user's reach.
        let program = sandbox.home().join("pgcreds");
        fs::copy(env!("CARGO_BIN_EXE_pgcreds"), &program).unwrap();
        let program = program.display().to_string();
        let user = ["--reuid=65534", "--regid=65534", "--clear-groups", &program];
        sandbox.program("setpriv", [&user, &rotate[..]].concat())
    } else {
        sandbox.pgcreds(rotate)
    };
    let text = invocation.run().normalized(sandbox, Some(cluster));
    let (before, temporary) = text.split_once(".pgcreds-").unwrap();
    assert_eq!(
        before,
        "--- stderr ---\n\
         error: could not write the file \"~/open/admin.password.pending\"\n\
         caused by: Permission denied (os error 13) at path \"~/open/"
    );
    assert!(temporary.ends_with("\"\n[exit 1]\n"), "{text}");
    assert!(can_log_in(cluster, "admin-secret"));
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn keys_that_say_nothing_are_refused_at_once() {
    let cluster = cluster();
    for (keys, problem) in [
        (
            "store_command = [\"true\"]",
            "store_command goes with password = { command = […] }",
        ),
        (
            "rotation_statements = [\"ALTER ROLE x PASSWORD 'y'\"]",
            "rotation_statements: no {{password}}",
        ),
        (
            "rotation_statements = [\"SELECT '{{expiration}}'\"]",
            "rotation_statements: unknown placeholder {{expiration}}: there are {{name}}, {{username}}, {{password}}",
        ),
    ] {
        let sandbox = Source::File.sandbox(cluster.port());
        sandbox.write_state(&format!("{}{keys}\n", sandbox.state()));
        assert_eq!(
            refusal(&cluster, &sandbox),
            format!(
                "error: invalid state file \"~/.config/pgcreds/pgcreds.toml\": connection \"my-postgres-db\"\ncaused by: {problem}\n"
            )
        );
    }
    let sandbox = Source::File.sandbox(cluster.port());
    let run = sandbox.refusal(None, sandbox.pgcreds(["connection", "rotate", "other"]));
    assert_eq!(
        run,
        "--- stderr ---\nerror: connection \"other\" not found\nhint: There are \"my-postgres-db\".\n[exit 1]\n"
    );
}
