//! Clusters start, answer, stop, and are apart from each other.

use std::time::Duration;

use crate::harness::{Admin, Cluster, eventually};

#[test]
fn a_cluster_answers_its_superuser() {
    let cluster = Cluster::start_with(&[("log_statement", "all"), ("work_mem", "5MB")]);
    assert_eq!(cluster.value("SELECT current_user"), "postgres");
    assert_eq!(cluster.value("SHOW work_mem"), "5MB");
    assert_eq!(
        cluster.rows("SELECT 1, NULL UNION ALL SELECT 2, 'x'"),
        [["1", ""], ["2", "x"]]
    );
    let number: u32 = cluster.value("SHOW server_version_num").parse().unwrap();
    assert_eq!(number / 10_000, cluster.version());
    assert!(cluster.log().contains("SHOW work_mem"), "{}", cluster.log());

    cluster.execute("CREATE DATABASE other");
    cluster.execute_in("other", "CREATE TABLE t AS SELECT 42 AS n");
    assert_eq!(cluster.value_in("other", "SELECT n FROM t"), "42");
    assert_eq!(
        cluster.rows_in("other", "SELECT n, n FROM t"),
        [["42", "42"]]
    );
}

#[test]
fn the_admin_is_what_its_name_says() {
    for (admin, powers) in [
        (Admin::Superuser, ["t", "f"]),
        (Admin::CreateRole, ["f", "t"]),
    ] {
        let cluster = Cluster::start();
        cluster.create_admin(admin);
        let flags = "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user";
        let found = cluster
            .try_execute_as("vaultadmin", "admin-secret", "mydb", flags)
            .unwrap();
        assert_eq!(found, [powers]);
        let grant = "CREATE ROLE someone; GRANT app_rw TO someone";
        cluster
            .try_execute_as("vaultadmin", "admin-secret", "mydb", grant)
            .unwrap();
        let owner = "SELECT datdba::regrole FROM pg_database WHERE datname = 'mydb'";
        assert_eq!(cluster.value(owner), "dbowner");
    }
}

#[test]
fn a_login_needs_its_password() {
    let cluster = Cluster::start();
    cluster.execute("CREATE ROLE someone LOGIN PASSWORD 'right'");
    assert_eq!(
        cluster.try_execute_as("someone", "right", "postgres", "SELECT 1"),
        Ok(vec![vec!["1".to_owned()]])
    );
    assert_eq!(
        cluster.try_execute_as("someone", "wrong", "postgres", "SELECT 1"),
        Err("28P01: password authentication failed for user \"someone\"".to_owned())
    );
    let verifier = "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = 'someone'";
    assert_eq!(cluster.value(verifier), "SCRAM-SHA-256");
}

#[test]
fn a_session_lives_until_the_server_ends_it() {
    let cluster = Cluster::start();
    cluster.execute("CREATE ROLE someone LOGIN PASSWORD 'right'");
    let session = cluster.connect_as("someone", "right", "postgres");
    session
        .rows("CREATE TEMP TABLE kept AS SELECT 7 AS n")
        .unwrap();
    assert_eq!(session.rows("SELECT n FROM kept").unwrap(), [["7"]]);
    assert_eq!(
        session.rows("SELECT 1/0"),
        Err("22012: division by zero".to_owned())
    );
    assert!(session.is_alive());
    cluster.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'someone'",
    );
    assert!(!session.is_alive());

    drop(cluster.connect_as("someone", "right", "postgres"));
    eventually(Duration::from_secs(10), || {
        cluster.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'someone'") == "0"
    });
}

#[test]
fn a_cluster_keeps_its_data_and_port_over_a_restart() {
    let cluster = Cluster::start();
    cluster.execute("CREATE ROLE someone LOGIN PASSWORD 'right'");
    let login = || cluster.try_execute_as("someone", "right", "postgres", "SELECT 1");
    cluster.stop();
    let refusal = login().unwrap_err();
    assert!(refusal.contains("Connection refused"), "{refusal}");
    cluster.restart();
    assert!(login().is_ok());
    cluster.restart();
    assert!(login().is_ok());
}

#[test]
fn a_standby_follows_and_refuses_to_write() {
    let primary = Cluster::start();
    let standby = primary.standby();
    assert_ne!(primary.port(), standby.port());
    assert_eq!(standby.value("SELECT pg_is_in_recovery()"), "t");
    primary.execute("CREATE ROLE someone SUPERUSER LOGIN PASSWORD 'right'");
    eventually(Duration::from_secs(30), || {
        standby.value("SELECT count(*) FROM pg_roles WHERE rolname = 'someone'") == "1"
    });
    assert_eq!(
        standby.try_execute_as("someone", "right", "postgres", "CREATE ROLE another"),
        Err("25006: cannot execute CREATE ROLE in a read-only transaction".to_owned())
    );
}

#[test]
fn clusters_that_start_together_are_apart() {
    let mut names: Vec<String> = std::thread::scope(|scope| {
        let start = || {
            let cluster = Cluster::start();
            let role = format!("role_of_{}", cluster.port());
            cluster.execute(&format!("CREATE ROLE {role}"));
            let found = cluster.value(
                "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname LIKE 'role_of_%'",
            );
            assert_eq!(found, role);
            assert!(
                cluster
                    .data_dir()
                    .starts_with(cluster.socket_dir().parent().unwrap())
            );
            found
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4);
}
