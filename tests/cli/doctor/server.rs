//! Checks of the server and of the admin.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{finding, passes, remedy, sql_mends};
use crate::harness::{Admin, Cluster, Sandbox, eventually};
use crate::stage::Stage;

/// Passes connections on for as long as it lives: others may want the port, too.
struct Forward {
    port: u16,
    is_over: Arc<AtomicBool>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Whoever waits for a connection gets one more, and looks.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Listens on that port (0: any) and passes connections on, with one text changed into another of the same length in both
/// directions.
fn forward(port: u16, server_port: u16, from: &'static str, to: &'static str) -> Forward {
    assert_eq!(from.len(), to.len());
    let mut listener = None;
    eventually(Duration::from_secs(60), || {
        listener = TcpListener::bind(("127.0.0.1", port)).ok();
        listener.is_some()
    });
    let listener = listener.unwrap();
    let port = listener.local_addr().unwrap().port();
    let is_over = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&is_over);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            if is_done.load(Ordering::Relaxed) {
                return;
            }
            let server = TcpStream::connect(("127.0.0.1", server_port)).unwrap();
            let (requests, answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || pass(requests, server, from, to));
            std::thread::spawn(move || pass(answers, client, from, to));
        }
    });
    Forward { port, is_over }
}

fn pass(mut source: TcpStream, mut target: TcpStream, from: &str, to: &str) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = source.read(&mut chunk) {
        let part = &mut chunk[..length];
        for at in 0..length {
            if !from.is_empty() && part[at..].starts_with(from.as_bytes()) {
                part[at..at + to.len()].copy_from_slice(to.as_bytes());
            }
        }
        if target.write_all(part).is_err() {
            return;
        }
    }
}

fn sandbox_at(port: u16) -> Sandbox {
    Sandbox::new().with_connection_at(port)
}

#[test]
fn what_the_admin_may_not_do() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("ALTER ROLE vaultadmin NOCREATEROLE");
    sql_mends(
        &stage,
        "createrole",
        "failure",
        "ALTER ROLE \"vaultadmin\" CREATEROLE;",
    );
    stage
        .cluster
        .execute("ALTER ROLE vaultadmin SET default_transaction_read_only = on");
    // What the admin's sessions begin with has no say.
    passes(&stage.sandbox, "writable");
    stage.cluster.execute("ALTER ROLE vaultadmin NOINHERIT");
    if stage.cluster.version() < 16 {
        sql_mends(
            &stage,
            "end_sessions",
            "failure",
            "ALTER ROLE \"vaultadmin\" INHERIT;",
        );
    }
    passes(&stage.sandbox, "end_sessions");
}

#[test]
fn a_standby() {
    let stage = Stage::new(Admin::CreateRole);
    passes(&stage.sandbox, "writable");
    let standby = stage.cluster.standby();
    let sandbox = sandbox_at(standby.port());
    let remedy = remedy(&sandbox, "writable", "failure");
    assert_eq!(remedy, "Point the connection's url at the primary.");
}

#[test]
fn a_clock_that_differs() {
    let stage = Stage::new(Admin::CreateRole);
    passes(&stage.sandbox, "clock");
    // The server's seconds since 1970 begin with these digits; the altered ones are some years later.
    let seconds: String = stage
        .cluster
        .value("SELECT extract(epoch FROM now())::bigint::text");
    let from: &'static str = seconds[..4].to_owned().leak();
    let to: &'static str = (from.parse::<u32>().unwrap() + 100).to_string().leak();
    let forward = forward(0, stage.cluster.port(), from, to);
    let sandbox = sandbox_at(forward.port);
    let found = finding(&sandbox, "clock");
    assert_eq!(found["status"], "warning", "{found:#}");
    let detail = found["detail"].as_str().unwrap();
    assert!(
        detail.contains("behind the server's") && detail.contains("100000"),
        "{detail}"
    );
    assert_eq!(found["remedy"], "timedatectl set-ntp true");
}

#[test]
fn a_pooler_by_its_port_and_by_its_answer() {
    let stage = Stage::new(Admin::CreateRole);
    let pooler = forward(6432, stage.cluster.port(), "", "");
    let at_port = sandbox_at(pooler.port);
    let found = finding(&at_port, "pooler");
    assert_eq!(found["status"], "warning", "{found:#}");
    assert!(
        found["detail"].as_str().unwrap().starts_with("port 6432"),
        "{found:#}"
    );
    // A server that has an answer to that question.
    let changed = forward(0, stage.cluster.port(), "SHOW pool_mode", "SHOW jit      ");
    let answers = sandbox_at(changed.port);
    let found = finding(&answers, "pooler");
    assert_eq!(found["status"], "warning", "{found:#}");
    assert!(
        found["detail"]
            .as_str()
            .unwrap()
            .starts_with("a pooler in mode off"),
        "{found:#}"
    );
}

#[test]
fn managed_services_by_their_roles() {
    let cluster = Cluster::start_with(&[("rds.restrict_password_commands", "on")]);
    let stage = Stage::on(cluster, Admin::CreateRole);
    stage
        .cluster
        .execute("CREATE ROLE rds_superuser; CREATE ROLE rds_password");
    sql_mends(
        &stage,
        "managed_service",
        "failure",
        "GRANT rds_password TO \"vaultadmin\";",
    );
    for (role, service) in [
        ("rds_superuser", "Amazon RDS or Aurora"),
        ("cloudsqlsuperuser", "Google Cloud SQL"),
        ("azure_pg_admin", "Azure Database for PostgreSQL"),
    ] {
        stage.cluster.execute(&format!(
            "DROP ROLE IF EXISTS rds_superuser; CREATE ROLE {role}"
        ));
        assert_eq!(
            finding(&stage.sandbox, "managed_service")["detail"],
            service
        );
        stage.cluster.execute(&format!("DROP ROLE {role}"));
    }
    assert_eq!(
        finding(&stage.sandbox, "managed_service")["detail"],
        "none is seen"
    );
}

#[test]
fn settings() {
    let cluster = Cluster::start_with(&[
        ("log_statement", "all"),
        ("password_encryption", "md5"),
        ("max_locks_per_transaction", "10"),
        ("max_connections", "30"),
    ]);
    cluster.execute("SET password_encryption = 'scram-sha-256'; ALTER ROLE postgres PASSWORD 'x'");
    cluster.execute("ALTER SYSTEM SET password_encryption = 'scram-sha-256'");
    cluster.execute("SELECT pg_reload_conf()");
    let stage = Stage::on(cluster, Admin::CreateRole);
    let log = finding(&stage.sandbox, "statement_log");
    assert_eq!(log["status"], "ok");
    assert!(
        log["detail"]
            .as_str()
            .unwrap()
            .starts_with("log_statement is all"),
        "{log:#}"
    );
    stage
        .cluster
        .execute("ALTER SYSTEM RESET password_encryption");
    stage.cluster.execute("SELECT pg_reload_conf()");
    sql_mends(
        &stage,
        "password_encryption",
        "warning",
        "ALTER SYSTEM SET password_encryption = 'scram-sha-256'; SELECT pg_reload_conf();",
    );
    let remedy = remedy(&stage.sandbox, "lock_table", "warning");
    super::paste(&stage, &remedy);
    stage.cluster.restart();
    passes(&stage.sandbox, "lock_table");
}
