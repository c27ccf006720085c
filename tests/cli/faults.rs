//! A sweep that is killed, or loses its connection, at any message: it claims nothing that is not so, and the next one finishes.

use std::time::Duration;

use crate::audit;
use crate::harness::{Admin, Direction, Fault, Proxy, Run, Running, Sandbox, within};
use crate::stage::{PAST, Stage};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

const NAMES: [&str; 3] = ["pgc_1", "pgc_2", "pgc_3"];

/// The connection's own database, and another one.
const DATABASES: [&str; 2] = ["mydb", "other"];

/// Makes three expired leases: two own a table of two rows and may use one of the admin's, in each database.
fn make_leases(stage: &Stage) {
    stage.make(NAMES, PAST);
    for database in DATABASES {
        stage.cluster.execute_in(
            database,
            "DROP TABLE IF EXISTS t1, t2, shared; \
             CREATE TABLE t1 AS SELECT generate_series(1, 2) AS n; CREATE TABLE t2 AS SELECT generate_series(1, 2) AS n; \
             ALTER TABLE t1 OWNER TO pgc_1; ALTER TABLE t2 OWNER TO pgc_2; \
             CREATE TABLE shared (); ALTER TABLE shared OWNER TO vaultadmin; SET SESSION AUTHORIZATION vaultadmin; \
             GRANT SELECT ON shared TO pgc_1, pgc_2; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pgc_2",
        );
    }
}

fn stage() -> Stage {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("CREATE DATABASE other");
    stage
}

/// Sweeps through a proxy with that fault; the run, and whether the fault came about.
fn sweep_through(stage: &Stage, fault: Fault) -> (Run, Proxy) {
    let proxy = Proxy::start(stage.cluster.port());
    proxy.set_fault(fault);
    let sandbox = Sandbox::new().with_connection_at(proxy.port());
    let running = sandbox.pgcreds(["sweep", "--format", "json"]).spawn();
    let run = if matches!(fault, Fault::StallAt { .. }) {
        proxy.wait_for_stall(PATIENCE);
        let run = running.kill();
        proxy.resume();
        run
    } else {
        running.wait()
    };
    (run, proxy)
}

/// What it says is true, and the next sweep leaves nothing but the tables.
fn check(stage: &Stage, run: &Run, what: &str) {
    let left = stage.logins();
    // Killed while it said goodbye to the server, it has reported already.
    if run.code != 137 || !run.stdout.is_empty() {
        let report = run.json();
        for name in report["revoked"].as_array().unwrap() {
            assert!(
                !left.contains(&name.as_str().unwrap().to_owned()),
                "{what}: {run}"
            );
        }
        assert!(matches!(run.code, 0 | 3 | 4 | 137), "{what}: {run}");
        assert!(run.code != 0 || left.is_empty(), "{what}: {run}");
    }
    let next = stage.sweep([] as [&str; 0]);
    assert_eq!(next.code, 0, "after {what}: {next}");
    assert_eq!(stage.logins(), [] as [&str; 0], "after {what}");
    for database in DATABASES {
        let rows = "SELECT (SELECT count(*) FROM t1) || ' ' || (SELECT count(*) FROM t2) || ' ' || (SELECT count(*) FROM shared)";
        assert_eq!(
            stage.cluster.value_in(database, rows),
            "2 2 0",
            "after {what}"
        );
    }
    let dependencies = "SELECT count(*) FROM pg_shdepend d WHERE refclassid = 'pg_authid'::regclass \
        AND NOT EXISTS (SELECT FROM pg_roles WHERE oid = d.refobjid)";
    assert_eq!(stage.cluster.value(dependencies), "0", "after {what}");
}

/// How many messages go in each direction when all goes well.
fn messages(stage: &Stage) -> [usize; 2] {
    make_leases(stage);
    let (run, proxy) = sweep_through(stage, Fault::None);
    run.success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
    [Direction::ToServer, Direction::ToClient].map(|direction| {
        proxy
            .messages()
            .iter()
            .filter(|(found, _)| *found == direction)
            .count()
    })
}

#[test]
fn killed_at_each_message() {
    let stage = stage();
    let [count, _] = messages(&stage);
    for count in 1..=count {
        let direction = Direction::ToServer;
        make_leases(&stage);
        let (run, _proxy) = sweep_through(&stage, Fault::StallAt { direction, count });
        check(&stage, &run, &format!("a kill at message {count}"));
    }
}

/// Tries every `step`th message, from `first` on, of a direction: 1 makes this complete, and slow.
fn cut(direction: Direction, first: usize, step: usize, fault: impl Fn(usize) -> Fault) {
    let stage = stage();
    let count = messages(&stage)[direction as usize];
    for count in (first..=count).step_by(step) {
        make_leases(&stage);
        let (run, _proxy) = sweep_through(&stage, fault(count));
        check(&stage, &run, &format!("{:?}", fault(count)));
    }
}

#[test]
fn cut_off_before_a_request() {
    let direction = Direction::ToServer;
    cut(direction, 1, 3, |count| Fault::CutBefore {
        direction,
        count,
    });
}

#[test]
fn cut_off_after_a_request() {
    let direction = Direction::ToServer;
    cut(direction, 2, 3, |count| Fault::CutAfter {
        direction,
        count,
    });
}

#[test]
fn cut_off_before_an_answer() {
    let direction = Direction::ToClient;
    cut(direction, 1, 11, |count| Fault::CutBefore {
        direction,
        count,
    });
}

