//! `pgcreds lease revoke`: which leases it takes, and which roles it never touches.

use crate::harness::Admin;
use crate::stage::{LATER, PASSWORD, PAST, Stage, creation, identifier, literal, marker};

/// The marker of a lease, with one field replaced.
fn forged(name: &str, field: &str, value: impl Into<serde_json::Value>) -> String {
    let mut marker = marker(name);
    marker[field] = value.into();
    marker.to_string()
}

/// Makes a role with that comment, which a sweep would take if it were a lease.
fn make_with_comment(stage: &Stage, name: &str, comment: &str) {
    let role = identifier(name);
    stage.as_admin(&format!(
        "CREATE ROLE {role} LOGIN VALID UNTIL '{PAST}'; COMMENT ON ROLE {role} IS {}",
        literal(comment)
    ));
}

#[test]
fn revoking_twice_is_the_same_as_once() {
    const ONCE: &str = "pgc_app_role_once_abcdefghijkl";
    const NEVER: &str = "pgc_app_role_never_abcdefghijkl";
    let stage = Stage::new(Admin::CreateRole);
    stage.make([ONCE], LATER);
    assert_eq!(
        stage.revoke(ONCE).success().to_string(),
        format!("--- stderr ---\nrevoked lease \"{ONCE}\"\n[exit 0]\n")
    );
    assert_eq!(
        stage.revoke(ONCE).success().to_string(),
        format!(
            "--- stderr ---\nlease \"{ONCE}\" is not there: it has ended, or its name is mistyped\n[exit 0]\n"
        )
    );
    let arguments = ["lease", "revoke", ONCE, NEVER, "--format", "json"];
    let run = stage.sandbox.pgcreds(arguments).run().success();
    assert_eq!(run.json()["revoked"], serde_json::json!([NEVER, ONCE]));
}

/// A label, a role or a slip of the finger must not look like something that was revoked.
#[test]
fn what_is_no_id_is_not_revoked() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc_app_role_tester_abcdefghijkl"], LATER);
    for name in ["tester", "my-role", "pgc_app_role_tester_abcdefghijk"] {
        let arguments = ["lease", "revoke", "pgc_app_role_tester_abcdefghijkl", name];
        let run = stage.sandbox.pgcreds(arguments).run().exits(1);
        assert_eq!(
            run.stderr,
            format!(
                "error: lease \"{name}\" not found\nhint: Nothing was revoked. See what there is with: pgcreds lease list\n"
            )
        );
        assert_eq!(stage.logins().len(), 1);
    }
}

/// An admin that may not alter roles any more must not sweep in silence.
#[test]
fn an_admin_who_lost_its_power_says_so() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc_app_role_tester_abcdefghijkl"], PAST);
    stage.cluster.execute("ALTER ROLE vaultadmin NOCREATEROLE");
    for arguments in [&["sweep"][..], &["lease", "revoke", "--all"]] {
        let run = stage.sandbox.pgcreds(arguments).run().exits(3);
        assert!(
            run.stderr
                .contains("\"vaultadmin\" of connection \"my-postgres-db\" may not create roles"),
            "{run}"
        );
    }
    assert_eq!(stage.logins().len(), 1);
}

#[test]
fn what_is_no_lease_is_refused_by_name() {
    let stage = Stage::new(Admin::Superuser);
    stage.as_admin(
        "CREATE ROLE bystander LOGIN; CREATE ROLE commented; COMMENT ON ROLE commented IS 'hello'",
    );
    stage.as_admin(&format!(
        "{} ALTER ROLE pgc_super SUPERUSER; COMMENT ON ROLE vaultadmin IS {}",
        creation("pgc_super", PAST),
        literal(&marker("vaultadmin").to_string())
    ));
    make_with_comment(&stage, "pgc_copied", &marker("pgc_original").to_string());
    stage.make(["pgc real"], LATER);
    for name in [
        "bystander",
        "commented",
        "pgc_super",
        "vaultadmin",
        "pgc_copied",
        "postgres",
    ] {
        let run = stage
            .sandbox
            .pgcreds(["lease", "revoke", "pgc real", name])
            .run()
            .exits(1);
        let expected = format!("error: role \"{name}\" is not a lease of pgcreds\n");
        assert!(run.stderr.starts_with(&expected), "{run}");
    }
    assert_eq!(
        stage.sweep([] as [&str; 0]).success().to_string(),
        "[exit 0]\n"
    );
    let left = "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname IN \
        ('bystander', 'pgc_super', 'vaultadmin', 'pgc_copied', 'pgc real')";
    assert_eq!(stage.cluster.value(left), "5");
}

