//! A connection string that was pasted in the wrong place is not repeated with its password.

use crate::harness::Sandbox;

const URL: &str = "postgresql://u:hunter2@h/db";

#[test]
fn a_misplaced_connection_string_is_named_without_its_password() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    assert_eq!(
        sandbox.refusal(None, sandbox.pgcreds(["role", "list", URL])),
        "\
--- stderr ---
error: unexpected argument 'postgresql://u:***@h/db' found

Usage: pgcreds role list [OPTIONS]

For more information, try '--help'.
[exit 2]
"
    );
    for line in [
        "connection add",
        "lease show",
        "lease revoke",
        "sweep --connection",
    ] {
        let words = line.split(' ').chain([URL]);
        let output = sandbox.refusal(None, sandbox.pgcreds(words));
        assert!(output.ends_with("[exit 2]\n"), "{line}: {output}");
        assert!(
            output.contains("invalid value 'postgresql://u:***@h/db'"),
            "{line}: {output}"
        );
    }
}

#[test]
fn wherever_it_stands_its_password_is_not_repeated() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    for url in [
        URL,
        "postgresql://u:hun@/hunter2@h/db",
        "postgresql://u:with hunter2@h/db",
        "postgresql://h/db?user=u&password=hunter2",
        "host=h password=hunter2 dbname=d",
        "host=h password='a hunter2'",
    ] {
        for line in [
            "",
            "connection add",
            "connection add x",
            "connection show",
            "role show",
            "role add x --connection",
            "role list --format",
            "sweep --connection",
            "sweep --session-timeout",
            "issue x --ttl",
            "issue x --for x",
            "lease show",
            "lease revoke",
            "completions",
        ] {
            let words = line.split_whitespace().chain([url]);
            let output = sandbox.refusal(None, sandbox.pgcreds(words));
            assert!(!output.contains("hunter2"), "{line}: {output}");
            assert!(
                output.starts_with("--- stderr ---\nerror: "),
                "{line}: {output}"
            );
        }
        let glued = [format!("--ttl={url}"), format!("--no-such-option={url}")];
        for option in &glued {
            let command = sandbox.pgcreds(["issue", "x", option]);
            let output = sandbox.refusal(None, command);
            assert!(!output.contains("hunter2"), "{output}");
            assert!(output.ends_with("[exit 2]\n"), "{output}");
        }
    }
}

/// What clap lets pass, because it can be anything.
#[test]
fn nor_is_it_repeated_by_errors_of_our_own() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    for line in [
        &["--state", URL, "role", "list"][..],
        &["audit", "--audit-log", URL],
        &[
            "connection",
            "add",
            "x",
            "--url",
            "host=/nowhere",
            "--password-env",
            URL,
        ],
        &[
            "connection",
            "add",
            "x",
            "--url",
            "host=/nowhere",
            "--password-file",
            URL,
        ],
        &[
            "connection",
            "add",
            "x",
            "--url",
            "host=/nowhere",
            "--username",
            URL,
        ],
    ] {
        let run = sandbox.pgcreds(line).run();
        assert!(!run.to_string().contains("hunter2"), "{line:?}: {run}");
    }
    let command = sandbox.pgcreds(["role", "list"]).env("PGCREDS_FORMAT", URL);
    let output = sandbox.refusal(None, command);
    assert!(
        output.contains("'postgresql://u:***@h/db' for PGCREDS_FORMAT"),
        "{output}"
    );
}
