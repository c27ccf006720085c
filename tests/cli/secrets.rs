//! No clear-text password anywhere but in the credentials: not in the server's log, in arguments, in messages, in the state file.

use std::fs;
use std::time::Duration;

use crate::harness::{Admin, Cluster, Direction, Fault, Proxy, Run, Sandbox};
use crate::lease_stage::{APP_ROLE, Credentials, MEMBER_ROLE, Stage, issue_json, sandbox_at};

/// Makes programs talk, and the server write everything down.
const TALKATIVE: [(&str, &str); 4] = [
    ("RUST_BACKTRACE", "full"),
    ("RUST_LIB_BACKTRACE", "1"),
    ("RUST_LOG", "trace"),
    ("DEBUG", "1"),
];
const LOG_ALL: [(&str, &str); 5] = [
    ("log_statement", "all"),
    ("log_min_messages", "debug2"),
    ("log_error_verbosity", "verbose"),
    ("log_connections", "on"),
    ("log_duration", "on"),
];

/// Not the one of other tests, whose processes may show it.
const ADMIN_PASSWORD: &str = "known-to-no-other-test";

/// Statements that fail right at the password, or repeat it in an error of their own.
const FAILING: [&str; 6] = [
    "CREATE ROLE {{name}} LOGIN PASSWORD {{password}}",
    "CREATE ROLE {{name}} LOGIN PASSWORD '{{password}}",
    "CREATE ROLE {{name}} LOGIN PASSWORD '{{password}}' VALID UNTIL 'never {{password}}'",
    "SELECT '{{password}}'::int",
    "DO $$ BEGIN RAISE EXCEPTION 'it is {{password}}' USING DETAIL = '{{password}}', HINT = '{{password}}'; END $$",
    "CREATE ROLE {{name}} LOGIN PASSWORD '{{password}}'; CREATE ROLE {{name}} PASSWORD '{{password}}'",
];

/// A server whose log begins when its admin has a password, and a sandbox that knows it.
fn stage(roles: &str) -> Stage {
    let stage = Stage::on(Cluster::start_with(&LOG_ALL), Admin::CreateRole, roles);
    stage.cluster.execute(&format!(
        "ALTER ROLE vaultadmin PASSWORD '{ADMIN_PASSWORD}'"
    ));
    stage.cluster.restart();
    write_password(&stage.sandbox);
    stage
}

/// Replaces the admin's password in the sandbox.
fn write_password(sandbox: &Sandbox) {
    fs::write(sandbox.home().join("admin.password"), ADMIN_PASSWORD).unwrap();
}

/// Runs pgcreds where everything invites it to say too much.
fn run_talkative(stage: &Stage, arguments: &[&str]) -> Run {
    let arguments = [&["--verbose"], arguments].concat();
    let command = stage.sandbox.pgcreds(arguments);
    let command = TALKATIVE
        .into_iter()
        .fold(command, |command, (name, value)| command.env(name, value));
    command.run()
}

/// Panics if a text has something that looks like an issued password. Verifiers may be there, and are random texts too.
#[track_caller]
fn assert_no_password(text: &str) {
    let is_base64 =
        |character: char| character.is_ascii_alphanumeric() || "+/=".contains(character);
    let is_verifier = |character: char| is_base64(character) || "$:".contains(character);
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let looks_random =
        |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    for (index, part) in text.split("SCRAM-SHA-256$").enumerate() {
        let rest = if index == 0 {
            part
        } else {
            part.trim_start_matches(is_verifier)
        };
        assert!(
            !rest
                .split(|character| !is_word(character))
                .any(looks_random),
            "{text}"
        );
    }
}

#[test]
fn the_server_never_sees_one() {
    let stage = stage(&format!(
        "{APP_ROLE}{MEMBER_ROLE}renew_statements = [\"SELECT 1\"]\n"
    ));
    let mut passwords = vec![ADMIN_PASSWORD.to_owned()];
    for role in ["app-role", "member"] {
        let issued = stage.issue(&[role]);
        passwords.push(issued.text("password").to_owned());
        for command in ["renew", "show", "revoke"] {
            let run = run_talkative(&stage, &["lease", command, issued.id()]).success();
            assert_no_password(&run.to_string());
        }
    }
    let log = stage.cluster.log();
    // It is the log of what happened, so what is not in it was not said.
    assert!(log.contains("PASSWORD 'SCRAM-SHA-256$4096:"), "{log}");
    for password in passwords {
        assert!(!log.contains(&password), "{password}");
        assert!(!stage.sandbox.state().contains(&password));
    }
}

