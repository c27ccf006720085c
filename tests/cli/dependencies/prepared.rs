//! Prepared transactions: they belong to no session, and hold what they have locked until somebody ends them.

use std::time::{Duration, Instant};

use crate::harness::Admin;
use crate::stage::{LATER, PASSWORD, PAST, Stage};

const NAME: &str = "Some 'gid'; \"é\"";

/// A lease that has made a table in a prepared transaction.
fn stage(admin: Admin) -> (Stage, String) {
    let stage = Stage::new(admin);
    stage.make(["pgc prepared"], LATER);
    stage.give_password("pgc prepared");
    let session = stage.cluster.connect_as("pgc prepared", PASSWORD, "mydb");
    let prepare = format!("PREPARE TRANSACTION '{}'", NAME.replace('\'', "''"));
    for sql in ["BEGIN", "CREATE TABLE t AS SELECT 42 AS n", &prepare] {
        session.rows(sql).unwrap();
    }
    let oid = stage.oid("pgc prepared");
    (stage, oid)
}

fn finish(stage: &Stage, how: &str) {
    let name = NAME.replace('\'', "''");
    stage
        .cluster
        .execute_in("mydb", &format!("{how} PREPARED '{name}'"));
}

#[test]
fn a_prepared_transaction_is_named_and_outlived() {
    for (admin, owner) in [
        (Admin::Superuser, "dbowner"),
        (Admin::CreateRole, "vaultadmin"),
    ] {
        let (stage, oid) = stage(admin);
        let run = stage.revoke("pgc prepared").exits(4);
        assert!(
            run.stderr.contains(&format!(
                "prepared transaction \"{NAME}\" in database \"mydb\""
            )),
            "{run}"
        );
        assert!(stage.is_quarantined(&oid));
        finish(&stage, "COMMIT");
        stage.sweep([] as [&str; 0]).success();
        assert!(stage.is_gone(&oid));
        let found = "SELECT tableowner || (SELECT n FROM t) FROM pg_tables WHERE tablename = 't'";
        assert_eq!(stage.cluster.value_in("mydb", found), format!("{owner}42"));
    }
}

#[test]
fn a_prepared_transaction_delays_no_other_lease() {
    let (stage, oid) = stage(Admin::CreateRole);
    let names = stage.make_many(40, PAST);
    let start = Instant::now();
    let run = stage
        .sandbox
        .pgcreds(["lease", "revoke", "--all", "--format", "json"])
        .run()
        .exits(4);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(run.json()["revoked"], serde_json::json!(names));
    assert_eq!(stage.logins(), ["pgc prepared"]);
    assert!(stage.is_quarantined(&oid));
    finish(&stage, "ROLLBACK");
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}

/// A superuser has prepared to make the lease the owner of something.
#[test]
fn a_prepared_transaction_of_somebody_else_is_named() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc prepared"], PAST);
    let oid = stage.oid("pgc prepared");
    for is_restarted in [false, true] {
        stage.cluster.execute_in(
            "mydb",
            "BEGIN; CREATE TABLE t (); ALTER TABLE t OWNER TO \"pgc prepared\"; PREPARE TRANSACTION 'theirs'",
        );
        if is_restarted {
            stage.cluster.restart();
        }
        let start = Instant::now();
        let run = stage.revoke("pgc prepared").exits(4);
        assert!(start.elapsed() < Duration::from_secs(5), "{run}");
        let expected = "prepared transaction \"theirs\" in database \"mydb\" has to be committed or rolled back first";
        assert!(run.stderr.contains(expected), "{run}");
        stage
            .cluster
            .execute_in("mydb", "ROLLBACK PREPARED 'theirs'");
        assert!(stage.is_quarantined(&oid));
    }
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}
