//! `pgcreds lease list`: filters, order, and the JSON contract.

use serde_json::{Value, json};

use crate::harness::{Admin, Run};
use crate::stage::{LATER, PASSWORD, PAST, Stage, creation, identifier, literal, marker};

/// Lists as JSON, with further arguments.
fn list(stage: &Stage, arguments: &[&str]) -> Run {
    let command = ["lease", "list", "--format", "json"];
    stage.sandbox.pgcreds(command.iter().chain(arguments)).run()
}

/// The ids of the leases that are listed.
#[track_caller]
fn ids(stage: &Stage, arguments: &[&str]) -> Vec<String> {
    let leases = list(stage, arguments).success().json();
    let id = |lease: &Value| lease["lease_id"].as_str().unwrap().to_owned();
    leases.as_array().unwrap().iter().map(id).collect()
}

/// Makes a lease whose marker has other values in some fields.
fn make(stage: &Stage, name: &str, end: &str, fields: &[(&str, &str)]) {
    let mut marker = marker(name);
    for (field, value) in fields {
        marker[*field] = json!(value);
    }
    let comment = literal(&marker.to_string());
    stage.as_admin(&format!(
        "{} COMMENT ON ROLE {} IS {comment}",
        creation(name, end),
        identifier(name)
    ));
}

/// The end of a lease that ends in that many minutes.
fn in_minutes(stage: &Stage, minutes: u32) -> String {
    stage
        .cluster
        .value(&format!("SELECT now() + interval '{minutes} minutes'"))
}

#[test]
fn nothing_is_an_empty_array() {
    let stage = Stage::new(Admin::CreateRole);
    assert_eq!(list(&stage, &[]).success().to_string(), "[]\n[exit 0]\n");
    list(&stage, &["--connection", "unknown"]).exits(1);
    list(&stage, &["--state", "unknown"]).exits(2);
}

#[test]
fn the_json_is_a_contract() {
    let stage = Stage::new(Admin::CreateRole);
    make(
        &stage,
        "pgc \"Ü\"",
        "2200-01-01 01:00:00+02",
        &[("label", "he said \"\\\"")],
    );
    stage.give_password("pgc \"Ü\"");
    let sessions = [(); 2].map(|()| stage.cluster.connect_as("pgc \"Ü\"", PASSWORD, "postgres"));
    let expected = json!([{
        "lease_id": "pgc \"Ü\"", "role": "app-role", "connection": "my-postgres-db", "state": "active",
        "issued_at": "2001-01-01T00:00:00Z", "expires_at": "2199-12-31T23:00:00Z", "max_expires_at": "2300-01-01T00:00:00Z",
        "issued_by": "tester@host", "label": "he said \"\\\"", "sessions": 2,
    }]);
    let listed = list(&stage, &[]).success().json();
    assert_eq!(listed, expected);
    let fields = |value: &Value| {
        value[0]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(&listed), fields(&expected));
    drop(sessions);
}

#[test]
fn the_table_says_what_a_lease_is_for() {
    let stage = Stage::new(Admin::CreateRole);
    make(&stage, "pgc_a", LATER, &[("label", "ticket-4711")]);
    let table = " lease id   role       connection       state    expires at             issued by     label         sessions
─────────────────────────────────────────────────────────────────────────────────────────────────────────────
 pgc_a      app-role   my-postgres-db   active   2200-01-01T00:00:00Z   tester@host   ticket-4711   0
[exit 0]
";
    let listed = stage.sandbox.pgcreds(["lease", "list"]).run();
    assert_eq!(listed.to_string(), table);
}

