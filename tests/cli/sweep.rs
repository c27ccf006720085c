//! `pgcreds sweep`: what it says, what it takes, and that neither a bad lease nor another sweep stops it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Admin, Cluster, Running, Sandbox};
use crate::stage::{LATER, PASSWORD, PAST, Stage, creation};

/// No arguments.
const PLAIN: [&str; 0] = [];

/// What the cluster knows of its roles; `xmin` changes with every write.
fn catalog(cluster: &Cluster) -> Vec<Vec<String>> {
    cluster.rows("SELECT oid, xmin, a.* FROM pg_authid a ORDER BY oid")
}

#[test]
fn it_is_silent_when_there_is_nothing_to_do() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc active"], LATER);
    assert_eq!(stage.sweep(PLAIN).success().to_string(), "[exit 0]\n");
    let nothing = json!({"revoked": [], "failed": [], "unreachable": [], "reassigned": []});
    assert_eq!(stage.sweep_report(0), nothing);
    let empty = Sandbox::new();
    empty.write_state("version = 1\n");
    let run = empty.pgcreds(["sweep"]).run().success();
    assert_eq!(run.to_string(), "[exit 0]\n");
}

#[test]
fn it_takes_what_is_due_and_reports_it() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc a", "pgc b"], PAST);
    stage.make(["pgc active", "pgc c"], LATER);
    stage.cluster.execute("ALTER ROLE \"pgc c\" NOLOGIN");
    let before = catalog(&stage.cluster);
    let run = stage.sweep(["--dry-run", "--format", "json"]).success();
    let found: Vec<_> = run
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|lease| (lease["lease_id"].clone(), lease["state"].clone()))
        .collect();
    let expected = [
        ("pgc a", "expired"),
        ("pgc b", "expired"),
        ("pgc c", "quarantined"),
    ];
    assert_eq!(
        found,
        expected.map(|(name, state)| (json!(name), json!(state)))
    );
    assert_eq!(catalog(&stage.cluster), before);
    let report = json!({
        "revoked": ["pgc a", "pgc b", "pgc c"], "failed": [], "unreachable": [], "reassigned": [],
    });
    assert_eq!(stage.sweep_report(0), report);
    assert_eq!(stage.logins(), ["pgc active"]);
    stage.make(["pgc d", "pgc e"], PAST);
    let run = stage.sweep(PLAIN).success();
    assert_eq!(
        run.to_string(),
        "--- stderr ---\nrevoked 2 leases\n[exit 0]\n"
    );
}

#[test]
fn it_refuses_to_take_more_than_it_is_told() {
    let stage = Stage::new(Admin::CreateRole);
    let names = stage.make_many(3, PAST);
    let before = catalog(&stage.cluster);
    let run = stage.sweep(["--max", "2"]).exits(1);
    assert!(
        run.stderr
            .starts_with("error: 3 leases would be revoked, which is over --max 2\nhint: "),
        "{run}"
    );
    assert_eq!(catalog(&stage.cluster), before);
    assert_eq!(stage.logins(), names);
    stage.sweep(["--max", "3"]).success();
    assert_eq!(stage.logins(), PLAIN);
    stage.sweep(["--max", "0"]).success();
}

#[test]
fn it_takes_many_more_than_go_together() {
    let stage = Stage::new(Admin::CreateRole);
    for (command, end) in [
        (&["sweep"][..], PAST),
        (&["lease", "revoke", "--all"], LATER),
    ] {
        let names = stage.make_many(1_100, end);
        let line = command.iter().chain(&["--format", "json"]);
        let run = stage.sandbox.pgcreds(line).run().success();
        assert_eq!(run.json()["revoked"], json!(names), "{command:?}");
        assert_eq!(stage.logins(), PLAIN);
    }
}

#[test]
fn it_takes_leases_of_one_role_only_when_told() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc mine"], PAST);
    let other = creation("pgc other", PAST).replace("\"app-role\"", "\"app-role-2\"");
    stage.as_admin(&other);
    stage.sweep(["--role", "app-role"]).success();
    assert_eq!(stage.logins(), ["pgc other"]);
    stage.sweep(["--role", "app-role-2"]).success();
    assert_eq!(stage.logins(), PLAIN);
}

