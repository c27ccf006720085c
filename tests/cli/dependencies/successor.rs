//! Who gets what a lease owned.

use crate::harness::Admin;
use crate::stage::{LATER, PAST, Stage};

/// A lease that owns table `t` with one row.
fn stage(admin: Admin) -> Stage {
    let stage = Stage::new(admin);
    stage.cluster.execute(
        "CREATE ROLE \"App \"\"Owner\"\" é\"; CREATE ROLE worker; GRANT \"App \"\"Owner\"\" é\", worker TO vaultadmin",
    );
    make_owner(&stage);
    stage
}

fn make_owner(stage: &Stage) {
    stage.make(["pgc owner"], PAST);
    stage.cluster.execute_in(
        "mydb",
        "SET SESSION AUTHORIZATION \"pgc owner\"; CREATE TABLE t AS SELECT 1 AS n",
    );
}

/// Sweeps, and returns who has the table now.
#[track_caller]
fn successor(stage: &Stage) -> String {
    stage.sweep([] as [&str; 0]).success();
    assert_eq!(stage.logins(), [] as [&str; 0]);
    assert_eq!(
        stage.cluster.value_in("mydb", "SELECT count(*) FROM t"),
        "1"
    );
    stage.cluster.value_in(
        "mydb",
        "SELECT tableowner FROM pg_tables WHERE tablename = 't'",
    )
}

#[test]
fn the_role_names_the_successor() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        for (keys, owner) in [
            (
                "reassign_owned_to = 'App \"Owner\" é'\nset_role = 'worker'",
                "App \"Owner\" é",
            ),
            ("set_role = 'worker'", "worker"),
        ] {
            stage.describe_role(keys);
            assert_eq!(successor(&stage), owner, "{admin:?} {keys}");
            stage.cluster.execute_in("mydb", "DROP TABLE t");
            make_owner(&stage);
        }
    }
}

#[test]
fn else_the_databases_owner_or_the_admin() {
    assert_eq!(successor(&stage(Admin::Superuser)), "dbowner");
    let stage = stage(Admin::CreateRole);
    assert_eq!(successor(&stage), "vaultadmin");
    stage
        .cluster
        .execute_in("mydb", "DROP TABLE t; GRANT dbowner TO vaultadmin");
    make_owner(&stage);
    assert_eq!(successor(&stage), "dbowner");
}

/// It ends as well, and what it would be given with it.
#[test]
fn a_lease_that_owns_the_database_is_no_successor() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for (what, end, change) in [
            ("another that is live", LATER, ""),
            (
                "another that is quarantined",
                LATER,
                "; ALTER ROLE \"pgc landlord\" NOLOGIN",
            ),
            ("one of the batch", PAST, ""),
        ] {
            let stage = stage(admin);
            stage.make(["pgc landlord"], end);
            stage.cluster.execute(&format!(
                "GRANT CREATE ON DATABASE mydb TO vaultadmin; ALTER ROLE vaultadmin CREATEDB; \
                 GRANT \"pgc landlord\" TO vaultadmin; ALTER DATABASE mydb OWNER TO \"pgc landlord\"{change}"
            ));
            stage.revoke("pgc owner").success();
            let owner = "SELECT tableowner FROM pg_tables WHERE tablename = 't'";
            let found = stage.cluster.value_in("mydb", owner);
            assert_eq!(found, "vaultadmin", "{admin:?} {what}");
            stage.sweep([] as [&str; 0]).success();
            let found = stage.cluster.value_in("mydb", owner);
            assert_eq!(found, "vaultadmin", "{admin:?} {what}");
        }
    }
}

/// What has code would find there what later leases owned.
#[test]
fn a_role_without_rights_that_owns_the_database_is_no_successor() {
    let stage = Stage::new(Admin::Superuser);
    stage.make(["pgc landlord"], PAST);
    stage.cluster.execute_in(
        "mydb",
        "ALTER DATABASE mydb OWNER TO \"pgc landlord\"; SET SESSION AUTHORIZATION \"pgc landlord\"; CREATE VIEW v AS SELECT 1 AS n",
    );
    stage.sweep([] as [&str; 0]).success();
    let left = stage.left_by("pgc landlord").concat();
    let owner = "SELECT datdba::regrole FROM pg_database WHERE datname = 'mydb'";
    assert_eq!(stage.cluster.value(owner), left);
    make_owner(&stage);
    assert_eq!(successor(&stage), "vaultadmin");
}

