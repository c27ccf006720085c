//! `pgcreds doctor`: each check is made to fail and to pass against a real server, and what it says mends it is run.

mod files;
mod isolation;
mod leases;
mod left_roles;
mod people;
mod places;
mod roles;
mod server;
mod sessions;

use serde_json::Value;

use crate::app_role::psql;
use crate::harness::{Admin, Run, Sandbox};
use crate::stage::Stage;

/// All checks of a connection with one role.
const CHECKS: [&str; 29] = [
    "state_file",
    "file",
    "password_file",
    "file",
    "reachable",
    "server_version",
    "writable",
    "clock",
    "pooler",
    "managed_service",
    "statement_log",
    "password_encryption",
    "lock_table",
    "table_acl",
    "createrole",
    "reserved_slots",
    "end_sessions",
    "allowed_roles",
    "table_grants",
    "groups",
    "recipe",
    "attributes",
    "successor",
    "connection_limit",
    "database_owner",
    "leases",
    "other_admins",
    "sweep",
    "late_sessions",
];

fn doctor(sandbox: &Sandbox) -> Run {
    sandbox.pgcreds(["doctor", "--format", "json"]).run()
}

/// The first finding of a check; its exit code must go with the worst of all findings.
#[track_caller]
fn finding(sandbox: &Sandbox, check: &str) -> Value {
    let run = doctor(sandbox);
    let findings = run.json();
    let findings = findings.as_array().unwrap();
    let has_failed = findings.iter().any(|found| found["status"] == "failure");
    assert_eq!(run.code, i32::from(has_failed), "{run}");
    let found = findings.iter().find(|found| found["check"] == check);
    found
        .unwrap_or_else(|| panic!("no {check} in {run}"))
        .clone()
}

/// Fails unless the check has this status; returns its remedy.
#[track_caller]
fn remedy(sandbox: &Sandbox, check: &str, status: &str) -> String {
    let found = finding(sandbox, check);
    assert_eq!(found["status"], status, "{found:#}");
    found["remedy"].as_str().unwrap_or_default().to_owned()
}

/// Fails unless the check is passed.
#[track_caller]
fn passes(sandbox: &Sandbox, check: &str) {
    assert_eq!(remedy(sandbox, check, "ok"), "", "{check}");
}

/// Pastes SQL into psql, as a superuser in the connection's database.
#[track_caller]
fn paste(stage: &Stage, sql: &str) {
    let (folder, port) = (stage.cluster.socket_dir(), stage.cluster.port());
    let target = format!(
        "host={} port={port} user=postgres dbname=mydb",
        folder.display()
    );
    let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &target];
    let run = stage.sandbox.program(psql(), arguments).stdin(sql).run();
    assert_eq!(run.code, 0, "{sql}\n{run}");
}

/// The check has this status, and its remedy, which is SQL, mends it.
#[track_caller]
fn sql_mends(stage: &Stage, check: &str, status: &str, expected: &str) {
    let remedy = remedy(&stage.sandbox, check, status);
    assert_eq!(remedy, expected, "{check}");
    paste(stage, &remedy);
    passes(&stage.sandbox, check);
}

/// The check has this status, and its remedy, which is a command of a shell, mends it.
#[track_caller]
fn command_mends(sandbox: &Sandbox, check: &str, status: &str) {
    let remedy = remedy(sandbox, check, status);
    let run = match remedy.strip_prefix("pgcreds ") {
        Some(arguments) => sandbox.pgcreds(arguments.split(' ')).run(),
        None => sandbox
            .program("sh", ["-c", &remedy])
            .stdin("admin-secret\n")
            .run(),
    };
    assert_eq!(run.code, 0, "{remedy}\n{run}");
    passes(sandbox, check);
}

/// Everything that a look must not change.
fn everything(stage: &Stage) -> Vec<Vec<String>> {
    stage.cluster.rows(
        "SELECT r.*::text, shobj_description(r.oid, 'pg_authid') FROM pg_roles r \
         UNION ALL SELECT m.*::text, '' FROM pg_auth_members m \
         UNION ALL SELECT d.*::text, '' FROM pg_shdepend d ORDER BY 1",
    )
}

#[test]
fn a_healthy_connection_is_all_ok_and_nothing_is_changed() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let stage = Stage::new(admin);
        let (before, files) = (everything(&stage), stage.sandbox.files());
        let run = doctor(&stage.sandbox).success();
        assert_eq!(run.stderr, "");
        let findings = run.json();
        let findings = findings.as_array().unwrap();
        for found in findings {
            assert_eq!(
                (&found["status"], &found["remedy"]),
                (&"ok".into(), &Value::Null),
                "{found:#}"
            );
        }
        let checks: Vec<&str> = findings
            .iter()
            .map(|found| found["check"].as_str().unwrap())
            .collect();
        assert_eq!(checks[..CHECKS.len()], CHECKS);
        assert_eq!(
            checks[CHECKS.len()..],
            [
                "quarantined",
                "newer_leases",
                "unknown_roles",
                "admin_groups",
                "left_roles"
            ]
        );
        assert_eq!((everything(&stage), stage.sandbox.files()), (before, files));
    }
}