#[test]
fn forged_markers_stop_nobody_and_run_nothing() {
    let stage = Stage::new(Admin::CreateRole);
    let injection = "x'; DROP ROLE dbowner; --\"";
    for (name, comment) in [
        ("pgc_1", forged("pgc_1", "lease", injection)),
        ("pgc_2", forged("pgc_2", "role", injection)),
        ("pgc_3", forged("pgc_3", "connection", injection)),
        ("pgc_4", forged("pgc_4", "max_expires_at", injection)),
        ("pgc_5", forged("pgc_5", "max_expires_at", "2300-01-01")),
        ("pgc_6", forged("pgc_6", "max_expires_at", "infinity")),
        ("pgc_7", forged("pgc_7", "label", "x".repeat(1 << 20))),
        ("pgc_8", forged("pgc_8", "pgcreds", -1)),
        ("pgc_9", forged("pgc_9", "pgcreds", "1")),
        ("pgc_a", "{\"pgcreds\":".to_owned()),
        ("pgc_b", "{\"pgcreds\":1}".to_owned()),
        ("pgc_c", format!("{{\"pgcreds\":{}", "[".repeat(100_000))),
        ("pgc_d", "{\"pgcreds\":1,\u{e9}\u{1}\\u0000\"}".to_owned()),
    ] {
        make_with_comment(&stage, name, &comment);
    }
    // No marker of pgcreds is so long, and one that is is not even read.
    let padded = forged("pgc_h", "label", "x").replacen(':', &format!(":{}", " ".repeat(1024)), 2);
    make_with_comment(&stage, "pgc_h", &padded);
    // Nothing is wrong with these markers: whoever may write a comment may hand a role over to pgcreds.
    make_with_comment(&stage, "pgc_e", &forged("pgc_e", "issued_by", injection));
    make_with_comment(&stage, "pgc_f", &forged("pgc_f", "role", "no-such-role"));
    make_with_comment(
        &stage,
        "pgc_g",
        &forged("pgc_g", "max_expires_at", "9999-99-99T99:99:99Z"),
    );
    stage.make(["pgc_real"], PAST);
    let report = stage.sweep_report(0);
    assert_eq!(
        report["revoked"],
        serde_json::json!(["pgc_e", "pgc_f", "pgc_g", "pgc_real"])
    );
    assert_eq!(report["failed"], serde_json::json!([]));
    assert_eq!(stage.logins().len(), 14);
    assert_eq!(
        stage
            .cluster
            .value("SELECT count(*) FROM pg_roles WHERE rolname = 'dbowner'"),
        "1"
    );
    stage.sandbox.pgcreds(["lease", "list"]).run().success();
}

#[test]
fn the_marker_of_a_later_version_is_reported_and_left_alone() {
    let stage = Stage::new(Admin::CreateRole);
    make_with_comment(&stage, "pgc_newer", "{\"pgcreds\":2,\"anything\":{}}");
    stage.make(["pgc_real"], PAST);
    let run = stage.sweep([] as [&str; 0]).success();
    let warning = "warning: \"pgc_newer\" was left alone: its marker has version 2, which this pgcreds does not know\n";
    assert_eq!(run.stderr, format!("revoked lease \"pgc_real\"\n{warning}"));
    assert_eq!(stage.logins(), ["pgc_newer"]);
    stage.revoke("pgc_newer").exits(1);
}

