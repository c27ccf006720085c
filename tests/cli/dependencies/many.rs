//! Leases with more than fits into one transaction of a small server, and applications beside their revocation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{Admin, Cluster, Signal, eventually};
use crate::stage::{PAST, Stage};

/// With a lock table that the leases of these tests would fill many times.
fn stage(admin: Admin) -> Stage {
    let cluster = Cluster::start_with(&[("max_locks_per_transaction", "10")]);
    let stage = Stage::on(cluster, admin);
    stage
        .cluster
        .execute("CREATE ROLE app LOGIN PASSWORD 'app-secret'");
    stage
}

/// Runs SQL once for each number up to `count`, `{}`, as a role, in transactions of a few.
fn repeat(stage: &Stage, role: &str, count: u32, sql: &str) {
    let mut script = format!("SET ROLE {role}; BEGIN;");
    for number in 1..=count {
        script.push_str(&format!("{};", sql.replace("{}", &number.to_string())));
        if number % 20 == 0 {
            script.push_str("COMMIT; BEGIN;");
        }
    }
    stage
        .cluster
        .execute_in("mydb", &format!("{script} COMMIT"));
}

/// The longest that a query of `app` took while `work` was done.
fn longest_wait<T>(stage: &Stage, sql: &str, work: impl FnOnce() -> T) -> (Duration, T) {
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let probe = scope.spawn(|| {
            let session = stage.cluster.connect_as("app", "app-secret", "mydb");
            let mut longest = Duration::ZERO;
            while !is_done.load(Ordering::Relaxed) {
                let start = Instant::now();
                session.rows(sql).unwrap();
                longest = longest.max(start.elapsed());
            }
            longest
        });
        let result = work();
        is_done.store(true, Ordering::Relaxed);
        (probe.join().unwrap(), result)
    })
}

fn owners(stage: &Stage) -> Vec<String> {
    let sql = "SELECT DISTINCT refobjid::regrole FROM pg_shdepend WHERE deptype = 'o' \
         AND dbid = (SELECT oid FROM pg_database WHERE datname = 'mydb') ORDER BY 1";
    stage.cluster.rows_in("mydb", sql).concat()
}

#[test]
fn a_lease_that_owns_thousands_of_objects_goes() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        stage.make(["pgc_many", "pgc_other"], PAST);
        repeat(
            &stage,
            "pgc_many",
            600,
            "CREATE TABLE t{} (n serial PRIMARY KEY, x text UNIQUE)",
        );
        repeat(
            &stage,
            "pgc_many",
            200,
            "CREATE TYPE e{} AS ENUM ('a'); CREATE SEQUENCE s{}; CREATE TYPE c{} AS (n int)",
        );
        repeat(&stage, "pgc_many", 5000, "SELECT lo_create({})");
        repeat(
            &stage,
            "pgc_many",
            3,
            "CREATE TABLE p{} (n int) PARTITION BY LIST (n); CREATE TABLE p{}_1 PARTITION OF p{} DEFAULT",
        );
        stage.cluster.execute_in(
            "mydb",
            "SET ROLE pgc_many; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO app; \
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app",
        );
        let objects = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'S') AND relnamespace = 'public'::regnamespace";
        let before = stage.cluster.value_in("mydb", objects);
        let oids = ["pgc_many", "pgc_other"].map(|name| stage.oid(name));
        let (wait, run) = longest_wait(&stage, "INSERT INTO t300 (x) VALUES (random())", || {
            stage.sweep_report(0)
        });
        assert_eq!(run["revoked"].as_array().unwrap().len(), 2);
        assert!(wait < Duration::from_secs(1), "{wait:?}");
        assert!(oids.iter().all(|oid| stage.is_gone(oid)));
        assert_eq!(stage.cluster.value_in("mydb", objects), before);
        let owner = if admin == Admin::Superuser {
            "dbowner"
        } else {
            "vaultadmin"
        };
        let found = owners(&stage);
        assert!(found.iter().all(|role| role == owner), "{found:?}");
    }
}