#[test]
fn cut_off_after_an_answer() {
    let direction = Direction::ToClient;
    cut(direction, 6, 11, |count| Fault::CutAfter {
        direction,
        count,
    });
}

/// What became of a lease is not known where the connection is lost, and the audit log has that for each of them.
#[test]
fn what_is_lost_on_the_way_has_its_line_in_the_audit_log() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(NAMES, PAST);
    let (run, proxy) = sweep_through(&stage, Fault::None);
    run.success();
    let direction = Direction::ToServer;
    let sent = proxy.messages().into_iter();
    let sent: Vec<_> = sent.filter(|(found, _)| *found == direction).collect();
    let requests = sent.iter().enumerate();
    let requests = requests.filter(|(_, (_, kind))| *kind == b'Q');
    // The last look is two of them: this one drops.
    let (before, _) = requests.rev().nth(2).unwrap();
    stage.make(NAMES, PAST);
    let proxy = Proxy::start(stage.cluster.port());
    let count = before + 1;
    proxy.set_fault(Fault::CutBefore { direction, count });
    let sandbox = Sandbox::new().with_connection_at(proxy.port());
    let sweep = ["sweep", "--format", "json"];
    let report = sandbox.pgcreds(sweep).run().exits(4).json();
    assert_eq!(report["failed"], serde_json::json!([]));
    assert_eq!(report["revoked"], serde_json::json!([]));
    assert_eq!(report["unreachable"].as_array().unwrap().len(), 1);
    let mut events = audit::events(&audit::path(&sandbox));
    events.retain(|event| event["lease"].is_string());
    assert_eq!(audit::values(&events, "lease"), NAMES);
    assert_eq!(audit::values(&events, "outcome"), ["failed"; 3]);
}

/// A lease with a privilege and default privileges in `mydb`.
fn make_lease(stage: &Stage) {
    stage.make(["pgc_1"], PAST);
    stage.cluster.execute_in(
        "mydb",
        "DROP TABLE IF EXISTS t, shared; SET SESSION AUTHORIZATION vaultadmin; CREATE TABLE shared (); \
         GRANT SELECT ON shared TO pgc_1; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pgc_1",
    );
}

/// Stalls a sweep at each of its requests in turn, and calls `meanwhile` with it, the proxy, which it resumes, and its sandbox.
fn stall_at_each_request(stage: &Stage, meanwhile: impl Fn(Running, &Proxy, &Sandbox)) {
    make_lease(stage);
    let (_, proxy) = sweep_through(stage, Fault::None);
    let direction = Direction::ToServer;
    let messages = proxy.messages().into_iter();
    let requests = messages.filter(|(found, _)| *found == direction);
    for (number, (_, kind)) in requests.enumerate() {
        if kind != b'Q' {
            continue;
        }
        make_lease(stage);
        let proxy = Proxy::start(stage.cluster.port());
        let count = number + 1;
        proxy.set_fault(Fault::StallAt { direction, count });
        let sandbox = Sandbox::new().with_connection_at(proxy.port());
        let sweep = sandbox.pgcreds(["sweep", "--format", "json"]).spawn();
        proxy.wait_for_stall(PATIENCE);
        meanwhile(sweep, &proxy, &sandbox);
    }
}

/// A member of the lease makes a table in its name while a sweep is on its way.
#[test]
fn what_a_lease_comes_to_own_meanwhile_is_kept() {
    let stage = Stage::new(Admin::CreateRole);
    stage
        .cluster
        .execute("CREATE ROLE member LOGIN PASSWORD 'member-secret'");
    let member = stage.cluster.connect_as("member", "member-secret", "mydb");
    stall_at_each_request(&stage, |sweep, proxy, _| {
        // It fails where the lease is gone already.
        let _ = stage.cluster.try_execute_as(
            "vaultadmin",
            "admin-secret",
            "mydb",
            "GRANT pgc_1 TO member",
        );
        let made = member.rows("SET ROLE pgc_1; CREATE TABLE t AS SELECT 1 AS n; RESET ROLE");
        proxy.resume();
        let run = sweep.wait();
        assert!(matches!(run.code, 0 | 4), "{run}");
        stage.sweep([] as [&str; 0]).success();
        assert_eq!(stage.logins(), [] as [&str; 0]);
        let owner = "SELECT tableowner FROM pg_tables WHERE tablename = 't'";
        let found = stage.cluster.rows_in("mydb", owner).concat();
        assert_eq!(
            found.concat(),
            if made.is_ok() { "vaultadmin" } else { "" },
            "{run}"
        );
    });
}

/// Another sweep overtakes a sweep that is on its way.
#[test]
fn a_sweep_that_is_overtaken_reports_no_false_failure() {
    let stage = Stage::new(Admin::CreateRole);
    stall_at_each_request(&stage, |sweep, proxy, sandbox| {
        let command = ["sweep", "--format", "json"];
        let other = stage.sandbox.pgcreds(command).spawn();
        // It waits where the first one holds a lock.
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        within(PATIENCE, || {
            stage.logins().is_empty() || stage.cluster.value(waiting) != "0"
        });
        proxy.resume();
        for run in [other.wait(), sweep.wait()] {
            assert_eq!(
                run.clone().success().json()["failed"],
                serde_json::json!([]),
                "{run}"
            );
        }
        let log = audit::path(sandbox);
        let events = log.exists().then(|| audit::events(&log));
        for event in events.unwrap_or_default() {
            assert_eq!(event["outcome"], "ok", "{event}");
        }
        assert_eq!(stage.logins(), [] as [&str; 0]);
    });
}
