//! Locks on a lease's row in `pg_authid`: who holds one open cannot keep a lease alive, nor hold up the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{Admin, eventually};
use crate::stage::{LATER, PASSWORD, PAST, Stage};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long pgcreds waits for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The same three times.
const THREE_LOCK_TIMEOUTS: Duration = Duration::from_secs(15);

const NAME: &str = "pgc stubborn";

/// A lease that can log in and has not ended yet, and its oid.
fn stage() -> (Stage, String) {
    let stage = Stage::new(Admin::CreateRole);
    stage.make([NAME], LATER);
    stage.give_password(NAME);
    let oid = stage.oid(NAME);
    (stage, oid)
}

/// Moves the lease's end into the past.
fn expire(stage: &Stage) {
    stage
        .cluster
        .execute(&format!("ALTER ROLE \"{NAME}\" VALID UNTIL '{PAST}'"));
}

/// The only failure in a report.
fn failure(report: &Value) -> &str {
    let failed = report["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{report}");
    assert_eq!(failed[0]["lease_id"], NAME);
    failed[0]["error"].as_str().unwrap()
}

#[test]
fn a_lease_that_locks_itself_is_revoked() {
    let (stage, oid) = stage();
    stage.make_many(10, PAST);
    let lock = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    let other = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    expire(&stage);
    lock.rows("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'x'")
        .unwrap();
    let report = stage.sweep_report(0);
    assert_eq!(report["revoked"].as_array().unwrap().len(), 11);
    assert!(!lock.is_alive());
    assert!(!other.is_alive());
    assert!(stage.is_gone(&oid));
    assert_eq!(stage.logins(), [] as [&str; 0]);
}

/// Before PostgreSQL 15 a login may grant itself. The admin's own grant then waits for the login's transaction.
#[test]
fn a_lease_that_locks_its_membership_is_revoked() {
    for is_row_locked in [false, true] {
        let (stage, oid) = stage();
        let lock = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
        lock.rows("BEGIN").unwrap();
        if is_row_locked {
            lock.rows("ALTER ROLE CURRENT_USER PASSWORD 'x'").unwrap();
        }
        if stage.cluster.version() < 15 {
            lock.rows(&format!("GRANT \"{NAME}\" TO vaultadmin"))
                .unwrap();
        }
        stage.revoke(NAME).success();
        assert!(!lock.is_alive());
        assert!(stage.is_gone(&oid));
        let powers = "SELECT count(*) FROM pg_auth_members WHERE member = 'vaultadmin'::regrole AND roleid = 'pg_signal_backend'::regrole";
        assert_eq!(stage.cluster.value(powers), "0");
    }
}

/// Told to end by an admin who could not become a member, and not gone at once: the server was slow to tell it.
#[test]
fn a_lease_that_locks_its_membership_and_ends_late_is_revoked() {
    let (stage, oid) = stage();
    let lock = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    let pid = &lock.rows("BEGIN; SELECT pg_backend_pid()").unwrap()[0][0];
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    if stage.cluster.version() < 15 {
        lock.rows(&format!("GRANT \"{NAME}\" TO vaultadmin"))
            .unwrap();
    }
    kill_process(pid, Signal::STOP).unwrap();
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(LOCK_TIMEOUT + Duration::from_millis(1500));
            kill_process(pid, Signal::CONT).unwrap();
        });
        stage.revoke(NAME)
    });
    run.success();
    assert!(!lock.is_alive());
    assert!(stage.is_gone(&oid));
}

/// Its clients come back as soon as they are ended, until they are no longer let in.
#[test]
fn a_lease_that_locks_itself_again_and_again_is_revoked() {
    let (stage, oid) = stage();
    let is_over = AtomicBool::new(false);
    let lock = "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'lease-secret'; SELECT pg_sleep(600)";
    let hold = || {
        while !is_over.load(Ordering::Relaxed) {
            let held = stage.cluster.try_execute_as(NAME, PASSWORD, "mydb", lock);
            assert!(held.is_err());
        }
    };
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE usesysid = {oid}");
    let run = std::thread::scope(|scope| {
        let clients = [(); 3].map(|()| scope.spawn(hold));
        eventually(PATIENCE, || stage.cluster.value(&count) == "3");
        let run = stage.revoke(NAME);
        is_over.store(true, Ordering::Relaxed);
        // What could not be cut off would go on for ten minutes.
        stage.cluster.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = {oid}"
        ));
        for client in clients {
            client.join().unwrap();
        }
        run
    });
    run.success();
    assert!(stage.is_gone(&oid));
}

