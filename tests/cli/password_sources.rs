//! Where the admin's password may come from, and that it never comes from the command line.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use expectrl::session::OsSession;
use expectrl::{Eof, Expect};

use crate::harness::{Admin, Cluster, Run, Sandbox, eventually};

/// Prompt of `connection add main`.
const PROMPT: &str = "Password of vaultadmin for connection main: ";

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

/// Runs a shell script at a terminal of its own, which ends by saying `code=N` and `echo` or `-echo`.
fn at_terminal(sandbox: &Sandbox, arguments: &[String]) -> OsSession {
    // The shell survives the Ctrl-C, to tell how its child ended and how it left the terminal.
    let script = "stty echo; trap : INT; \"$@\"; echo code=$?; stty -a | grep -ow -- '-\\?echo'";
    let words = ["-c", script, "sh", env!("CARGO_BIN_EXE_pgcreds")];
    let words = words
        .into_iter()
        .chain(arguments.iter().map(String::as_str));
    let mut command = sandbox.program("sh", words).command();
    command.stdin(Stdio::inherit());
    let mut session = OsSession::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(20)));
    session
}

/// Types at the prompt, once it is there and the terminal shows no more of what is typed.
fn answer(session: &mut OsSession, text: &str) {
    session.expect(PROMPT).unwrap();
    eventually(Duration::from_secs(20), || {
        !session.get_process().get_echo().unwrap()
    });
    session.send(text).unwrap();
}

/// Everything that the terminal shows until the script ends.
fn rest(session: &mut OsSession) -> String {
    let captures = session.expect(Eof).unwrap();
    String::from_utf8_lossy(captures.as_bytes()).replace('\r', "")
}

#[test]
fn a_person_is_asked_and_the_answer_is_not_shown() {
    let (cluster, sandbox) = stage();
    let mut terminal = at_terminal(&sandbox, &add(&cluster, &[]));
    answer(&mut terminal, "admin-secret\n");
    let shown = rest(&mut terminal).replace(&sandbox.home().display().to_string(), "~");
    assert_eq!(
        shown.trim_start(),
        "stored the password in \"~/.config/pgcreds/main.password\"\nadded connection \"main\"\ncode=0\necho\n"
    );
    assert_eq!(
        stored(&sandbox).as_deref(),
        Some("{ file = \"main.password\" }")
    );
    let files = sandbox.files();
    assert_eq!(
        files["main.password"],
        (0o100_600, b"admin-secret\n".to_vec())
    );
    check(&sandbox).success();
    sandbox
        .pgcreds(["connection", "remove", "main", "--delete-password"])
        .run()
        .success();
    assert_eq!(sandbox.files().len(), 1);
}