#[test]
fn leases_are_chosen_by_role_and_connection() {
    let stage = Stage::new(Admin::CreateRole);
    let state = stage.sandbox.state();
    let other = state
        .split("\n\n")
        .find(|part| part.starts_with("[connections"))
        .unwrap()
        .replace("my-postgres-db", "same-server");
    stage.sandbox.write_state(&format!("{state}\n{other}\n"));
    let revoke = |arguments: &[&str]| {
        for (name, role, connection) in [
            ("pgc 1", "app-role", "my-postgres-db"),
            ("pgc 2", "app", "my-postgres-db"),
            ("pgc 3", "app-role", "same-server"),
        ] {
            let mut marker = marker(name);
            marker["role"] = role.into();
            marker["connection"] = connection.into();
            let role = identifier(name);
            stage.as_admin(&format!(
                "CREATE ROLE {role} LOGIN VALID UNTIL '{LATER}'; COMMENT ON ROLE {role} IS {}",
                literal(&marker.to_string())
            ));
        }
        let command = ["lease", "revoke", "--format", "json"];
        let run = stage.sandbox.pgcreds(command.iter().chain(arguments)).run();
        let left = stage.logins();
        for name in &left {
            stage
                .cluster
                .execute(&format!("DROP ROLE {}", identifier(name)));
        }
        let revoked = run.success().json()["revoked"].as_array().unwrap().len();
        assert_eq!(revoked + left.len(), 3, "{arguments:?}");
        left
    };
    assert_eq!(revoke(&["--role", "app-role"]), ["pgc 2"]);
    assert_eq!(revoke(&["--role", "app"]), ["pgc 1", "pgc 3"]);
    assert_eq!(revoke(&["--connection", "same-server"]), ["pgc 1", "pgc 2"]);
    assert_eq!(
        revoke(&["--connection", "my-postgres-db", "--role", "app-role"]),
        ["pgc 2", "pgc 3"]
    );
    assert_eq!(revoke(&["--all"]), [] as [&str; 0]);
    let run = stage
        .sandbox
        .pgcreds(["lease", "revoke", "--all"])
        .run()
        .success();
    assert_eq!(
        run.to_string(),
        "--- stderr ---\nthere was nothing to revoke\n[exit 0]\n"
    );
    stage.sandbox.pgcreds(["lease", "revoke"]).run().exits(2);
    stage
        .sandbox
        .pgcreds(["lease", "revoke", "--all", "--connection", "unknown"])
        .run()
        .exits(1);
}

#[test]
fn the_roles_own_statements_run_first() {
    let stage = Stage::new(Admin::CreateRole);
    stage.as_admin("CREATE TABLE log (name text)");
    stage.describe_role("revocation_statements = [\"INSERT INTO log VALUES ('it''s; {{name}}')\", 'DELETE FROM guard']");
    stage.make(["pgc_1", "pgc_2"], PAST);
    let oid = stage.oid("pgc_2");
    let run = stage.sweep([] as [&str; 0]).exits(4);
    assert!(
        run.stderr.contains(
            "revocation_statements failed: relation \"guard\" does not exist (SQLSTATE 42P01)"
        ),
        "{run}"
    );
    assert_eq!(stage.logins(), ["pgc_1", "pgc_2"]);
    assert!(stage.is_quarantined(&oid));
    assert_eq!(
        stage.cluster.value_in("mydb", "SELECT count(*) FROM log"),
        "0"
    );
    stage.as_admin("CREATE TABLE guard ()");
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
    let log = "SELECT string_agg(name, ',' ORDER BY name) FROM log";
    assert_eq!(
        stage.cluster.value_in("mydb", log),
        "it's; pgc_1,it's; pgc_2"
    );
}

/// Whoever may create roles may write a marker on them. The admin's session has taken on another role.
#[test]
fn neither_the_admin_nor_the_role_that_it_works_as_is_a_lease() {
    let stage = Stage::new(Admin::CreateRole);
    stage
        .cluster
        .execute("CREATE ROLE power CREATEROLE; GRANT power TO vaultadmin");
    let state = stage.sandbox.state();
    let option = "/mydb?options=-c%20role%3Dpower\"";
    stage.sandbox.write_state(&state.replace("/mydb\"", option));
    for name in ["vaultadmin", "power"] {
        let marker = literal(&forged(name, "max_expires_at", "2001-01-01T00:00:00Z"));
        stage
            .cluster
            .execute(&format!("COMMENT ON ROLE {name} IS {marker}"));
    }
    let before = stage
        .cluster
        .rows("SELECT oid, xmin, rolname FROM pg_authid ORDER BY oid");
    assert_eq!(
        stage.sweep(["--format", "json"]).success().json()["revoked"],
        serde_json::json!([])
    );
    for name in ["vaultadmin", "power"] {
        let run = stage.revoke(name).exits(1);
        let refusal = format!("error: role \"{name}\" is not a lease of pgcreds\n");
        assert!(run.stderr.starts_with(&refusal), "{run}");
    }
    let after = stage
        .cluster
        .rows("SELECT oid, xmin, rolname FROM pg_authid ORDER BY oid");
    assert_eq!(after, before);
}