#[test]
fn a_prepared_transaction_that_locks_a_lease_is_named() {
    let (stage, oid) = stage();
    let session = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    expire(&stage);
    let lock = "BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'x'; PREPARE TRANSACTION 'locking'";
    session.rows(lock).unwrap();
    let names = stage.make_many(10, PAST);
    let report = stage.sweep_report(4);
    assert_eq!(report["revoked"], serde_json::json!(names));
    assert_eq!(
        failure(&report),
        "still able to log in: could not cut it off: \
         prepared transaction \"locking\" in database \"mydb\" holds a lock on it"
    );
    assert_eq!(stage.logins(), [NAME]);
    assert!(!session.is_alive());
    stage
        .cluster
        .execute_in("mydb", "ROLLBACK PREPARED 'locking'");
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}

#[test]
fn somebody_elses_lock_on_a_lease_is_named_and_holds_up_no_other() {
    let (stage, oid) = stage();
    let own = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    expire(&stage);
    stage
        .cluster
        .execute("CREATE ROLE slow LOGIN SUPERUSER PASSWORD 'slow-secret'");
    let slow = stage.cluster.connect_as("slow", "slow-secret", "mydb");
    let pid = slow.rows("SELECT pg_backend_pid()").unwrap().concat();
    slow.rows(&format!("BEGIN; ALTER ROLE \"{NAME}\" CONNECTION LIMIT 3"))
        .unwrap();
    stage.make_many(63, PAST);
    let start = Instant::now();
    let report = stage.sweep_report(4);
    let elapsed = start.elapsed();
    assert!(elapsed < THREE_LOCK_TIMEOUTS, "{elapsed:?}");
    assert_eq!(report["revoked"].as_array().unwrap().len(), 63);
    assert_eq!(
        failure(&report),
        format!(
            "still able to log in: could not cut it off: session {} of \"slow\" holds a lock on it",
            pid.concat()
        )
    );
    assert_eq!(stage.logins(), [NAME]);
    // It has ended, and no new session of it begins with its password.
    assert!(!own.is_alive());
    assert!(slow.is_alive());
    slow.rows("COMMIT").unwrap();
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}

/// A renewal that waits for the lock, or has come already, is not undone.
#[test]
fn a_lease_that_is_not_due_keeps_its_sessions() {
    let (stage, oid) = stage();
    let session = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    session
        .rows("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'x'")
        .unwrap();
    stage.make_many(3, PAST);
    stage.sweep([] as [&str; 0]).success();
    assert!(session.is_alive());
    assert_eq!(stage.logins(), [NAME]);
    drop(session);
    stage.revoke(NAME).success();
    assert!(stage.is_gone(&oid));
}

/// A transaction uses a table that a lease owns: it cannot be reassigned.
#[test]
fn a_table_in_use_holds_up_no_other_lease() {
    let (stage, oid) = stage();
    expire(&stage);
    let names = stage.make_many(63, PAST);
    for name in names.iter().map(String::as_str).chain([NAME]) {
        stage.cluster.execute_in(
            "mydb",
            &format!(
                "CREATE TABLE \"of {name}\" (); ALTER TABLE \"of {name}\" OWNER TO \"{name}\""
            ),
        );
    }
    stage
        .cluster
        .execute("CREATE ROLE reader LOGIN SUPERUSER PASSWORD 'reader-secret'");
    let reader = stage.cluster.connect_as("reader", "reader-secret", "mydb");
    reader
        .rows(&format!("BEGIN; SELECT FROM \"of {NAME}\""))
        .unwrap();
    let start = Instant::now();
    let report = stage.sweep_report(4);
    let elapsed = start.elapsed();
    assert!(elapsed < THREE_LOCK_TIMEOUTS, "{elapsed:?}");
    assert_eq!(report["revoked"].as_array().unwrap().len(), 63);
    let error = failure(&report);
    assert!(
        error.contains("of \"reader\" holds a lock on it"),
        "{error}"
    );
    assert_eq!(stage.logins(), [NAME]);
    assert!(stage.is_quarantined(&oid));
    reader.rows("COMMIT").unwrap();
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}
