//! No secret in anything that is written: every command with `--verbose`, succeeding and failing.

use std::fs;

use super::path;
use crate::harness::{Admin, Run};
use crate::lease_stage::{Credentials, MEMBER_ROLE, Stage, issue_json};

const ADMIN_PASSWORD: &str = "admin-secret";
const WRONG_PASSWORD: &str = "wrong-but-a-secret";

/// A role that repeats its password in an error.
const LEAKY_ROLE: &str = r#"
[roles.leaky]
connection = "my-postgres-db"
creation_statements = ["DO $$ BEGIN RAISE EXCEPTION 'it is {{password}}' USING DETAIL = '{{password}}'; END $$"]

[files.app-db]
role = "member"
path = "app.env"
format = "dotenv"
"#;

/// Every command that does not print credentials; ID stands for a lease.
const COMMANDS: [&str; 30] = [
    "init",
    "connection list",
    "connection show my-postgres-db",
    "connection check my-postgres-db",
    "connection show no-such-connection",
    "connection add second --url postgresql://127.0.0.1/x --username x --password-env SECRET",
    "connection remove second --force",
    "connection remove my-postgres-db",
    "role list",
    "role show member",
    "role check member",
    "role check leaky",
    "role add second --connection my-postgres-db --member-of app_rw",
    "role remove second",
    "issue leaky",
    "issue no-such-role",
    "issue member --ttl 1000h",
    "lease list",
    "lease show ID",
    "lease renew ID",
    "lease renew no-such-lease",
    "exec member -- true",
    "exec leaky -- true",
    "agent --once",
    "lease revoke ID",
    "sweep",
    "doctor",
    "connection rotate my-postgres-db",
    "completions bash",
    "audit",
];

fn run(stage: &Stage, line: &str) -> Run {
    let words = ["--verbose"].into_iter().chain(line.split(' '));
    let command = stage.sandbox.pgcreds(words);
    command
        .env("SECRET", WRONG_PASSWORD)
        .env("RUST_BACKTRACE", "full")
        .run()
}

/// Runs all of it, and returns what was printed.
fn run_all(stage: &Stage, id: &str) -> String {
    let mut printed = String::new();
    for format in ["table", "json"] {
        for line in COMMANDS {
            let line = line.replace("ID", id);
            // After a `--` it would be an argument of the command.
            let run = run(stage, &format!("--format {format} {line}"));
            assert!(run.code < 125 || line.starts_with("exec"), "{line}\n{run}");
            printed += &format!("$ {line}\n{run}");
        }
    }
    printed
}

#[test]
fn no_output_has_one() {
    let stage = Stage::new(Admin::CreateRole, &format!("{MEMBER_ROLE}{LEAKY_ROLE}"));
    let issue = || {
        stage
            .sandbox
            .pgcreds([&["--verbose"][..], &issue_json(&["member"])].concat())
            .run()
    };
    let issued = issue().success();
    let credentials = Credentials(issued.json());
    let mut written = issued.stderr + &run_all(&stage, credentials.id());
    // With a server that refuses, and without one.
    fs::write(stage.sandbox.home().join("admin.password"), WRONG_PASSWORD).unwrap();
    written += &run_all(&stage, credentials.id());
    stage.cluster.stop();
    written += &run_all(&stage, credentials.id());
    written += &fs::read_to_string(path(&stage.sandbox)).unwrap();
    written += &stage.sandbox.state();
    let kept = fs::read_to_string(stage.sandbox.state_path().with_file_name("app.env")).unwrap();
    let kept = kept
        .lines()
        .find_map(|line| line.strip_prefix("PGPASSWORD="))
        .unwrap()
        .trim_matches(['"', '\''])
        .to_owned();
    for secret in [
        credentials.text("password"),
        &kept,
        ADMIN_PASSWORD,
        WRONG_PASSWORD,
    ] {
        assert!(secret.len() > 10 && !written.contains(secret), "{secret}");
    }
    // Passwords of logins that never came to be, and verifiers.
    assert!(!written.contains("SCRAM-SHA-256$"));
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let looks_random = |word: &&str| word.len() == 32 && !word.contains('_');
    let found = written
        .split(|character| !is_part(character))
        .find(looks_random);
    assert_eq!(found, None);
}