#[test]
fn a_long_reader_is_in_nobodys_way_for_long() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for count in [2, 300] {
            let stage = stage(admin);
            stage.make(["pgc_many"], PAST);
            repeat(
                &stage,
                "pgc_many",
                count,
                "CREATE TABLE t{} (n serial PRIMARY KEY, x text)",
            );
            stage.cluster.execute_in(
                "mydb",
                "SET ROLE pgc_many; GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
            );
            let reader = stage.cluster.connect_as("app", "app-secret", "mydb");
            reader.rows("BEGIN; SELECT FROM t1").unwrap();
            let query = "SELECT FROM t1; SELECT FROM t2";
            let (wait, run) = longest_wait(&stage, query, || stage.sweep([] as [&str; 0]).exits(4));
            assert!(wait < Duration::from_secs(1), "{count}: {wait:?}");
            assert!(run.stderr.contains("of \"app\""), "{run}");
            assert!(stage.is_quarantined(&stage.oid("pgc_many")));
            reader.rows("COMMIT").unwrap();
            stage.sweep([] as [&str; 0]).success();
            assert!(stage.logins().is_empty());
            assert!(!owners(&stage).contains(&"pgc_many".to_owned()));
        }
    }
}

#[test]
fn one_role_gets_all_code_also_after_an_interruption() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        stage.make(["pgc_many"], PAST);
        repeat(
            &stage,
            "pgc_many",
            1000,
            "CREATE FUNCTION f{}() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        );
        repeat(
            &stage,
            "pgc_many",
            300,
            "CREATE TABLE t{} (n serial PRIMARY KEY, x text)",
        );
        let left = || stage.left_by("pgc_many");
        let owned = |role: &str| {
            let sql = format!(
                "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = '{role}'::regrole"
            );
            stage.cluster.value_in("mydb", &sql).parse::<u32>().unwrap()
        };
        let running = stage.sandbox.pgcreds(["sweep"]).spawn();
        eventually(Duration::from_secs(30), || {
            left().first().is_some_and(|role| owned(role) > 0)
        });
        running.signal(Signal::KILL);
        assert_eq!(running.wait().code, 137, "it was not interrupted");
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vaultadmin'";
        eventually(Duration::from_secs(10), || {
            stage.cluster.value(sessions) == "0"
        });
        let first = left();
        assert_eq!(first.len(), 1);
        assert!(owned("pgc_many") > 0, "it was not interrupted");
        let run = stage.sweep([] as [&str; 0]).success();
        assert!(run.stderr.contains(&first[0]), "{run}");
        assert!(stage.logins().is_empty());
        assert_eq!(left(), first);
        assert_eq!(owners(&stage), first);
        let powers = format!(
            "SELECT count(*) FROM pg_auth_members WHERE member = '{0}'::regrole; \
             SELECT count(*) FROM pg_roles WHERE rolname = '{0}' AND rolinherit",
            first[0]
        );
        assert_eq!(stage.cluster.rows(&powers).concat(), ["0", "0"]);
    }
}

#[test]
fn many_leases_with_privileges_on_many_objects_go() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        let names = stage.make_many(60, PAST);
        repeat(&stage, "vaultadmin", 900, "CREATE TABLE t{} (n int)");
        repeat(&stage, "vaultadmin", 2000, "SELECT lo_create({})");
        for (number, name) in names.iter().enumerate() {
            let first = number + 1;
            stage.cluster.execute_in(
                "mydb",
                &format!(
                    "SET ROLE vaultadmin; DO $$ BEGIN FOR n IN {first}..900 BY 60 LOOP \
                         EXECUTE format('GRANT SELECT ON t%s TO {name} WITH GRANT OPTION', n); END LOOP; \
                     FOR n IN {first}..2000 BY 60 LOOP \
                         EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO {name}', n); END LOOP; END $$; \
                     RESET ROLE; SET ROLE {name}; GRANT SELECT ON t{first} TO app"
                ),
            );
        }
        let (wait, _) = longest_wait(&stage, "SELECT FROM t1; SELECT FROM t60", || {
            stage.sweep([] as [&str; 0]).success()
        });
        assert!(wait < Duration::from_secs(1), "{wait:?}");
        assert!(stage.logins().is_empty());
        let kept = "SELECT count(*) FROM pg_class WHERE relname ~ '^t[0-9]+$' AND has_table_privilege('app', oid, 'SELECT')";
        assert_eq!(stage.cluster.value_in("mydb", kept), "60");
    }
}