#[test]
fn failing_statements_tell_none() {
    for statements in FAILING {
        let role = format!(
            "\n[roles.app-role]\nconnection = \"my-postgres-db\"\ncreation_statements = ['''{statements}''']\n"
        );
        let stage = stage(&role);
        let run = run_talkative(&stage, &["issue", "app-role"]);
        assert!([1, 3].contains(&run.code), "{run}");
        assert_eq!(run.stdout, "");
        assert_no_password(&run.stderr);
        // Nor what was sent in its place.
        assert!(!run.stderr.contains("$4096:"), "{run}");
        let log = stage.cluster.log();
        assert_no_password(&log);
        for text in [&run.stderr, &log] {
            assert!(!text.contains(ADMIN_PASSWORD), "{text}");
        }
        assert_eq!(stage.logins(), []);
    }
}

#[test]
fn arguments_and_environment_hold_none() {
    let stage = stage("");
    let proxy = Proxy::start(stage.cluster.port());
    let sandbox = sandbox_at(proxy.port(), APP_ROLE);
    write_password(&sandbox);
    // From here on the password exists, and its verifier is on its way.
    proxy.set_fault(Fault::StallAt {
        direction: Direction::ToServer,
        count: 2,
    });
    let running = sandbox.pgcreds(issue_json(&["app-role"])).spawn();
    proxy.wait_for_stall(Duration::from_secs(10));
    let seen = visible_to_others();
    assert!(seen.contains("pgcreds\0issue\0"));
    proxy.resume();
    let issued = Credentials(running.wait().success().json());
    for password in [issued.text("password"), ADMIN_PASSWORD] {
        assert!(!seen.contains(password));
    }
}

/// The arguments and the environment of all processes.
fn visible_to_others() -> String {
    let mut seen = String::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        for file in ["cmdline", "environ"] {
            // A process may have ended meanwhile, or belong to somebody else.
            let bytes = fs::read(process.path().join(file)).unwrap_or_default();
            seen.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    seen
}

#[test]
fn failing_logins_of_the_admin_tell_none() {
    let stage = stage(APP_ROLE);
    let file = stage.sandbox.home().join("admin.password");
    fs::write(&file, "wrong-but-secret\n").unwrap();
    let run = run_talkative(&stage, &["issue", "app-role"]);
    assert_eq!(
        run.normalized(&stage.sandbox, Some(&stage.cluster)),
        "--- stderr ---\n\
         error: could not connect to \"my-postgres-db\" at 127.0.0.1:PORT, database \"mydb\", as \"vaultadmin\", with the password from file \"~/admin.password\"\n\
         caused by: password authentication failed for user \"vaultadmin\" (SQLSTATE 28P01)\n\
         hint: Check the username, the password's source and pg_hba.conf.\n\
         [exit 3]\n"
    );
    stage.cluster.stop();
    let run = run_talkative(&stage, &["issue", "app-role"]).exits(3);
    assert!(!run.to_string().contains("secret"), "{run}");
    assert!(!stage.cluster.log().contains("wrong-but-secret"));
}

#[test]
fn a_password_in_the_state_file_stays_there() {
    let stage = stage(APP_ROLE);
    let state = stage.sandbox.state();
    let line = state
        .lines()
        .find(|line| line.starts_with("password = "))
        .unwrap();
    let literal = state.replace(line, &format!("password = \"{ADMIN_PASSWORD}\""));
    stage.sandbox.write_state(&literal);
    let issued = Credentials(
        stage
            .sandbox
            .pgcreds(issue_json(&["app-role"]))
            .run()
            .success()
            .json(),
    );
    for arguments in [
        &["connection", "list"][..],
        &["connection", "show", "my-postgres-db"],
        &["connection", "check", "my-postgres-db"],
        &["role", "show", "app-role"],
        &["lease", "list"],
        &["issue", "no-such-role"],
        &["connection", "show", "no-such-connection"],
    ] {
        for format in ["--format=table", "--format=json"] {
            let run = run_talkative(&stage, &[&[format], arguments].concat());
            assert!(!run.to_string().contains(ADMIN_PASSWORD), "{run}");
        }
    }
    // Broken in the very line of the password.
    stage
        .sandbox
        .write_state(&literal.replace(&format!("{ADMIN_PASSWORD}\""), ADMIN_PASSWORD));
    let run = run_talkative(&stage, &["issue", "app-role"]).exits(1);
    assert!(!run.stderr.contains(ADMIN_PASSWORD), "{run}");
    assert!(!stage.sandbox.state().contains(issued.text("password")));
}