/// Leases that differ in what is filtered by.
fn stage_of_five() -> Stage {
    let stage = Stage::new(Admin::CreateRole);
    make(&stage, "pgc_a", &in_minutes(&stage, 5), &[]);
    make(
        &stage,
        "pgc_b",
        &in_minutes(&stage, 90),
        &[("role", "app"), ("label", "test")],
    );
    make(
        &stage,
        "pgc_c",
        PAST,
        &[("connection", "my-postgres"), ("label", "my tests")],
    );
    make(
        &stage,
        "pgc_d",
        LATER,
        &[
            ("role", "role"),
            ("label", "x\",\"role\":\"app\",\"connection\":\"y"),
        ],
    );
    make(&stage, "pgc_e", "2001-01-02 00:00:00+00", &[]);
    stage.as_admin("ALTER ROLE pgc_e NOLOGIN");
    stage
}

#[test]
fn filters_are_told_apart_and_combined() {
    let stage = stage_of_five();
    for (arguments, expected) in [
        (
            &[] as &[&str],
            &["pgc_c", "pgc_e", "pgc_a", "pgc_b", "pgc_d"] as &[&str],
        ),
        (&["--role", "app-role"], &["pgc_c", "pgc_e", "pgc_a"]),
        (&["--role", "app"], &["pgc_b"]),
        (&["--role", "role"], &["pgc_d"]),
        (&["--role", "none"], &[]),
        (&["--state", "active"], &["pgc_a", "pgc_b", "pgc_d"]),
        (&["--state", "expired"], &["pgc_c"]),
        (&["--state", "quarantined"], &["pgc_e"]),
        (&["--label", "tests"], &["pgc_e", "pgc_a"]),
        (&["--label", "test"], &["pgc_b"]),
        (
            &["--label", "x\",\"role\":\"app\",\"connection\":\"y"],
            &["pgc_d"],
        ),
        (&["--expires-within", "10m"], &["pgc_c", "pgc_e", "pgc_a"]),
        (
            &["--expires-within", "2h", "--state", "active"],
            &["pgc_a", "pgc_b"],
        ),
        (
            &[
                "--role", "app-role", "--state", "expired", "--label", "my tests",
            ],
            &["pgc_c"],
        ),
        (
            &["--connection", "my-postgres-db", "--role", "app"],
            &["pgc_b"],
        ),
    ] {
        assert_eq!(ids(&stage, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn connections_to_one_server_list_each_lease_once() {
    let stage = Stage::new(Admin::CreateRole);
    let names = stage.make_many(5, LATER);
    let state = stage.sandbox.state();
    let part = state.split("\n\n").nth(1).unwrap();
    let same = part.replace("my-postgres-db", "same-server");
    let away = part
        .replace("my-postgres-db", "away")
        .replace(&format!(":{}/", stage.cluster.port()), ":1/");
    stage
        .sandbox
        .write_state(&format!("{state}\n{same}\n\n{away}\n"));
    let run = list(&stage, &[]).exits(4);
    assert_eq!(run.json().as_array().unwrap().len(), 5);
    assert!(
        run.stderr
            .starts_with("error: could not connect to \"away\""),
        "{run}"
    );
    let both = [
        "--connection",
        "my-postgres-db",
        "--connection",
        "same-server",
    ];
    assert_eq!(ids(&stage, &both), names);
    assert_eq!(ids(&stage, &both[2..]), names);
    let run = list(&stage, &["--connection", "away"]).exits(3);
    assert_eq!(run.stdout, "[]\n");
}

#[test]
fn a_lease_without_an_end_shows_its_last_one() {
    let stage = Stage::new(Admin::CreateRole);
    make(
        &stage,
        "pgc_1",
        "infinity",
        &[("max_expires_at", "2002-02-02T02:02:02Z")],
    );
    make(
        &stage,
        "pgc_2",
        "infinity",
        &[("max_expires_at", "2202-02-02T02:02:02Z")],
    );
    let leases = list(&stage, &[]).success().json();
    let found =
        [&leases[0], &leases[1]].map(|lease| (lease["state"].clone(), lease["expires_at"].clone()));
    assert_eq!(found[0], (json!("expired"), json!("2002-02-02T02:02:02Z")));
    assert_eq!(found[1], (json!("active"), json!("2202-02-02T02:02:02Z")));
    stage.sweep([] as [&str; 0]).success();
    assert_eq!(stage.logins(), ["pgc_2"]);
}
