//! Many leases that are locked at once: each costs a short wait, and the others are disabled at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Admin, Cluster, LiveSession, Run, Running, eventually};
use crate::stage::{LATER, PASSWORD, PAST, Stage};

/// The leases that nobody locks are disabled within this time.
const SOON: Duration = Duration::from_secs(5);

/// All leases are gone or disabled within this time.
const IN_THE_END: Duration = Duration::from_secs(30);

/// Changes its own password, and holds the lock until it has been waited for; then for nearly as long as pgcreds would
/// wait for a lock once.
const LOCK_FOR_LONG: &str = "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'x'; DO $$ BEGIN \
    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid) LOOP \
    PERFORM pg_sleep(0.02); END LOOP; PERFORM pg_sleep(4.6); END $$; ROLLBACK";

/// Expired leases, of which the first `locking` have a session.
fn stage(admin: Admin, count: usize, locking: usize) -> (Stage, Vec<LiveSession>) {
    let cluster = Cluster::start_with(&[
        ("max_connections", "200"),
        ("max_prepared_transactions", "10"),
    ]);
    let stage = Stage::on(cluster, admin);
    let names = stage.make_many(count, LATER);
    let names = &names[..locking];
    for name in names {
        stage.give_password(name);
    }
    let connect = |name: &String| stage.cluster.connect_as(name, PASSWORD, "mydb");
    let sessions = names.iter().map(connect).collect();
    stage.cluster.execute(&format!(
        "DO $$ DECLARE lease name; BEGIN FOR lease IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'pgc%' LOOP \
         EXECUTE format('ALTER ROLE %I VALID UNTIL %L', lease, '{PAST}'); END LOOP; END $$"
    ));
    (stage, sessions)
}

/// How many leases can log in.
fn enabled(stage: &Stage) -> usize {
    let count = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgc%' AND rolcanlogin";
    stage.cluster.value(count).parse().unwrap()
}

fn start_sweep(stage: &Stage) -> Running {
    stage.sandbox.pgcreds(["sweep", "--format", "json"]).spawn()
}

/// Sweeps; no more than that many leases can log in soon after.
fn sweep(stage: &Stage, locked: usize) -> Run {
    let start = Instant::now();
    let sweep = start_sweep(stage);
    eventually(SOON, || enabled(stage) <= locked);
    let run = sweep.wait();
    let elapsed = start.elapsed();
    assert!(elapsed < IN_THE_END, "{elapsed:?}");
    run
}

fn count(report: &Value, list: &str) -> usize {
    report[list].as_array().unwrap().len()
}

/// The waits for all of them would add up to more than an answer may take.
#[test]
fn locks_that_add_up_hold_up_no_sweep() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let (stage, sessions) = stage(admin, 21, 16);
        let run = std::thread::scope(|scope| {
            for session in &sessions {
                scope.spawn(|| session.rows(LOCK_FOR_LONG).unwrap_err());
            }
            let holders = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            eventually(SOON, || stage.cluster.value(holders) == "16");
            sweep(&stage, 16)
        });
        assert_eq!(count(&run.success().json(), "revoked"), 21);
        assert_eq!(stage.logins(), [] as [&str; 0]);
    }
}

#[test]
fn a_hundred_locked_leases_among_a_thousand_are_revoked() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let (stage, sessions) = stage(admin, 1000, 100);
        for session in &sessions {
            let lock = "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'x'";
            session.rows(lock).unwrap();
        }
        let run = sweep(&stage, 100);
        assert_eq!(count(&run.success().json(), "revoked"), 1000);
        assert_eq!(stage.logins(), [] as [&str; 0]);
    }
}

