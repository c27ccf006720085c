//! What is broken hides nothing else.

use serde_json::Value;

use super::{doctor, passes};
use crate::harness::Admin;
use crate::stage::Stage;

/// The findings of that subject, whatever else is wrong.
fn of(stage: &Stage, subject: &str) -> Vec<Value> {
    let findings = doctor(&stage.sandbox).exits(1).json();
    let all = findings.as_array().unwrap().iter();
    all.filter(|found| found["subject"] == subject)
        .cloned()
        .collect()
}

/// Its check and its status.
fn outline(found: &Value) -> (&str, &str) {
    (
        found["check"].as_str().unwrap(),
        found["status"].as_str().unwrap(),
    )
}

#[test]
fn one_connection_that_cannot_be_reached_stops_no_other() {
    let stage = Stage::new(Admin::CreateRole);
    let state = stage.sandbox.state();
    let gone = "\n[connections.gone]\nurl = \"postgresql://vaultadmin@127.0.0.1:1/mydb\"\n";
    stage.sandbox.write_state(&format!("{state}{gone}"));
    let lost = of(&stage, "connection gone");
    assert_eq!(lost.len(), 1);
    assert_eq!(outline(&lost[0]), ("reachable", "failure"));
    assert!(
        lost[0]["remedy"]
            .as_str()
            .unwrap()
            .contains("pgcreds connection check gone")
    );
    assert!(of(&stage, "connection my-postgres-db").len() > 10);
    stage
        .sandbox
        .pgcreds(["doctor", "my-postgres-db"])
        .run()
        .success();
    let unknown = stage.sandbox.pgcreds(["doctor", "gonne"]).run().exits(1);
    assert!(
        unknown.stderr.contains("Did you mean \"gone\"?"),
        "{unknown}"
    );
}

/// The first role ends the session that all are looked at with, or is refused.
#[test]
fn one_role_that_cannot_be_tried_stops_no_other() {
    let stage = Stage::new(Admin::CreateRole);
    let state = stage.sandbox.state();
    for sql in [
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT 1/0",
    ] {
        let create = r#"CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'"#;
        stage.sandbox.write_state(&format!(
            "{state}\n[roles.a-broken]\nconnection = \"my-postgres-db\"\ncreation_statements = [\"\"\"{create}; {sql}\"\"\"]\n"
        ));
        let broken = of(&stage, "role a-broken");
        let outlines: Vec<_> = broken.iter().map(outline).collect();
        let looked_at = ["allowed_roles", "table_grants", "groups"].map(|check| (check, "ok"));
        assert_eq!(outlines[..3], looked_at, "{sql}");
        assert_eq!(outlines[3..], [("recipe", "failure")], "{sql}");
        let good = of(&stage, "role app-role");
        let is_good = good.iter().all(|found| found["status"] == "ok");
        assert!(is_good && good.len() > 5, "{sql}\n{good:#?}");
        passes(&stage.sandbox, "unknown_roles");
        let connection = of(&stage, "connection my-postgres-db");
        let is_good = connection.iter().all(|found| found["status"] == "ok");
        assert!(is_good, "{sql}\n{connection:#?}");
    }
}