#[test]
fn a_connection_that_cannot_be_reached_stops_no_other() {
    let stage = Stage::new(Admin::CreateRole);
    stage.add_connection("away", 1);
    stage.add_connection("same-server", stage.cluster.port());
    stage.make(["pgc a"], PAST);
    let report = stage.sweep_report(4);
    assert_eq!(report["revoked"], json!(["pgc a"]));
    assert_eq!(report["failed"], json!([]));
    assert_eq!(report["unreachable"].as_array().unwrap().len(), 1);
    assert_eq!(report["unreachable"][0]["connection"], "away");
    let error = report["unreachable"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("could not connect to \"away\" at 127.0.0.1:1"),
        "{error}"
    );
    stage.make(["pgc b"], PAST);
    let away = stage.sweep(["--connection", "away"]).exits(3);
    assert!(
        away.stderr
            .contains("connection \"away\": could not connect"),
        "{away}"
    );
    assert_eq!(stage.logins(), ["pgc b"]);
    stage.sweep(["--dry-run"]).exits(4);
    stage
        .sweep([
            "--connection",
            "my-postgres-db",
            "--connection",
            "same-server",
        ])
        .success();
    assert_eq!(stage.logins(), PLAIN);
    stage.sweep(["--connection", "unknown"]).exits(1);
    stage.cluster.stop();
    stage.sweep(PLAIN).exits(3);
}

#[test]
fn one_bad_lease_among_a_hundred_falls_out_alone() {
    let stage = Stage::new(Admin::CreateRole);
    let names = stage.make_many(100, PAST);
    let (bad, oid) = (&names[42], stage.oid(&names[42]));
    for name in &names {
        stage.as_admin(&format!(
            "CREATE TABLE \"of {name}\" AS SELECT 1 AS n; GRANT SELECT ON \"of {name}\" TO {name}"
        ));
    }
    stage.cluster.execute_in(
        "mydb",
        &format!(
            "CREATE TABLE \"not the admin's\" (); GRANT SELECT ON \"not the admin's\" TO {bad}"
        ),
    );
    let report = stage.sweep_report(4);
    assert_eq!(report["revoked"].as_array().unwrap().len(), 99);
    assert_eq!(report["failed"].as_array().unwrap().len(), 1);
    assert_eq!(report["failed"][0]["lease_id"], bad.as_str());
    assert_eq!(report["failed"][0]["connection"], "my-postgres-db");
    let error = report["failed"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("table public.\"not the admin's\""),
        "{error}"
    );
    assert_eq!(stage.logins(), [bad.as_str()]);
    assert!(stage.is_quarantined(&oid));
    stage
        .cluster
        .execute_in("mydb", "DROP TABLE \"not the admin's\"");
    assert_eq!(stage.sweep_report(0)["revoked"], json!([bad]));
    assert!(stage.is_gone(&oid));
}

#[test]
fn the_sessions_of_an_expired_lease_end() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc busy", "pgc active"], LATER);
    stage.give_password("pgc busy");
    stage.give_password("pgc active");
    let ended = stage.cluster.connect_as("pgc busy", PASSWORD, "mydb");
    let kept = stage.cluster.connect_as("pgc active", PASSWORD, "mydb");
    stage
        .cluster
        .execute(&format!("ALTER ROLE \"pgc busy\" VALID UNTIL '{PAST}'"));
    assert!(ended.is_alive());
    stage.sweep(PLAIN).success();
    assert!(!ended.is_alive());
    assert!(kept.is_alive());
    assert_eq!(stage.logins(), ["pgc active"]);
}