#[test]
fn a_successor_that_is_not_to_be_had_is_named() {
    let stage = stage(Admin::CreateRole);
    stage.describe_role("reassign_owned_to = 'nobody yet'");
    let oid = stage.oid("pgc owner");
    let run = stage.sweep([] as [&str; 0]).exits(4);
    assert!(
        run.stderr.contains("role \"nobody yet\" does not exist"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("owned (table public.t) in database \"mydb\""),
        "{run}"
    );
    assert!(stage.is_quarantined(&oid));
    stage.cluster.execute("CREATE ROLE \"nobody yet\"");
    let run = stage.sweep([] as [&str; 0]).exits(4);
    assert!(
        run.stderr
            .contains("could not reassign to \"nobody yet\": permission denied"),
        "{run}"
    );
    stage.cluster.execute("GRANT \"nobody yet\" TO vaultadmin");
    assert_eq!(successor(&stage), "nobody yet");
}

/// No role without rights can have it, whoever the admin is.
#[test]
fn what_only_superusers_may_own_needs_one() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for (object, definition, says) in [
            (
                "FOREIGN DATA WRAPPER \"f \"\"é\"",
                "",
                "foreign-data wrapper \"f \"é\"",
            ),
            (
                "EVENT TRIGGER \"Its 'own'\"",
                "ON ddl_command_start EXECUTE FUNCTION e()",
                "event trigger \"Its 'own'\"",
            ),
        ] {
            let stage = Stage::new(admin);
            stage.make(["pgc fallen"], LATER);
            stage.cluster.execute_in(
                "mydb",
                &format!(
                    "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE {object} {definition}; ALTER ROLE \"pgc fallen\" SUPERUSER; \
                     ALTER {object} OWNER TO \"pgc fallen\"; ALTER ROLE \"pgc fallen\" NOSUPERUSER"
                ),
            );
            let oid = stage.oid("pgc fallen");
            let run = stage.revoke("pgc fallen").exits(4);
            let (_, error) = run
                .stderr
                .split_once("could not reassign to \"pgcreds_left_")
                .unwrap_or_else(|| panic!("{run}"));
            let expected = format!("\": permission denied to change owner of {says}");
            assert_eq!(error.find(&expected), Some(12), "{run}");
            assert!(stage.is_quarantined(&oid));
            assert_eq!(stage.left_by("pgc fallen"), [] as [&str; 0]);
            stage
                .cluster
                .execute_in("mydb", "REASSIGN OWNED BY \"pgc fallen\" TO postgres");
            stage.sweep([] as [&str; 0]).success();
            assert!(stage.is_gone(&oid));
            let kept = "SELECT (SELECT count(*) FROM pg_foreign_data_wrapper) + (SELECT count(*) FROM pg_event_trigger)";
            assert_eq!(stage.cluster.value_in("mydb", kept), "1");
        }
    }
}

#[test]
fn a_schema_needs_an_admin_that_may_create_schemas() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc owner"], LATER);
    let oid = stage.oid("pgc owner");
    stage.cluster.execute_in(
        "mydb",
        "GRANT CREATE ON DATABASE mydb TO \"pgc owner\"; SET SESSION AUTHORIZATION \"pgc owner\"; CREATE SCHEMA \"It's\"; \
         CREATE TABLE \"It's\".t AS SELECT 1 AS n; RESET SESSION AUTHORIZATION; REVOKE CREATE ON DATABASE mydb FROM \"pgc owner\"",
    );
    let run = stage.revoke("pgc owner").exits(4);
    assert!(
        run.stderr.contains("permission denied for database mydb"),
        "{run}"
    );
    assert!(stage.is_quarantined(&oid));
    stage
        .cluster
        .execute("GRANT CREATE ON DATABASE mydb TO vaultadmin");
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
    assert_eq!(
        stage.cluster.value_in("mydb", "SELECT n FROM \"It's\".t"),
        "1"
    );
}
