//! `username_template`, `password_length` and `password_policy`: names and passwords with any character that they may have come
//! back whole from everything that pgcreds does with them.

mod hostile;
mod refused;

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::{Admin, Cluster, Run, Sandbox};
use crate::stage::Stage;

/// Vault's default in this syntax.
const VAULT: &str =
    "v-{{ label | truncate(8) }}-{{ role | truncate(8) }}-{{ random(20) }}-{{ unix_time }}";

/// Quotes, and all that a shell, a URL or a password file could trip over.
const POLICY: &str = r#"password_policy = { length = 60, rules = [
  { charset = "abcdefghijklmnopqrstuvwxyz", min_chars = 2 },
  { charset = "0123456789", min_chars = 3 },
  { charset = "'\"\\$`:;{}@%/?#&=|<>~!*,.^+-_()[]", min_chars = 20 },
] }"#;

/// A sandbox without server, and `role add` there.
fn add(sandbox: &Sandbox, options: &[&str]) -> Run {
    sandbox.write_state("version = 1\n\n[connections.my-postgres-db]\nurl = \"host=h\"\n");
    let line = [
        "role",
        "add",
        "app",
        "--connection",
        "my-postgres-db",
        "--set-role",
        "g",
        "--no-verify",
    ];
    sandbox.pgcreds([&line[..], options].concat()).run()
}

fn run(stage: &Stage, arguments: &[&str]) -> Run {
    stage.sandbox.pgcreds(arguments).run()
}

fn issue(stage: &Stage, options: &[&str]) -> Value {
    let line = ["issue", "app-role", "--format", "json"];
    run(stage, &[&line[..], options].concat()).success().json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// A stage whose role has this template.
fn with_template(template: &str) -> Stage {
    let stage = Stage::new(Admin::CreateRole);
    stage.describe_role(&format!("username_template = '''{template}'''"));
    stage
}

#[test]
fn role_add_writes_the_keys_and_show_prints_them() {
    let sandbox = Sandbox::new();
    let options = ["--username-template", VAULT, "--password-length", "40"];
    add(&sandbox, &options).success();
    let state = sandbox.state();
    for line in [
        &format!("username_template = \"{VAULT}\""),
        "password_length = 40",
    ] {
        assert!(state.contains(line), "{state}");
    }
    let show = || {
        sandbox
            .pgcreds(["role", "show", "app", "--format", "json"])
            .run()
            .success()
            .json()
    };
    let shown = show();
    assert_eq!(shown["username_template"], VAULT);
    assert_eq!(shown["password_length"], 40);
    assert_eq!(shown["password_policy"], Value::Null);
    sandbox.write_state(&state.replace("password_length = 40", POLICY));
    let shown = show();
    assert_eq!(shown["password_length"], 60);
    assert_eq!(
        shown["password_policy"]["rules"][1]["charset"],
        "0123456789"
    );
    assert_eq!(shown["password_policy"]["rules"][1]["min_chars"], 3);
}

#[test]
fn vaults_default_makes_names_like_vaults() {
    let stage = with_template(VAULT);
    let lease = issue(&stage, &["--for", "token-alice"]);
    let id = text(&lease, "lease_id");
    let parts: Vec<&str> = id.split('-').collect();
    assert_eq!(parts[..5], ["v", "token", "al", "app", "role"], "{id}");
    assert_eq!(parts[5].len(), 20);
    let now: i64 = stage
        .cluster
        .value("SELECT extract(epoch FROM now())::bigint")
        .parse()
        .unwrap();
    assert!((now - parts[6].parse::<i64>().unwrap()).abs() < 60, "{id}");
}

#[test]
fn passwords_have_their_length_and_never_reach_the_server() {
    let stage = Stage::on(
        Cluster::start_with(&[("log_statement", "all")]),
        Admin::CreateRole,
    );
    let mut passwords = HashSet::new();
    for (keys, length) in [
        ("", 32),
        ("password_length = 24", 24),
        ("password_length = 128", 128),
        (POLICY, 60),
    ] {
        stage.describe_role(keys);
        let lease = issue(&stage, &["--verify"]);
        let password = text(&lease, "password").to_owned();
        assert_eq!(password.len(), length);
        if keys != POLICY {
            assert!(
                password.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{password}"
            );
        }
        passwords.insert(password);
    }
    assert_eq!(passwords.len(), 4);
    let log = stage.cluster.log();
    assert!(log.contains("SCRAM-SHA-256"));
    for password in passwords {
        assert!(!log.contains(&password));
    }
}
