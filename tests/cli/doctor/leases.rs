//! Checks of leases.

use super::{command_mends, finding, passes, remedy, sql_mends};
use crate::harness::Admin;
use crate::stage::{LATER, PASSWORD, PAST, Stage, identifier, literal, marker};

fn detail(stage: &Stage, check: &str) -> String {
    let found = finding(&stage.sandbox, check);
    assert_eq!(found["status"], "ok", "{found:#}");
    found["detail"].as_str().unwrap().to_owned()
}

#[test]
fn nobody_sweeps() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc_a", "pgc_b"], LATER);
    passes(&stage.sandbox, "sweep");
    // Expired for a minute: the next sweep is to come.
    let minute_ago = stage.cluster.value("SELECT now() - interval '1 minute'");
    stage.make(["pgc_c"], &minute_ago);
    assert_eq!(
        detail(&stage, "leases"),
        "2 active, 1 expired, 0 quarantined"
    );
    passes(&stage.sandbox, "sweep");
    stage.make(["pgc_d"], PAST);
    command_mends(&stage.sandbox, "sweep", "warning");
    assert_eq!(
        detail(&stage, "leases"),
        "2 active, 0 expired, 0 quarantined"
    );
}

#[test]
fn sessions_that_outlive_their_lease() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc_a"], LATER);
    stage.give_password("pgc_a");
    let _session = stage.cluster.connect_as("pgc_a", PASSWORD, "mydb");
    passes(&stage.sandbox, "late_sessions");
    stage
        .cluster
        .execute(&format!("ALTER ROLE pgc_a VALID UNTIL '{PAST}'"));
    command_mends(&stage.sandbox, "late_sessions", "warning");
    assert!(stage.logins().is_empty());
}

#[test]
fn leases_that_could_not_be_dropped() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc_a"], LATER);
    stage.cluster.execute("ALTER ROLE pgc_a NOLOGIN");
    assert_eq!(
        finding(&stage.sandbox, "leases")["detail"],
        "0 active, 0 expired, 1 quarantined"
    );
    command_mends(&stage.sandbox, "quarantined", "warning");
}

#[test]
fn leases_of_others_and_of_a_newer_program() {
    let stage = Stage::new(Admin::CreateRole);
    assert!(detail(&stage, "other_admins").starts_with("0 leases"));
    stage
        .cluster
        .execute(&crate::stage::creation("pgc_theirs", PAST));
    let mut newer = marker("pgc_newer");
    newer["pgcreds"] = 2.into();
    stage.as_admin(&format!(
        "CREATE ROLE pgc_newer; COMMENT ON ROLE pgc_newer IS {}",
        literal(&newer.to_string())
    ));
    assert!(!remedy(&stage.sandbox, "newer_leases", "warning").is_empty());
    if stage.cluster.version() >= 16 {
        assert!(detail(&stage, "other_admins").starts_with("1 lease of"));
        passes(&stage.sandbox, "sweep");
    } else {
        command_mends(&stage.sandbox, "sweep", "warning");
    }
    stage.cluster.execute("DROP ROLE pgc_newer");
    passes(&stage.sandbox, "newer_leases");
}

#[test]
fn roles_that_are_no_longer_described_are_only_noted() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc_a"], LATER);
    assert!(!detail(&stage, "unknown_roles").contains("app-role"));
    let state = stage
        .sandbox
        .state()
        .replace("[roles.app-role]", "[roles.renamed]");
    stage.sandbox.write_state(&state);
    assert!(detail(&stage, "unknown_roles").contains("\"app-role\""));
}

#[test]
fn leases_that_lead_to_a_superuser_or_to_the_admin() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let stage = Stage::new(admin);
        stage.make(["pgc_a", "pgc_b"], LATER);
        passes(&stage.sandbox, "admin_groups");
        stage.cluster.execute(
            "CREATE ROLE \"the middle\" IN ROLE postgres; GRANT \"the middle\" TO pgc_a, pgc_b",
        );
        let found = finding(&stage.sandbox, "admin_groups");
        assert_eq!(
            found["detail"],
            "2 leases of role \"app-role\" could become the connection's admin or a superuser: \"pgc_a\", \"pgc_b\""
        );
        let revoke = "REVOKE postgres FROM \"the middle\";";
        sql_mends(&stage, "admin_groups", "failure", revoke);
        // From PostgreSQL 16 on an admin without superuser is a member of its leases, and no circle is possible.
        if admin == Admin::Superuser || stage.cluster.version() < 16 {
            stage.cluster.execute("GRANT vaultadmin TO pgc_b");
            let revoke = "REVOKE vaultadmin FROM pgc_b;";
            sql_mends(&stage, "admin_groups", "failure", revoke);
        }
    }
}

#[test]
fn a_table_with_too_many_grantees() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE t (n int); GRANT SELECT ON t TO app_rw",
    );
    passes(&stage.sandbox, "table_acl");
    let names = stage.make_many(1_001, PAST);
    let grantees: Vec<String> = names.iter().map(|name| identifier(name)).collect();
    stage.cluster.execute_in(
        "mydb",
        &format!("GRANT SELECT ON t TO {}", grantees.join(", ")),
    );
    let found = finding(&stage.sandbox, "table_acl");
    assert!(
        found["detail"]
            .as_str()
            .unwrap()
            .contains("public.t has privileges of 100"),
        "{found:#}"
    );
    stage
        .cluster
        .execute_in("mydb", "ALTER TABLE t OWNER TO vaultadmin");
    command_mends(&stage.sandbox, "table_acl", "warning");
}
