//! Sessions end with their lease, whatever they are doing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Admin, Cluster, LiveSession, Running, eventually};
use crate::stage::{LATER, PASSWORD, PAST, Stage};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

const NAME: &str = "pgc busy";

/// A lease that can log in, and its oid.
fn stage() -> (Stage, String) {
    stage_of(Admin::CreateRole)
}

fn stage_of(admin: Admin) -> (Stage, String) {
    let stage = Stage::new(admin);
    stage.make([NAME], LATER);
    stage.cluster.execute("GRANT app_rw TO \"pgc busy\"");
    stage.give_password(NAME);
    let oid = stage.oid(NAME);
    (stage, oid)
}

/// Starts a client program as the lease.
fn client(stage: &Stage, program: &str, arguments: &[&str]) -> Running {
    let (port, host) = (stage.cluster.port().to_string(), stage.cluster.host());
    let address = ["-h", host, "-p", &port, "-U", NAME, "-d", "mydb"];
    stage
        .sandbox
        .program(program, address.iter().chain(arguments))
        .env("PGPASSWORD", PASSWORD)
        .spawn()
}

/// Waits until the condition holds for the lease's only session, and returns its process id.
fn wait_for_session(stage: &Stage, condition: &str) -> String {
    let sql = format!("SELECT pid FROM pg_stat_activity WHERE usename = '{NAME}' AND {condition}");
    eventually(PATIENCE, || stage.cluster.rows(&sql).len() == 1);
    stage.cluster.value(&sql)
}

#[test]
fn a_session_that_works_as_another_role_ends() {
    let (stage, oid) = stage();
    let session = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    session.rows("SET ROLE app_rw").unwrap();
    stage.revoke(NAME).success();
    assert!(!session.is_alive());
    assert!(stage.is_gone(&oid));
}

#[test]
fn a_long_query_ends() {
    let (stage, oid) = stage();
    let query = client(&stage, "psql", &["-Xc", "SELECT pg_sleep(600)"]);
    wait_for_session(&stage, "wait_event = 'PgSleep'");
    let start = Instant::now();
    stage.revoke(NAME).success();
    assert!(start.elapsed() < Duration::from_secs(5));
    query.wait().exits(2);
    assert!(stage.is_gone(&oid));
}

#[test]
fn a_transaction_that_holds_locks_ends() {
    let (stage, oid) = stage();
    let session = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    for sql in [
        "CREATE TABLE t AS SELECT 1 AS n",
        "BEGIN",
        "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
        "INSERT INTO t VALUES (2)",
    ] {
        session.rows(sql).unwrap();
    }
    stage.revoke(NAME).success();
    assert!(!session.is_alive());
    assert!(stage.is_gone(&oid));
    let found = "SELECT tableowner || (SELECT string_agg(n::text, ',') FROM t) FROM pg_tables WHERE tablename = 't'";
    assert_eq!(stage.cluster.value_in("mydb", found), "vaultadmin1");
}

#[test]
fn many_sessions_in_several_databases_end() {
    let (stage, oid) = stage();
    let sessions: Vec<_> = (0..12)
        .map(|number| {
            let database = ["mydb", "postgres", "template1"][number % 3];
            stage.cluster.connect_as(NAME, PASSWORD, database)
        })
        .collect();
    stage.revoke(NAME).success();
    for session in sessions {
        assert!(!session.is_alive());
    }
    assert!(stage.is_gone(&oid));
}

#[test]
fn a_client_that_reconnects_in_a_loop_stays_out() {
    let (stage, oid) = stage();
    let is_over = AtomicBool::new(false);
    let deadline = Instant::now() + Duration::from_secs(60);
    // One that nobody ends must not last for ever.
    let stay = "SET statement_timeout = '60s'; SELECT pg_sleep(600)";
    let reconnect = || {
        let mut count = 0;
        while !is_over.load(Ordering::Relaxed) {
            assert!(Instant::now() < deadline, "no end after {count} logins");
            let login = stage.cluster.try_execute_as(NAME, PASSWORD, "mydb", stay);
            assert!(login.is_err());
            count += 1;
        }
        count
    };
    std::thread::scope(|scope| {
        let clients = [(); 3].map(|()| scope.spawn(reconnect));
        eventually(PATIENCE, || {
            let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{NAME}'");
            stage.cluster.value(&sql) == "3"
        });
        let run = stage.revoke(NAME);
        is_over.store(true, Ordering::Relaxed);
        run.success();
        for client in clients {
            assert!(client.join().unwrap() > 0);
        }
    });
    assert!(stage.is_gone(&oid));
}

#[test]
fn a_session_that_does_not_end_is_waited_for_in_vain() {
    let (stage, oid) = stage();
    stage.make(["pgc other"], LATER);
    let session = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    let pid: i32 = wait_for_session(&stage, "true").parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let start = Instant::now();
    let run = stage
        .sandbox
        .pgcreds([
            "lease",
            "revoke",
            NAME,
            "pgc other",
            "--session-timeout",
            "1s",
        ])
        .run();
    let elapsed = start.elapsed();
    kill_process(pid, Signal::CONT).unwrap();
    let run = run.exits(4);
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    let expected = "revoked lease \"pgc other\"\n\
        error: could not drop lease \"pgc busy\" on connection \"my-postgres-db\": its sessions did not end within 1 s\n\
        hint: The next sweep tries again. Look at it with: pgcreds lease show 'pgc busy'\n";
    assert_eq!(run.stderr, expected);
    eventually(PATIENCE, || stage.is_quarantined(&oid));
    assert!(!session.is_alive());
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}

