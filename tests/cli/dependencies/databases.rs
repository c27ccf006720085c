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

/// A lease `pgc owner` that owns database `Its Own` with a table in it.
fn owner_of_a_database(admin: Admin) -> Stage {
    let stage = Stage::new(admin);
    stage.make(["pgc owner"], PAST);
    stage
        .cluster
        .execute("CREATE DATABASE \"Its Own\" OWNER \"pgc owner\"");
    stage.cluster.execute_in(
        "Its Own",
        "SET SESSION AUTHORIZATION \"pgc owner\"; CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS n",
    );
    stage
}

/// Sweeps away the lease that owns a database, which keeps its table and goes to that role.
#[track_caller]
fn goes_to(stage: &Stage, new_owner: &str) {
    let oid = stage.oid("pgc owner");
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
    assert_eq!(stage.cluster.value_in("Its Own", "SELECT n FROM s.t"), "1");
    let owner = "SELECT datdba::regrole FROM pg_database WHERE datname = 'Its Own'";
    assert_eq!(stage.cluster.value(owner), new_owner);
}

#[test]
fn a_database_that_it_owns_goes_to_the_admin() {
    goes_to(&owner_of_a_database(Admin::Superuser), "vaultadmin");
    let stage = owner_of_a_database(Admin::CreateRole);
    stage.cluster.execute("ALTER ROLE vaultadmin CREATEDB");
    goes_to(&stage, "vaultadmin");
}

/// From the minor releases of November 2026 on PostgreSQL asks for `CREATEDB`; before it lets every admin do it.
#[test]
fn an_admin_without_createdb_is_told_to_get_it() {
    let stage = owner_of_a_database(Admin::CreateRole);
    let oid = stage.oid("pgc owner");
    if !stage.cluster.is_of_november_2026() {
        return goes_to(&stage, "vaultadmin");
    }
    let run = stage.sweep([] as [&str; 0]).exits(4);
    assert!(
        run.stderr.contains("permission denied to change owner of database")
            && run.stderr.contains(
                "if it is about database \"Its Own\", run as a superuser: ALTER ROLE \"vaultadmin\" CREATEDB;"
            ),
        "{run}"
    );
    assert!(stage.is_quarantined(&oid));
    stage.cluster.execute("ALTER ROLE vaultadmin CREATEDB");
    goes_to(&stage, "vaultadmin");
}

/// The admin acts as the new owner, also where the lease is a member of it; nothing of that stays.
#[test]
fn a_database_goes_to_a_new_owner_with_createdb() {
    for keys in [
        "reassign_owned_to = 'Land \"Lord'",
        "set_role = 'Land \"Lord'",
    ] {
        for (acting, landlord) in [("", "CREATEDB"), ("CREATE ROLE broker CREATEDB", "")] {
            for is_member in [false, true] {
                let stage = owner_of_a_database(Admin::CreateRole);
                stage.describe_role(keys);
                stage.cluster.execute(&format!(
                    "CREATE ROLE \"Land \"\"Lord\" {landlord}; GRANT \"Land \"\"Lord\" TO vaultadmin WITH ADMIN OPTION; {acting}"
                ));
                if !acting.is_empty() {
                    stage
                        .cluster
                        .execute("GRANT \"Land \"\"Lord\" TO broker; GRANT broker TO vaultadmin");
                }
                stage.cluster.execute_in(
                    "Its Own",
                    "GRANT CREATE ON DATABASE \"Its Own\" TO \"Land \"\"Lord\"",
                );
                if is_member {
                    stage.as_admin("GRANT \"Land \"\"Lord\" TO \"pgc owner\"");
                }
                let members = "SELECT count(*) FROM pg_auth_members WHERE member IN \
                               (SELECT oid FROM pg_roles WHERE rolname IN ('Land \"Lord', 'broker'))";
                let before = stage.cluster.value(members);
                goes_to(&stage, "\"Land \"\"Lord\"");
                assert_eq!(stage.cluster.value(members), before);
            }
        }
    }
}