#[test]
fn a_wrong_answer_is_refused_and_not_stored() {
    let (cluster, sandbox) = stage();
    let before = sandbox.files();
    let mut terminal = at_terminal(&sandbox, &add(&cluster, &[]));
    answer(&mut terminal, "wrong-secret\n");
    let shown = rest(&mut terminal);
    assert!(shown.contains("password authentication failed"), "{shown}");
    assert!(shown.ends_with("code=3\necho\n"), "{shown}");
    assert!(!shown.contains("wrong-secret"), "{shown}");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn ctrl_c_at_the_prompt_leaves_the_echo_on_and_nothing_behind() {
    let (cluster, sandbox) = stage();
    let before = sandbox.files();
    let mut terminal = at_terminal(&sandbox, &add(&cluster, &[]));
    answer(&mut terminal, "half-a-secr\u{3}");
    let shown = rest(&mut terminal);
    assert_eq!(shown.trim_start(), "error: interrupted\ncode=130\necho\n");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn a_connection_without_a_password_asks_whoever_uses_it() {
    let (cluster, sandbox) = stage();
    let added = sandbox
        .pgcreds(add(&cluster, &["--no-verify"]))
        .run()
        .success();
    assert_eq!(stored(&sandbox), None, "{added}");
    let arguments = ["connection", "check", "main"].map(str::to_owned);
    let mut terminal = at_terminal(&sandbox, &arguments);
    answer(&mut terminal, "admin-secret\n");
    let shown = rest(&mut terminal);
    assert!(shown.contains(" username         vaultadmin\n"), "{shown}");
    assert!(shown.ends_with("code=0\necho\n"), "{shown}");
}

#[test]
fn without_a_terminal_the_flags_are_named() {
    let (cluster, sandbox) = stage();
    let expected = r#"--- stderr ---
error: connection "main" needs a password, and there is no terminal to ask at
hint: Give it with --password-stdin, --password-env, --password-file, --password-command or --password-credential of: pgcreds connection add. PGPASSWORD and ~/.pgpass work too.
[exit 1]
"#;
    let command = sandbox.pgcreds(add(&cluster, &[]));
    assert_eq!(sandbox.refusal(Some(&cluster), command), expected);
    sandbox
        .pgcreds(add(&cluster, &["--no-verify"]))
        .run()
        .success();
    let command = sandbox.pgcreds(["connection", "check", "main"]);
    assert_eq!(sandbox.refusal(Some(&cluster), command), expected);
}

#[test]
fn a_piped_password_is_stored_in_a_file_of_its_own() {
    let (cluster, sandbox) = stage();
    for line in ["admin-secret", "admin-secret\n", "admin-secret\r\nmore\n"] {
        let command = sandbox
            .pgcreds(add(&cluster, &["--password-stdin"]))
            .stdin(line);
        assert_eq!(
            command.run().normalized(&sandbox, None),
            "--- stderr ---\nstored the password in \"~/.config/pgcreds/main.password\"\nadded connection \"main\"\n[exit 0]\n"
        );
        assert_eq!(
            stored(&sandbox).as_deref(),
            Some("{ file = \"main.password\" }")
        );
        assert_eq!(
            sandbox.files()["main.password"],
            (0o100_600, b"admin-secret\n".to_vec())
        );
        check(&sandbox).success();
        sandbox
            .pgcreds(["connection", "remove", "main", "--delete-password"])
            .run()
            .success();
        assert_eq!(sandbox.files().len(), 1, "the password file stayed");
    }
    let wrong = sandbox
        .pgcreds(add(&cluster, &["--password-stdin"]))
        .stdin("wrong-secret\n");
    let refusal = sandbox.refusal(Some(&cluster), wrong);
    assert!(
        refusal.contains("password authentication failed") && !refusal.contains("wrong-secret"),
        "{refusal}"
    );
    assert!(
        refusal.contains(", with the password from stdin\n"),
        "{refusal}"
    );
    let empty = sandbox
        .pgcreds(add(&cluster, &["--password-stdin"]))
        .stdin("\nadmin-secret\n");
    assert_eq!(
        sandbox.refusal(Some(&cluster), empty),
        "--- stderr ---\nerror: stdin has no password in its first line\n[exit 1]\n"
    );
}

#[test]
fn a_stored_password_outlives_its_connection_unless_it_is_to_be_deleted() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let add = "connection add main --url host=h --no-verify --password-stdin";
    let run = |line: &str| {
        let command = sandbox.pgcreds(line.split(' ')).stdin("hunter2\n");
        command.run()
    };
    let path = sandbox.state_path().with_file_name("main.password");
    let stored = || fs::read_to_string(&path).ok();
    run(add).success();
    let removed = run("connection remove main --force").success();
    assert_eq!(
        removed.normalized(&sandbox, None),
        "--- stderr ---\n\
         warning: the server was not asked for leases of connection \"main\": nothing will sweep those that are left\n\
         the password stays in \"~/.config/pgcreds/main.password\"\n\
         removed connection \"main\"\n\
         [exit 0]\n"
    );
    assert_eq!(stored().as_deref(), Some("hunter2\n"));
    // Nor is it overwritten.
    let refusal = sandbox.refusal(None, sandbox.pgcreds(add.split(' ')).stdin("other\n"));
    assert_eq!(
        refusal,
        "--- stderr ---\n\
         error: \"~/.config/pgcreds/main.password\" is there already, and may hold the only copy of a password\n\
         hint: Use it with --password-file ~/.config/pgcreds/main.password, or move it away.\n\
         [exit 1]\n"
    );
    assert_eq!(stored().as_deref(), Some("hunter2\n"));
    // As the hint says: it is the connection's own again.
    let path_text = path.display().to_string();
    let kept = "connection add main --url host=h --no-verify --password-file";
    sandbox
        .pgcreds(kept.split(' ').chain([path_text.as_str()]))
        .run()
        .success();
    let removed = run("connection remove main --force").success();
    assert!(
        removed
            .stderr
            .contains(&format!("the password stays in \"{path_text}\"\n")),
        "{removed}"
    );
    sandbox
        .pgcreds(kept.split(' ').chain([path_text.as_str()]))
        .run()
        .success();
    run("connection remove main --force --delete-password").success();
    assert_eq!(stored(), None);
    // It may be gone already.
    run(add).success();
    fs::remove_file(&path).unwrap();
    run("connection remove main --force --delete-password").success();
}

#[test]
fn a_password_file_of_the_administrators_own_is_not_deleted() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let kept = "connection add main --url host=h --no-verify --password-file";
    let run = |line: &str| sandbox.pgcreds(line.split(' ')).run();
    let own = sandbox.home().join("own");
    fs::write(&own, "hunter2\n").unwrap();
    sandbox
        .pgcreds(kept.split(' ').chain(["own"]))
        .run()
        .success();
    let removed = run("connection remove main --force --delete-password").success();
    assert!(
        removed.stderr.contains("the password stays in "),
        "{removed}"
    );
    assert!(own.exists());
}