#[test]
fn sweeps_at_once_report_no_false_failure() {
    for count in [2, 5] {
        let stage = Stage::new(Admin::CreateRole);
        let names = stage.make_many(200, PAST);
        for name in &names[..20] {
            stage.cluster.execute_in(
                "mydb",
                &format!(
                    "SET SESSION AUTHORIZATION {name}; CREATE TABLE \"of {name}\" AS SELECT 1 AS n; \
                     SET SESSION AUTHORIZATION vaultadmin; CREATE TABLE IF NOT EXISTS shared (); GRANT ALL ON shared TO {name}"
                ),
            );
        }
        let sweeps: Vec<_> = (0..count)
            .map(|_| stage.sandbox.pgcreds(["sweep", "--format", "json"]).spawn())
            .collect();
        let runs: Vec<_> = sweeps.into_iter().map(Running::wait).collect();
        for run in runs {
            let report = run.success().json();
            assert_eq!(
                (&report["failed"], &report["unreachable"]),
                (&json!([]), &json!([]))
            );
        }
        assert_eq!(stage.logins(), PLAIN);
        let tables = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'of %'";
        assert_eq!(stage.cluster.value_in("mydb", tables), "20");
    }
}

/// Leases end all the time while they are swept and renewed. A renewal that succeeded holds; what was not renewed goes.
#[test]
fn a_renewal_and_a_sweep_do_not_undo_each_other() {
    let stage = Stage::new(Admin::CreateRole);
    let names: Vec<String> = (0..24)
        .map(|number| format!("pgc_race_{number:02}"))
        .collect();
    stage.make(names.iter().map(String::as_str), LATER);
    let session_of = |name: &String| {
        stage.give_password(name);
        stage.cluster.connect_as(name, PASSWORD, "mydb")
    };
    let sessions: Vec<_> = names.iter().map(session_of).collect();
    let alter = "EXECUTE format('ALTER ROLE pgc_race_%s VALID UNTIL %L', to_char(n, 'FM00'), now() + interval '0.4 s' + n * interval '0.12 s')";
    stage.cluster.execute(&format!(
        "DO $$ BEGIN FOR n IN 0..23 LOOP {alter}; END LOOP; END $$"
    ));
    let end = Instant::now() + Duration::from_secs(5);
    let renew = |first: usize| {
        let mut renewed = Vec::new();
        for name in names.iter().skip(first).step_by(2) {
            // From before its end on, until it ends either way.
            while Instant::now() < end && is_ending(&stage, name) == Some(false) {}
            let run = stage
                .sandbox
                .pgcreds(["lease", "renew", name, "--ttl", "1h"])
                .run();
            if run.code == 0 {
                renewed.push(name.clone());
            } else {
                assert_eq!(run.code, 1, "{run}");
            }
        }
        renewed
    };
    let sweep = || {
        while Instant::now() < end {
            stage.sweep(PLAIN).success();
        }
    };
    let mut renewed = std::thread::scope(|scope| {
        let renewals = [0, 1].map(|first| scope.spawn(move || renew(first)));
        let sweeps = [(); 2].map(|()| scope.spawn(sweep));
        for sweep in sweeps {
            sweep.join().unwrap();
        }
        renewals.map(|renewal| renewal.join().unwrap()).concat()
    });
    stage.sweep(PLAIN).success();
    renewed.sort();
    assert_eq!(stage.logins(), renewed);
    for (name, session) in names.iter().zip(&sessions) {
        assert_eq!(session.is_alive(), renewed.contains(name), "{name}");
    }
    let cut = "SELECT count(*) FROM pg_authid WHERE rolname LIKE 'pgc%' AND (NOT rolcanlogin OR rolpassword IS NULL)";
    assert_eq!(stage.cluster.value(cut), "0");
}

/// Whether the lease ends within 60 ms, or has ended; nothing when it is gone.
fn is_ending(stage: &Stage, name: &str) -> Option<bool> {
    let sql = format!(
        "SELECT rolvaliduntil < clock_timestamp() + interval '60 ms' FROM pg_roles WHERE rolname = '{name}'"
    );
    let rows = stage.cluster.rows(&sql).concat();
    rows.first().map(|value| value == "t")
}
