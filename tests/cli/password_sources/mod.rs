//! Where the admin's password may come from, and that it never comes from the command line.

mod commands;
mod prompt;
mod refused;
mod stored;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Admin, Cluster, Run, Sandbox};

/// A cluster with its admin, and a sandbox with an empty state file.
fn stage() -> (Cluster, Sandbox) {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    (cluster, sandbox)
}

/// The arguments of `connection add main`, with further ones.
fn add(cluster: &Cluster, further: &[&str]) -> Vec<String> {
    let url = format!(
        "postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/mydb",
        cluster.port()
    );
    let arguments = [
        "connection",
        "add",
        "main",
        "--username",
        "vaultadmin",
        "--url",
        &url,
    ];
    let words: Vec<&str> = [&arguments, further].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// The connection's password in the state file, as TOML.
fn stored(sandbox: &Sandbox) -> Option<String> {
    let state = sandbox.state();
    let line = state
        .lines()
        .find_map(|line| line.strip_prefix("password = "));
    line.map(str::to_owned)
}

/// Whether the stored connection works by itself.
fn check(sandbox: &Sandbox) -> Run {
    sandbox.pgcreds(["connection", "check", "main"]).run()
}

#[test]
fn a_password_comes_from_the_environment_each_time() {
    let (cluster, sandbox) = stage();
    let command = sandbox.pgcreds(add(&cluster, &["--password-env", "ADMIN_PASSWORD"]));
    command
        .env("ADMIN_PASSWORD", "admin-secret")
        .run()
        .success();
    assert_eq!(
        stored(&sandbox).as_deref(),
        Some("{ env = \"ADMIN_PASSWORD\" }")
    );
    let command = sandbox.pgcreds(["connection", "check", "main"]);
    command
        .env("ADMIN_PASSWORD", "admin-secret")
        .run()
        .success();
    let command = sandbox.pgcreds(["connection", "check", "main"]);
    assert_eq!(command.env("ADMIN_PASSWORD", "wrong").run().code, 3);
    let unset = sandbox.pgcreds(["connection", "check", "main"]);
    assert_eq!(
        sandbox.refusal(Some(&cluster), unset),
        r#"--- stderr ---
error: could not get the password of connection "main"
caused by: environment variable "ADMIN_PASSWORD", which holds the admin's password, is not set
hint: Set it, for example: export ADMIN_PASSWORD=…
[exit 1]
"#
    );
}

#[test]
fn a_password_comes_from_a_file_each_time() {
    let (cluster, sandbox) = stage();
    fs::write(sandbox.home().join("secret"), "admin-secret\nmore\n").unwrap();
    sandbox
        .pgcreds(add(&cluster, &["--password-file", "secret"]))
        .run()
        .success();
    let path = sandbox.home().join("secret").display().to_string();
    assert_eq!(stored(&sandbox), Some(format!("{{ file = \"{path}\" }}")));
    check(&sandbox).success();
    for (content, problem) in [
        (
            Some("\nadmin-secret"),
            "password file \"~/secret\" has an empty first line\n",
        ),
        (
            None,
            "could not read the password file \"~/secret\"\ncaused by: No such file or directory (os error 2)\n",
        ),
    ] {
        fs::remove_file(&path).unwrap();
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let command = sandbox.pgcreds(["connection", "check", "main"]);
        assert_eq!(
            sandbox.refusal(Some(&cluster), command),
            format!(
                "--- stderr ---\nerror: could not get the password of connection \"main\"\ncaused by: {problem}[exit 1]\n"
            )
        );
    }
}

#[test]
fn a_password_comes_from_a_command_each_time() {
    let (cluster, sandbox) = stage();
    let command = r#"sh -c 'echo "$0-secret"; echo more' admin"#;
    sandbox
        .pgcreds(add(&cluster, &["--password-command", command]))
        .run()
        .success();
    let toml = r#"{ command = ["sh", "-c", 'echo "$0-secret"; echo more', "admin"] }"#;
    assert_eq!(stored(&sandbox).as_deref(), Some(toml));
    check(&sandbox).success();
    sandbox
        .pgcreds(["connection", "remove", "main"])
        .run()
        .success();

    let context =
        "error: could not get the password of connection \"main\"\ncaused by: password command";
    for (command, problem) in [
        (
            "'",
            "error: --password-command is no command: a quote is not closed, or it is empty\n"
                .to_owned(),
        ),
        (
            " ",
            "error: --password-command is no command: a quote is not closed, or it is empty\n"
                .to_owned(),
        ),
        (
            "no-such-program x",
            format!(
                "{context} \"no-such-program\" could not be started\ncaused by: No such file or directory (os error 2)\n"
            ),
        ),
        ("true", format!("{context} \"true\" printed nothing\n")),
        (
            "sh -c 'echo hunter2; echo its reason >&2; exit 3'",
            format!("its reason\n{context} \"sh\" failed (exit status: 3)\n"),
        ),
    ] {
        let command = sandbox.pgcreds(add(&cluster, &["--password-command", command]));
        assert_eq!(
            sandbox.refusal(Some(&cluster), command),
            format!("--- stderr ---\n{problem}[exit 1]\n")
        );
    }
}

#[test]
fn the_rules_of_libpq_hold_where_nothing_else_is_said() {
    let (cluster, sandbox) = stage();
    let arguments = add(&cluster, &[]);
    sandbox
        .pgcreds(&arguments)
        .env("PGPASSWORD", "admin-secret")
        .run()
        .success();
    assert_eq!(stored(&sandbox), None);
    assert_eq!(check(&sandbox).code, 1);

    let line = format!(
        "127.0.0.1:{}:mydb:vaultadmin:admin-secret\n",
        cluster.port()
    );
    let file = sandbox.home().join(".pgpass");
    fs::write(&file, format!("# ours\nother:*:*:*:x\n{line}")).unwrap();
    assert_eq!(
        check(&sandbox).code,
        1,
        "a file that others can read counts as none"
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    check(&sandbox).success();
    let command = sandbox.pgcreds(["connection", "check", "main"]);
    assert_eq!(
        command.env("PGPASSWORD", "wrong").run().code,
        3,
        "PGPASSWORD goes first"
    );
    let moved = sandbox.home().join("elsewhere");
    fs::rename(file, &moved).unwrap();
    assert_eq!(check(&sandbox).code, 1);
    let command = sandbox.pgcreds(["connection", "check", "main"]);
    command.env("PGPASSFILE", moved).run().success();
}
