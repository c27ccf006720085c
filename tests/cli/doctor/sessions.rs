//! Checks of what sessions of logins leave for the admin.

use super::{finding, passes, paste, remedy};
use crate::harness::{Admin, Cluster};
use crate::stage::{LATER, PASSWORD, PAST, Stage};

fn reserved(stage: &Stage) -> String {
    let found = finding(&stage.sandbox, "reserved_slots");
    assert_eq!(found["status"], "ok", "{found:#}");
    found["detail"].as_str().unwrap().to_owned()
}

/// A lease takes all connections that it gets, expires, and a sweep ends its sessions.
#[track_caller]
fn sweep_of_a_full_server(stage: &Stage) {
    stage.make(["pgc_greedy"], LATER);
    stage.give_password("pgc_greedy");
    let mut sessions = Vec::new();
    let full = loop {
        let tried = stage
            .cluster
            .try_execute_as("pgc_greedy", PASSWORD, "mydb", "SELECT 1");
        match tried {
            Ok(_) => sessions.push(stage.cluster.connect_as("pgc_greedy", PASSWORD, "mydb")),
            Err(error) => break error,
        }
    };
    assert!(full.starts_with("53300: "), "{full}");
    stage
        .cluster
        .execute(&format!("ALTER ROLE pgc_greedy VALID UNTIL '{PAST}'"));
    stage.sweep([] as [&str; 0]).success();
    assert!(sessions.iter().all(|session| !session.is_alive()));
    assert!(stage.logins().is_empty());
}

/// What `doctor` says to run is run; then a sweep gets in although logins have taken all connections.
#[test]
fn a_reserved_slot_lets_the_sweep_in() {
    let stage = Stage::on(
        Cluster::start_with(&[("max_connections", "12")]),
        Admin::CreateRole,
    );
    let problem = reserved(&stage);
    assert!(
        problem.starts_with(
            "no connection slot is reserved for \"vaultadmin\": a sweep cannot connect while other sessions take all 12; "
        ),
        "{problem}"
    );
    if stage.cluster.version() < 16 {
        assert!(
            problem.ends_with(
                "before PostgreSQL 16 only a superuser has reserved slots: give every login a CONNECTION LIMIT"
            ),
            "{problem}"
        );
        stage.cluster.execute("ALTER ROLE vaultadmin SUPERUSER");
    } else {
        let (_, sql) = problem.split_once("as a superuser: ").unwrap();
        assert_eq!(
            sql,
            "GRANT pg_use_reserved_connections TO \"vaultadmin\"; \
             ALTER SYSTEM SET reserved_connections = 3; -- then restart the server"
        );
        // Each half alone reserves nothing.
        let (grant, setting) = sql.split_once("; ").unwrap();
        paste(&stage, grant);
        assert!(reserved(&stage).ends_with(&format!("as a superuser: {setting}")));
        paste(&stage, setting);
        stage.cluster.restart();
        stage
            .cluster
            .execute("REVOKE pg_use_reserved_connections FROM vaultadmin");
        assert!(reserved(&stage).ends_with(&format!("as a superuser: {grant};")));
        paste(&stage, grant);
    }
    assert!(
        reserved(&stage).ends_with("connection slots are reserved for \"vaultadmin\""),
        "{}",
        reserved(&stage)
    );
    sweep_of_a_full_server(&stage);
}

#[test]
fn a_superuser_without_reserved_slots() {
    let cluster = Cluster::start_with(&[("superuser_reserved_connections", "0")]);
    let stage = Stage::on(cluster, Admin::Superuser);
    assert!(
        reserved(&stage).ends_with(
            "reserve some: ALTER SYSTEM SET superuser_reserved_connections = 3; -- then restart the server"
        ),
        "{}",
        reserved(&stage)
    );
}

/// Only where one login can keep the sweep out.
#[test]
fn logins_without_a_limit() {
    let stage = Stage::new(Admin::CreateRole);
    let role = |keys: &str| {
        let state = stage.sandbox.state();
        let connections = state.split("\n[roles.").next().unwrap();
        stage.sandbox.write_state(&format!(
            "{connections}\n[roles.app]\nconnection = \"my-postgres-db\"\ncreation_statements = [\"\"\"CREATE ROLE \
             \"{{{{name}}}}\" LOGIN PASSWORD '{{{{password}}}}'\"\"\"]\n{keys}\n"
        ));
    };
    role("");
    assert_eq!(
        remedy(&stage.sandbox, "connection_limit", "warning"),
        "In [roles.app] write connection_limit = 20."
    );
    role("connection_limit = 20");
    passes(&stage.sandbox, "connection_limit");
    role("connection_limit = -1");
    passes(&stage.sandbox, "connection_limit");
    role("");
    stage.cluster.execute("ALTER ROLE vaultadmin SUPERUSER");
    passes(&stage.sandbox, "connection_limit");
}