#[test]
fn a_stored_password_that_another_connection_uses_is_not_deleted() {
    let sandbox = Sandbox::new();
    sandbox.write_state(
        "version = 1\n[connections.other]\nurl = \"host=h\"\npassword = { file = \"main.password\" }\n",
    );
    let run = |line: &str| sandbox.pgcreds(line.split(' ')).stdin("hunter2\n").run();
    run("connection add main --url host=h --no-verify --password-stdin").success();
    let removed = run("connection remove main --force --delete-password").success();
    assert!(
        removed.stderr.contains("connection \"other\" uses it"),
        "{removed}"
    );
    assert!(sandbox.files().contains_key("main.password"));
}

#[test]
fn a_password_in_the_state_file_is_removed_only_on_demand() {
    let sandbox = Sandbox::new();
    for source in [
        "url = \"host=h\"\npassword = \"hunter2\"",
        "url = \"host=h password=hunter2\"",
    ] {
        sandbox.write_state(&format!("version = 1\n[connections.main]\n{source}\n"));
        let remove = ["connection", "remove", "main", "--force"];
        assert_eq!(
            sandbox.refusal(None, sandbox.pgcreds(remove)),
            "--- stderr ---\n\
             error: the password of connection \"main\" stands in the state file, and may be nowhere else\n\
             hint: To delete it, too: pgcreds connection remove main --delete-password\n\
             [exit 1]\n"
        );
        let remove = remove.iter().chain(&["--delete-password"]);
        sandbox.pgcreds(remove).run().success();
        assert_eq!(sandbox.state(), "version = 1\n");
    }
}

#[test]
fn a_password_is_not_stored_when_the_connection_is_not() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let lock = File::create(sandbox.state_path().with_extension("toml.lock")).unwrap();
    lock.lock().unwrap();
    let add = "connection add main --url host=h --no-verify --password-stdin";
    let command = sandbox.pgcreds(add.split(' ')).stdin("hunter2\n");
    let refusal = sandbox.refusal(None, command);
    assert!(refusal.contains("is locked by"), "{refusal}");
}

