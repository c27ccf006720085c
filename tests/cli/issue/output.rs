//! The formats of the credentials: JSON is a contract.

use crate::harness::{Admin, normalize};
use crate::lease_stage::{APP_ROLE, Stage, issue_json};

#[test]
fn json_is_a_contract() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let run = stage
        .sandbox
        .pgcreds(issue_json(&["app-role", "--for", "alice", "--ttl", "90s"]))
        .run()
        .success();
    assert_eq!(
        run.normalized(&stage.sandbox, Some(&stage.cluster)),
        r#"{
  "lease_id": "pgc_app_role_alice_RANDOM",
  "role": "app-role",
  "connection": "my-postgres-db",
  "username": "pgc_app_role_alice_RANDOM",
  "password": "PASSWORD",
  "host": "127.0.0.1",
  "port": PORT,
  "dbname": "mydb",
  "url": "postgresql://pgc_app_role_alice_RANDOM:PASSWORD@127.0.0.1:PORT/mydb",
  "issued_at": "TIME",
  "expires_at": "TIME",
  "max_expires_at": "TIME"
}
--- stderr ---
issued lease "pgc_app_role_alice_RANDOM", which ends at TIME
[exit 0]
"#
    );
    let issued = run.json();
    assert_eq!(issued["lease_id"], issued["username"]);
    assert_eq!(issued["port"], stage.cluster.port());
    for key in ["issued_at", "expires_at", "max_expires_at"] {
        let time = issued[key].as_str().unwrap();
        assert!(time.ends_with('Z') && time.len() == 20, "{time}");
    }
}

#[test]
fn the_url_logs_in() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let issued = stage.issue(&["app-role"]);
    let run = stage
        .sandbox
        .program(
            "psql",
            ["-XAt", issued.text("url"), "-c", "SELECT session_user"],
        )
        .run()
        .success();
    assert_eq!(run.stdout, format!("{}\n", issued.id()));
}

#[test]
fn the_table_is_for_people() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let run = stage
        .sandbox
        .pgcreds(["issue", "app-role", "--for", "alice"])
        .run()
        .success();
    let shown = run.normalized(&stage.sandbox, Some(&stage.cluster));
    assert_eq!(
        shown,
        " lease id         pgc_app_role_alice_RANDOM
 role             app-role
 connection       my-postgres-db
 username         pgc_app_role_alice_RANDOM
 password         PASSWORD
 host             127.0.0.1
 port             PORT
 dbname           mydb
 url              postgresql://pgc_app_role_alice_RANDOM:PASSWORD@127.0.0.1:PORT/mydb
 issued at        TIME
 expires at       TIME
 max expires at   TIME
--- stderr ---
issued lease \"pgc_app_role_alice_RANDOM\", which ends at TIME
[exit 0]
"
    );
}

#[test]
fn the_format_comes_from_the_environment_too() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let run = stage
        .sandbox
        .pgcreds(["issue", "app-role"])
        .env("PGCREDS_FORMAT", "json")
        .run()
        .success();
    assert_eq!(run.json()["role"], "app-role");
}

#[test]
fn the_name_says_role_label_and_chance() {
    let roles = format!(
        "{APP_ROLE}{}",
        APP_ROLE.replace(
            "app-role",
            "\"A-very.long_ROLE-name-of-more-than-24-characters\""
        )
    );
    let stage = Stage::new(Admin::CreateRole, &roles);
    for (role, label, expected) in [
        ("app-role", "alice", "pgc_app_role_alice_RANDOM"),
        (
            "app-role",
            "CI job #12 / \"x\"; --",
            "pgc_app_role_ci_job_12_x_RANDOM",
        ),
        ("app-role", "!", "pgc_app_role_x_RANDOM"),
        (
            "A-very.long_ROLE-name-of-more-than-24-characters",
            "ticket-4711-of-somebody-who-writes-a-lot",
            "pgc_a_very_long_role_name_of_ticket_4711_of_someb_RANDOM",
        ),
    ] {
        let issued = stage.issue(&[role, "--for", label]);
        assert_eq!(normalize(issued.id()), expected);
        assert!(issued.id().len() <= 63);
        let marker: serde_json::Value = serde_json::from_str(&stage.cluster.value(&format!(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{}'",
            issued.id()
        )))
        .unwrap();
        assert_eq!(marker["label"], label);
        assert_eq!(marker["role"], role);
    }
    let users = stage.sandbox.program("id", ["-un"]).run().success();
    let expected = format!("pgc_app_role_{}_RANDOM", users.stdout.trim_end());
    assert_eq!(normalize(stage.issue(&["app-role"]).id()), expected);
}

#[test]
fn a_label_that_is_no_label_is_a_usage_error() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    for label in ["", " ", "zwei\nzeilen", "ünïcode", &"x".repeat(65)] {
        let run = stage
            .sandbox
            .pgcreds(["issue", "app-role", "--for", label])
            .run();
        let stderr = run.exits(2).stderr;
        assert!(
            stderr.contains("1 to 64 printable ASCII characters"),
            "{stderr}"
        );
    }
    assert_eq!(stage.logins(), []);
}
