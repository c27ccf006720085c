//! Dependencies that lie in other databases than the connection's own.

use crate::harness::Admin;
use crate::stage::{LATER, PAST, Stage, identifier};

/// What a database can be called.
const NAMES: [&str; 3] = [
    "Other \"1\"; é",
    "' -- 2 \\ %I",
    "ÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜ3",
];

/// Three more databases, in each of which the lease owns a table of two rows, and may use one of the admin's.
fn stage(admin: Admin) -> Stage {
    let stage = Stage::new(admin);
    stage.make(["pgc spread"], LATER);
    for name in NAMES {
        stage
            .cluster
            .execute(&format!("CREATE DATABASE {}", identifier(name)));
        for sql in [
            "GRANT CREATE ON SCHEMA public TO PUBLIC; SET SESSION AUTHORIZATION \"pgc spread\"; \
             CREATE TABLE \"its own\" AS SELECT generate_series(1, 2) AS n",
            "SET SESSION AUTHORIZATION vaultadmin; CREATE TABLE \"the admin's\" (n int); GRANT ALL ON \"the admin's\" TO \"pgc spread\"; \
             ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO \"pgc spread\"",
        ] {
            stage.cluster.execute_in(name, sql);
        }
    }
    stage
}

fn assert_kept(stage: &Stage, owner: &str) {
    for name in NAMES {
        let found = stage.cluster.value_in(
            name,
            "SELECT tableowner || (SELECT count(*) FROM \"its own\") || (SELECT count(*) FROM \"the admin's\") \
             FROM pg_tables WHERE tablename = 'its own'",
        );
        assert_eq!(found, format!("{owner}20"), "{name}");
    }
}

#[test]
fn all_databases_are_freed() {
    for (admin, owner) in [
        (Admin::Superuser, "postgres"),
        (Admin::CreateRole, "vaultadmin"),
    ] {
        let stage = stage(admin);
        let oid = stage.oid("pgc spread");
        let run = stage.revoke("pgc spread").success();
        assert_eq!(run.stderr, "revoked lease \"pgc spread\"\n");
        assert!(stage.is_gone(&oid));
        assert_kept(&stage, owner);
    }
}

#[test]
fn a_database_that_the_admin_may_not_enter_is_named() {
    let stage = stage(Admin::CreateRole);
    let closed = identifier(NAMES[0]);
    stage
        .cluster
        .execute(&format!("REVOKE CONNECT ON DATABASE {closed} FROM PUBLIC"));
    stage.make(["pgc other"], LATER);
    let oid = stage.oid("pgc spread");
    let run = stage
        .sandbox
        .pgcreds(["lease", "revoke", "pgc spread", "pgc other"])
        .run()
        .exits(4);
    let grant =
        "run: GRANT CONNECT ON DATABASE \"Other \"\"1\"\"; é\" TO \"vaultadmin\"; what still";
    for part in ["could not look into database \"Other \"1\"; é\"", grant] {
        assert!(run.stderr.contains(part), "{run}");
    }
    assert!(
        run.stderr.contains("in database \"Other \"1\"; é\""),
        "{run}"
    );
    assert!(stage.is_quarantined(&oid));
    assert_eq!(stage.logins(), ["pgc spread"]);
    stage
        .cluster
        .execute(&format!("GRANT CONNECT ON DATABASE {closed} TO vaultadmin"));
    assert_eq!(stage.sweep_report(0)["revoked"][0], "pgc spread");
    assert!(stage.is_gone(&oid));
    assert_kept(&stage, "vaultadmin");
}

#[test]
fn a_database_that_nobody_may_enter_is_named() {
    let stage = stage(Admin::Superuser);
    let closed = identifier(NAMES[1]);
    stage
        .cluster
        .execute(&format!("ALTER DATABASE {closed} ALLOW_CONNECTIONS false"));
    let oid = stage.oid("pgc spread");
    let run = stage.revoke("pgc spread").exits(4);
    assert!(run.stderr.contains("database \"' -- 2 \\ %I\""), "{run}");
    assert!(stage.is_quarantined(&oid));
    stage
        .cluster
        .execute(&format!("ALTER DATABASE {closed} ALLOW_CONNECTIONS true"));
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
    assert_kept(&stage, "postgres");
}

#[test]
fn a_database_that_it_owns_goes_to_the_admin() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin);
        stage.make(["pgc owner"], PAST);
        let oid = stage.oid("pgc owner");
        stage
            .cluster
            .execute("CREATE DATABASE \"Its Own\" OWNER \"pgc owner\"");
        stage.cluster.execute_in(
            "Its Own",
            "SET SESSION AUTHORIZATION \"pgc owner\"; CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS n",
        );
        stage.sweep([] as [&str; 0]).success();
        assert!(stage.is_gone(&oid));
        assert_eq!(stage.cluster.value_in("Its Own", "SELECT n FROM s.t"), "1");
        let owner = "SELECT datdba::regrole FROM pg_database WHERE datname = 'Its Own'";
        assert_eq!(stage.cluster.value(owner), "vaultadmin");
    }
}
