//! Passwords that are not to be had, or not taken.

use std::fs;

use super::{add, stage, stored};
use crate::harness::Sandbox;

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

#[test]
fn a_password_in_the_place_of_a_variable_is_not_kept() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let add = "connection add main --url host=h --no-verify --password-env hun!ter2";
    assert_eq!(
        sandbox.refusal(None, sandbox.pgcreds(add.split(' '))),
        "--- stderr ---\n\
         error: --password-env takes the name of an environment variable\n\
         hint: To give the password itself use --password-stdin, or leave the option out to be asked for it.\n\
         [exit 1]\n"
    );
}