#[test]
fn a_password_goes_into_the_state_file_only_on_demand() {
    let (cluster, sandbox) = stage();
    let arguments = add(
        &cluster,
        &["--password-stdin", "--store-password", "--quiet"],
    );
    sandbox
        .pgcreds(&arguments)
        .stdin("admin-secret\n")
        .run()
        .success();
    assert_eq!(stored(&sandbox).as_deref(), Some("\"admin-secret\""));
    check(&sandbox).success();
    for command in ["list", "show main"] {
        let line = format!("connection {command}");
        let shown = sandbox.pgcreds(line.split(' ')).run().success();
        assert!(shown.stdout.contains("in the state file"), "{shown}");
        assert!(!shown.to_string().contains("admin-secret"), "{shown}");
    }

    sandbox.write_state("version = 1\n");
    fs::set_permissions(sandbox.state_path(), fs::Permissions::from_mode(0o640)).unwrap();
    let command = sandbox.pgcreds(&arguments).stdin("admin-secret\n");
    assert_eq!(
        sandbox.refusal(Some(&cluster), command),
        r#"--- stderr ---
error: state file "~/.config/pgcreds/pgcreds.toml" holds the password of connection "main", and others can read it (mode 0640)
hint: Run: chmod 600 ~/.config/pgcreds/pgcreds.toml
[exit 1]
"#
    );
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
fn a_source_need_not_be_there_when_nothing_is_verified() {
    let (cluster, sandbox) = stage();
    for source in [
        ["--password-env", "ONLY_IN_CRON"],
        ["--password-file", "/run/not/mounted/yet"],
        ["--password-command", "touch ran"],
    ] {
        let arguments = add(&cluster, &[&source[..], &["--no-verify"]].concat());
        sandbox.pgcreds(arguments).run().success();
        assert!(stored(&sandbox).is_some());
        assert!(!sandbox.home().join("ran").exists());
        let remove = ["connection", "remove", "main", "--force"];
        sandbox.pgcreds(remove).run().success();
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

/// What works here because of the surroundings does not work in cron.
#[test]
fn a_password_that_nobody_gave_is_said_to_be_from_elsewhere() {
    let (cluster, sandbox) = stage();
    let arguments = add(&cluster, &[]);
    let remove = ["connection", "remove", "main", "--force"];
    let said = |origin: &str| {
        format!(
            "--- stderr ---\nthe password is not stored: it is taken from {origin} each time\nadded connection \"main\"\n[exit 0]\n"
        )
    };
    let run = sandbox
        .pgcreds(&arguments)
        .env("PGPASSWORD", "admin-secret")
        .run();
    assert_eq!(run.to_string(), said("environment variable PGPASSWORD"));
    sandbox.pgcreds(remove).run().success();

    let file = sandbox.home().join(".pgpass");
    crate::harness::write_private(&file, "*:*:*:vaultadmin:admin-secret\n");
    let run = sandbox.pgcreds(&arguments).run();
    let origin = format!("password file \"{}\"", file.display());
    assert_eq!(run.to_string(), said(&origin));
    sandbox.pgcreds(remove).run().success();

    // Nothing is known of it where nobody looked.
    let unseen = sandbox.pgcreds(add(&cluster, &["--no-verify"])).run();
    assert_eq!(
        unseen.to_string(),
        "--- stderr ---\nadded connection \"main\"; next: pgcreds connection check main\n[exit 0]\n"
    );
}

#[test]
fn a_password_among_the_arguments_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    for url in [
        "postgresql://admin:hunter2@h/d",
        "postgres://admin:hunter2@h/d",
        "postgresql://{{username}}:hunter2@h/d",
        "postgresql://admin@h/d?password=hunter2",
        "host=h password=hunter2",
        "host=h password='hunter2'",
    ] {
        let command = sandbox.pgcreds(["connection", "add", "main", "--no-verify", "--url", url]);
        assert_eq!(
            sandbox.refusal(None, command),
            r#"--- stderr ---
error: the url holds a password, and other users can read the arguments of a process
hint: Write {{password}} in its place, or leave it out, and use --password-stdin, --password-env, --password-file, --password-command or --password-credential.
[exit 1]
"#,
            "{url}"
        );
    }
}

/// Exit code 3 would send people to the server.
#[test]
fn a_source_that_fails_is_a_wrong_request_and_stops_no_other_connection() {
    let (cluster, sandbox) = stage();
    let arguments = add(
        &cluster,
        &["--password-env", "ADMIN_PASSWORD", "--no-verify"],
    );
    sandbox.pgcreds(&arguments).run().success();
    let connection = sandbox.state();
    for source in [
        "{ env = \"UNSET\" }",
        "{ file = \"not-there\" }",
        "{ command = [\"false\"] }",
        "{ credential = \"not-there\" }",
    ] {
        let failing = connection.replace("{ env = \"ADMIN_PASSWORD\" }", source);
        assert_ne!(failing, connection);
        sandbox.write_state(&failing);
        for line in [
            "sweep",
            "sweep --dry-run",
            "lease list",
            "lease revoke --all",
            "lease revoke pgc_a_b_000000000000",
            "lease show pgc_a_b_000000000000",
            "connection check main",
            "connection remove main",
        ] {
            let run = sandbox.pgcreds(line.split(' ')).run().exits(1);
            assert!(
                run.stderr
                    .contains("could not get the password of connection \"main\""),
                "{line}: {run}"
            );
        }
        let working = connection
            .replace("version = 1", "")
            .replace(".main]", ".works]");
        sandbox.write_state(&format!("{failing}{working}"));
        for line in [
            "sweep",
            "sweep --dry-run",
            "lease list",
            "lease revoke --all",
        ] {
            let command = sandbox.pgcreds(line.split(' '));
            let run = command.env("ADMIN_PASSWORD", "admin-secret").run().exits(4);
            assert!(
                run.stderr
                    .contains("could not get the password of connection \"main\""),
                "{line}: {run}"
            );
        }
    }
}

#[test]
fn a_password_that_the_server_refuses_is_named_by_its_source() {
    let (cluster, sandbox) = stage();
    sandbox
        .pgcreds(add(&cluster, &["--no-verify"]))
        .run()
        .success();
    let state = sandbox.state();
    fs::write(sandbox.home().join("secret"), "wrong-secret\n").unwrap();
    let file = sandbox.home().join("secret").display().to_string();
    let refused = |source: &str, variable: &str| {
        sandbox.write_state(&format!("{state}{source}"));
        let command = sandbox.pgcreds(["connection", "check", "main"]);
        let text = sandbox.refusal(Some(&cluster), command.env(variable, "wrong-secret"));
        assert!(
            text.ends_with("[exit 3]\n") && !text.contains("wrong-secret"),
            "{text}"
        );
        text.lines()
            .nth(1)
            .unwrap()
            .split_once("as \"vaultadmin\"")
            .unwrap()
            .1
            .to_owned()
    };
    for (source, origin) in [
        (
            "password = { env = \"ADMIN_PASSWORD\" }\n",
            "environment variable \"ADMIN_PASSWORD\"",
        ),
        (
            &format!("password = {{ file = \"{file}\" }}\n"),
            "file \"~/secret\"",
        ),
        (
            "password = { command = [\"echo\", \"wrong-secret\"] }\n",
            "command \"echo\"",
        ),
        ("password = \"wrong-secret\"\n", "the state file"),
    ] {
        assert_eq!(
            refused(source, "ADMIN_PASSWORD"),
            format!(", with the password from {origin}")
        );
    }
    assert_eq!(
        refused("", "PGPASSWORD"),
        ", with the password from environment variable PGPASSWORD"
    );
    let in_url = state.replace(":{{password}}@", ":wrong-secret@");
    sandbox.write_state(&in_url);
    let text = sandbox.refusal(
        Some(&cluster),
        sandbox.pgcreds(["connection", "check", "main"]),
    );
    assert!(
        text.contains("as \"vaultadmin\", with the password from the connection's url\n"),
        "{text}"
    );
}
