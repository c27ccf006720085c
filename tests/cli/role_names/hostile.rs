//! Names and passwords that are hard to write down.

use serde_json::Value;

use super::{POLICY, issue, run, text, with_template};
use crate::app_role::psql;
use crate::harness::{Admin, Run};
use crate::stage::{LATER, PAST, Stage, identifier, literal};

/// Every character that a name may have beside letters, digits and `_`, in a template.
const HOSTILE: [&str; 4] = [
    "A b;c--d%e:f@g{h}#&=?/+~! <>()*^|,. `{{ random(12) }}",
    "{{ '{{name}}' }} {{ '{{password}}' }} {{ random(16) | uppercase }}",
    "100%s/*~{{ label | truncate(9) }}~{{ random(12) }}~*/ %41",
    "DROP ROLE x;--`id`{{ random(12) }}#!@",
];

#[test]
fn hostile_names_go_through_everything() {
    for template in HOSTILE {
        let stage = with_template(template);
        run(&stage, &["role", "check", "app-role"]).success();
        let lease = issue(&stage, &["--verify", "--for", "x"]);
        let id = text(&lease, "lease_id");
        assert_eq!(text(&lease, "username"), id);
        assert_eq!(
            stage.cluster.value(&format!(
                "SELECT count(*) FROM pg_roles WHERE rolname = {}",
                literal(id)
            )),
            "1"
        );
        let listed = run(&stage, &["lease", "list", "--format", "json"])
            .success()
            .json();
        assert_eq!(text(&listed[0], "lease_id"), id);
        assert_eq!(listed.as_array().unwrap().len(), 1);
        let shown = run(&stage, &["lease", "show", id, "--format", "json"])
            .success()
            .json();
        assert_eq!(text(&shown, "lease_id"), id);
        run(&stage, &["lease", "renew", id, "--ttl", "2h"]).success();
        logs_in(&stage, &lease);
        run(&stage, &["lease", "revoke", id]).success();
        assert_eq!(
            stage
                .cluster
                .value("SELECT count(*) FROM pg_roles WHERE rolcanlogin"),
            "2"
        );

        let ended = issue(&stage, &[]);
        let name = identifier(text(&ended, "lease_id"));
        stage
            .cluster
            .execute(&format!("ALTER ROLE {name} VALID UNTIL '{PAST}'"));
        assert_eq!(stage.sweep_report(0)["revoked"][0], ended["lease_id"]);
        assert_eq!(
            stage
                .cluster
                .value("SELECT count(*) FROM pg_roles WHERE rolcanlogin"),
            "2"
        );
    }
}

/// psql logs in with the url.
#[track_caller]
fn logs_in(stage: &Stage, lease: &Value) {
    let options = ["-X", "-A", "-t", "-c", "SELECT session_user", "-d"];
    let arguments = [&options[..], &[text(lease, "url")]].concat();
    let asked = stage.sandbox.program(psql(), arguments).run().success();
    let user = asked.stdout.trim_end_matches('\n');
    assert_eq!(user, text(lease, "lease_id"));
}

/// The server's name of the login must be the one in the environment.
#[track_caller]
fn agrees(run: Run) {
    let run = run.success();
    let (asked, user) = run.stdout.split_once('\n').unwrap();
    assert_eq!(asked, user);
}

#[test]
fn hostile_names_and_passwords_in_every_format() {
    let stage = Stage::new(Admin::CreateRole);
    let ask = format!("{} -X -A -t -c 'SELECT session_user'", psql());
    let ask_both = format!("{ask}; printf %s \"$PGUSER\"");
    let shell = |script: &str| stage.sandbox.program("sh", ["-c", script]);
    for template in HOSTILE {
        stage.describe_role(&format!("username_template = '''{template}'''\n{POLICY}"));
        let exec = |options: &[&str]| {
            let command = ["--", "sh", "-c", &ask_both];
            run(&stage, &[&["exec", "app-role"], options, &command].concat())
        };
        agrees(exec(&[]));
        agrees(exec(&["--pgpass"]));
        let issue_file = |format: &str| {
            let line = ["issue", "app-role", "--format", format, "--out", format];
            run(&stage, &line).success();
        };
        issue_file("env");
        agrees(shell(&format!(". ./env; {ask_both}")).run());
        issue_file("service");
        let service = shell(&ask).env("PGSERVICEFILE", "service");
        let asked = service.env("PGSERVICE", "app-role").run().success();
        assert!(!asked.stdout.trim().is_empty());
        logs_in(&stage, &issue(&stage, &[]));
    }
    run(&stage, &["lease", "revoke", "--role", "app-role"]).success();
    let sql = "SELECT count(*) FROM pg_roles WHERE rolcanlogin";
    assert_eq!(stage.cluster.value(sql), "2");
}

#[test]
fn labels_cannot_write_sql() {
    let stage = Stage::new(Admin::CreateRole);
    let state = stage.sandbox.state();
    // Bare, as nobody should write it: only what is safe there gets into the name.
    let bare = state.replace(
        "member_of = [\"app_rw\"]",
        "username_template = \"n_{{ label | truncate(40) }}_{{ random(12) }}\"\n\
         creation_statements = [\"\"\"CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'; \
         SELECT '{{name}}', $$ {{name}} $$, E'{{name}}'\"\"\"]",
    );
    stage.sandbox.write_state(&bare);
    for label in [
        "\"; DROP ROLE dbowner; --",
        "'); DROP ROLE dbowner; --",
        "$$; DROP ROLE dbowner",
        "\\'\\\"x",
    ] {
        let lease = issue(&stage, &["--verify", "--for", label]);
        assert_eq!(
            run(
                &stage,
                &[
                    "lease",
                    "show",
                    text(&lease, "lease_id"),
                    "--format",
                    "json"
                ]
            )
            .success()
            .json()["label"],
            label
        );
    }
    assert_eq!(
        stage
            .cluster
            .value("SELECT count(*) FROM pg_roles WHERE rolname = 'dbowner'"),
        "1"
    );
}

#[test]
fn names_that_others_gave_leases_are_read_and_revoked() {
    let stage = Stage::new(Admin::CreateRole);
    let names = ["it's \"Ünï\" \\ $1 {{name}}", "x\u{1f600}y", "  edges  "];
    stage.make(names, LATER);
    for name in names {
        let shown = run(&stage, &["lease", "show", name, "--format", "json"])
            .success()
            .json();
        assert_eq!(text(&shown, "lease_id"), name);
        run(&stage, &["lease", "renew", name]).success();
        run(&stage, &["lease", "revoke", name]).success();
        assert_eq!(
            stage.cluster.value(&format!(
                "SELECT count(*) FROM pg_roles WHERE rolname = {}",
                literal(name)
            )),
            "0"
        );
    }
}