#[test]
fn a_replication_slot_in_use_is_let_go() {
    let (stage, oid) = stage_of(Admin::Superuser);
    stage.cluster.execute("ALTER ROLE \"pgc busy\" REPLICATION");
    for sql in [
        "CREATE PUBLICATION p",
        "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
    ] {
        stage.cluster.execute_in("mydb", sql);
    }
    let receiver = client(
        &stage,
        "pg_recvlogical",
        &[
            "-S",
            "s",
            "--start",
            "-o",
            "proto_version=1",
            "-o",
            "publication_names=p",
            "-f",
            "-",
            "--no-loop",
        ],
    );
    wait_for_session(&stage, "backend_type = 'walsender' AND state = 'active'");
    stage.revoke(NAME).success();
    receiver.wait().exits(1);
    assert!(stage.is_gone(&oid));
    let slot = "SELECT active FROM pg_replication_slots WHERE slot_name = 's'";
    assert_eq!(stage.cluster.value(slot), "f");
}

#[test]
fn a_temporary_table_that_a_crash_left_stops_nothing() {
    let (stage, oid) = stage();
    let session = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    for sql in [
        "SET synchronous_commit = on",
        "CREATE TEMP TABLE t AS SELECT 1 AS n",
    ] {
        session.rows(sql).unwrap();
    }
    let pid: i32 = wait_for_session(&stage, "true").parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let is_back = || {
        let log = stage.cluster.log();
        log.matches("ready to accept connections").count() == 2
    };
    eventually(PATIENCE, is_back);
    let left =
        format!("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relowner = {oid}");
    assert_eq!(stage.cluster.value_in("mydb", &left), "1");
    stage.revoke(NAME).success();
    assert!(stage.is_gone(&oid));
}

/// A superuser's transaction grants something to the lease, and takes its time.
#[test]
fn another_session_that_holds_on_to_it_is_not_waited_for_long() {
    let (stage, oid) = stage();
    stage
        .cluster
        .execute("CREATE ROLE slow LOGIN SUPERUSER PASSWORD 'slow-secret'");
    let slow = stage.cluster.connect_as("slow", "slow-secret", "mydb");
    for sql in [
        "BEGIN",
        "CREATE TABLE t (n int)",
        "ALTER TABLE t OWNER TO \"pgc busy\"",
    ] {
        slow.rows(sql).unwrap();
    }
    let others: Vec<String> = (0..40)
        .map(|number| format!("pgc other {number}"))
        .collect();
    stage.make(others.iter().map(String::as_str), LATER);
    let start = Instant::now();
    let run = stage
        .sandbox
        .pgcreds(["lease", "revoke", "--all"])
        .run()
        .exits(4);
    assert!(start.elapsed() < Duration::from_secs(15));
    assert!(run.stderr.starts_with("revoked 40 leases\n"), "{run}");
    assert!(
        run.stderr.contains("of \"slow\" holds a lock on it"),
        "{run}"
    );
    assert_eq!(stage.logins(), [NAME]);
    assert!(stage.is_quarantined(&oid));
    slow.rows("COMMIT").unwrap();
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
    assert_eq!(
        stage.cluster.value_in("mydb", "SELECT count(*) FROM t"),
        "0"
    );
}

/// The sessions of an expired lease take every slot that the admin may have. A sweep that comes meanwhile tries again until
/// one of them is free, and ends the others.
#[test]
fn a_lease_that_takes_all_connection_slots_is_revoked_once_one_is_free() {
    let cluster = Cluster::start_with(&[
        ("max_connections", "12"),
        ("superuser_reserved_connections", "3"),
    ]);
    let stage = Stage::on(cluster, Admin::CreateRole);
    stage.make(["pgc_many"], LATER);
    stage.give_password("pgc_many");
    let connect = || stage.cluster.connect_as("pgc_many", PASSWORD, "mydb");
    let mut sessions: Vec<LiveSession> = (0..9).map(|_| connect()).collect();
    stage
        .cluster
        .execute(&format!("ALTER ROLE pgc_many VALID UNTIL '{PAST}'"));
    stage.sweep(["--session-timeout", "1s"]).exits(3);
    assert_eq!(stage.logins(), ["pgc_many"]);
    let refusals = |cluster: &Cluster| {
        let log = cluster.log();
        log.matches("FATAL:  remaining connection slots").count()
            + log.matches("FATAL:  sorry, too many clients").count()
    };
    let before = refusals(&stage.cluster);
    let sweep = stage.sandbox.pgcreds(["sweep"]).spawn();
    eventually(PATIENCE, || refusals(&stage.cluster) > before);
    drop(sessions.pop());
    sweep.wait().success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
    assert!(sessions.iter().all(|session| !session.is_alive()));
}