/// Before they are disabled: by id, so that their passwords are still good.
#[test]
fn locked_leases_whose_clients_come_back_are_revoked() {
    let stage = Stage::new(Admin::CreateRole);
    let names = stage.make_many(40, LATER);
    let is_over = AtomicBool::new(false);
    let lock = "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'lease-secret'; SELECT pg_sleep(600)";
    let (stage, is_over) = (&stage, &is_over);
    let run = std::thread::scope(|scope| {
        for name in &names[..15] {
            stage.give_password(name);
            for _ in 0..2 {
                scope.spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        let held = stage.cluster.try_execute_as(name, PASSWORD, "mydb", lock);
                        assert!(held.is_err());
                    }
                });
            }
        }
        let holders = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'pgc%'";
        eventually(SOON, || stage.cluster.value(holders) == "30");
        let start = Instant::now();
        let command = ["lease", "revoke", "--role", "app-role"];
        let run = stage.sandbox.pgcreds(command).run();
        let elapsed = start.elapsed();
        is_over.store(true, Ordering::Relaxed);
        // What could not be disabled would go on for ten minutes.
        stage.cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'pgc%'",
        );
        assert!(elapsed < IN_THE_END, "{elapsed:?}");
        run
    });
    run.success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
}

/// Sweeps where another user's transaction is in the way of 60 of 200 leases, and says who that is for each of them.
fn check_locks_of_others(admin: Admin, lock: &str, enabled: usize) {
    let (stage, _) = stage(admin, 200, 0);
    stage
        .cluster
        .execute("CREATE ROLE slow LOGIN SUPERUSER PASSWORD 'slow-secret'");
    stage.as_admin("CREATE TABLE shared ()");
    let slow = stage.cluster.connect_as("slow", "slow-secret", "mydb");
    let pid = slow.rows("SELECT pg_backend_pid()").unwrap().concat();
    let locked: Vec<String> = stage.logins().into_iter().step_by(4).collect();
    slow.rows("BEGIN").unwrap();
    for lease in &locked {
        slow.rows(&lock.replace("{}", lease)).unwrap();
    }
    let run = sweep(&stage, enabled);
    let report = run.exits(4).json();
    assert_eq!(count(&report, "revoked"), 150, "{report}");
    assert_eq!(stage.logins(), locked);
    for failed in report["failed"].as_array().unwrap() {
        let holder = format!("session {} of \"slow\" holds a lock on it", pid.concat());
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains(&holder), "{error}");
    }
    assert!(slow.is_alive());
    slow.rows("COMMIT").unwrap();
    let report = stage.sweep_report(0);
    assert_eq!(report["revoked"], json!(locked));
}

#[test]
fn many_rows_that_others_lock_hold_up_no_other_lease() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        check_locks_of_others(admin, "ALTER ROLE {} CONNECTION LIMIT 3", 50);
    }
}

#[test]
fn many_leases_that_others_grant_to_hold_up_no_other_lease() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        check_locks_of_others(admin, "GRANT SELECT ON shared TO {}", 0);
    }
}

/// A lease may act as another one that let it, and lock that.
#[test]
fn a_lease_that_locks_the_others_is_revoked_with_them() {
    let (stage, sessions) = stage(Admin::CreateRole, 30, 1);
    let names = stage.logins();
    for name in &names[1..] {
        stage
            .cluster
            .execute(&format!("GRANT {name} TO {}", names[0]));
    }
    sessions[0].rows("BEGIN").unwrap();
    for name in &names {
        sessions[0]
            .rows(&format!(
                "SET LOCAL ROLE {name}; ALTER ROLE CURRENT_USER PASSWORD 'x'"
            ))
            .unwrap();
    }
    let report = stage.sweep_report(0);
    assert_eq!(report["revoked"], json!(names));
    assert!(!sessions[0].is_alive());
}

#[test]
fn leases_that_prepared_transactions_lock_are_named_and_the_others_go() {
    let (stage, sessions) = stage(Admin::CreateRole, 40, 5);
    for (number, session) in sessions.iter().enumerate() {
        session
            .rows(&format!(
                "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'x'; PREPARE TRANSACTION 'p{number}'"
            ))
            .unwrap();
    }
    let locked = stage.logins()[..5].to_vec();
    let report = sweep(&stage, 5).exits(4).json();
    assert_eq!(count(&report, "revoked"), 35, "{report}");
    for failed in report["failed"].as_array().unwrap() {
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains("prepared transaction \"p0\""), "{error}");
    }
    for number in 0..5 {
        let roll_back = format!("ROLLBACK PREPARED 'p{number}'");
        stage.cluster.execute_in("mydb", &roll_back);
    }
    let report = stage.sweep_report(0);
    assert_eq!(report["revoked"], json!(locked));
}