/// Somebody has taken its end away, by a marker of their own: what stays of it has one.
#[test]
fn a_lease_without_an_end_is_disabled_like_any_other() {
    let stage = Stage::new(Admin::CreateRole);
    stage.describe_role("revocation_statements = [\"SELECT 1/0 -- {{name}}\"]");
    let without = creation("pgc_1", LATER).replace(&format!(" VALID UNTIL '{LATER}'"), "");
    stage.as_admin(&without);
    let oid = stage.oid("pgc_1");
    stage.give_password("pgc_1");
    stage.revoke("pgc_1").exits(4);
    assert!(stage.is_quarantined(&oid));
}

/// Nothing that a session of the lease does comes after them.
#[test]
fn the_roles_own_statements_find_no_session() {
    let stage = Stage::new(Admin::Superuser);
    stage.as_admin("CREATE TABLE log (sessions int)");
    stage.describe_role("revocation_statements = [\"INSERT INTO log SELECT count(*) FROM pg_stat_activity WHERE usename = '{{name}}'\"]");
    stage.make(["pgc_1"], LATER);
    stage.give_password("pgc_1");
    let session = stage.cluster.connect_as("pgc_1", PASSWORD, "mydb");
    stage.revoke("pgc_1").success();
    assert!(!session.is_alive());
    let log = "SELECT sessions FROM log";
    assert_eq!(stage.cluster.rows_in("mydb", log), [["0"]]);
}

#[test]
fn another_admins_leases_are_left_to_it() {
    let stage = Stage::new(Admin::CreateRole);
    stage
        .cluster
        .execute("CREATE ROLE other_admin LOGIN PASSWORD 'other-secret' CREATEROLE");
    let made = stage.cluster.try_execute_as(
        "other_admin",
        "other-secret",
        "mydb",
        &creation("pgc other", PAST),
    );
    made.unwrap();
    let dry = stage.sweep(["--dry-run", "--format", "json"]).success();
    if stage.cluster.version() < 16 {
        assert_eq!(dry.json()[0]["lease_id"], "pgc other");
        stage.sweep([] as [&str; 0]).success();
        assert_eq!(stage.logins(), [] as [&str; 0]);
        return;
    }
    assert_eq!(dry.json(), serde_json::json!([]));
    assert_eq!(
        stage.sweep([] as [&str; 0]).success().to_string(),
        "[exit 0]\n"
    );
    let run = stage.sweep(["--verbose"]).success();
    assert!(
        run.stderr.contains("left 1 lease to another admin"),
        "{run}"
    );
    let run = stage.revoke("pgc other").exits(4);
    assert!(run.stderr.contains("has no ADMIN OPTION on it"), "{run}");
    let login = "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'pgc other'";
    assert_eq!(stage.cluster.value(login), "t");
    stage
        .cluster
        .execute("GRANT \"pgc other\" TO vaultadmin WITH ADMIN OPTION");
    stage.sweep([] as [&str; 0]).success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
}

#[test]
fn a_role_that_nobody_knows_is_a_slip_of_the_finger() {
    let stage = Stage::new(Admin::CreateRole);
    let revoke = |role: &str| {
        let command = ["lease", "revoke", "--role", role];
        stage.sandbox.pgcreds(command).run()
    };
    let run = revoke("app-rol").exits(1);
    assert!(
        run.stderr
            .contains("error: role \"app-rol\" not found\nhint: Did you mean \"app-role\"?"),
        "{run}"
    );
    revoke("app-role").success();
    // One that was removed from the state file may still have leases.
    stage.make(["pgc_left"], LATER);
    let state = stage
        .sandbox
        .state()
        .replace("[roles.app-role]", "[roles.other]");
    stage.sandbox.write_state(&state);
    revoke("app-role").success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
}
