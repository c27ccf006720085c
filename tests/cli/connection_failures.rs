//! Servers that cannot be reached, refuse, or are no use: each is named, with the next step, and nothing stays behind.

use std::time::{Duration, Instant};

use crate::harness::{Admin, Cluster, Fault, Proxy, Sandbox, eventually};

/// A cluster with its admin, and a sandbox with connection `my-postgres-db` and role `app`.
fn stage(settings: &[(&str, &str)]) -> (Cluster, Sandbox) {
    let cluster = Cluster::start_with(settings);
    cluster.create_admin(Admin::CreateRole);
    let sandbox = Sandbox::new().with_connection(&cluster);
    add_role(&sandbox);
    (cluster, sandbox)
}

/// Adds role `app` without a look at the server.
fn add_role(sandbox: &Sandbox) {
    let add = [
        "role",
        "add",
        "app",
        "--connection",
        "my-postgres-db",
        "--member-of",
        "app_rw",
        "--no-verify",
    ];
    sandbox.pgcreds(add).run().success();
}

/// What everything that needs the connection answers; `connection add` of another name to the same place included.
#[track_caller]
fn everything_answers(cluster: Option<&Cluster>, sandbox: &Sandbox, port: u16, expected: &str) {
    for line in [
        "connection check my-postgres-db",
        "role check app",
        "issue app",
    ] {
        let command = sandbox.pgcreds(line.split(' '));
        let answer = replace_port(&sandbox.refusal(cluster, command), port);
        assert_eq!(answer, expected, "{line}");
    }
}

fn replace_port(text: &str, port: u16) -> String {
    text.replace(&port.to_string(), "PORT")
}

/// The answer of `connection add` to that url, with the admin's password.
fn add(cluster: Option<&Cluster>, sandbox: &Sandbox, url: &str) -> String {
    let arguments = [
        "connection",
        "add",
        "other",
        "--username",
        "vaultadmin",
        "--password-env",
        "ADMIN_PASSWORD",
    ];
    let command = sandbox.pgcreds(arguments.iter().chain(&["--url", url]));
    sandbox.refusal(cluster, command.env("ADMIN_PASSWORD", "admin-secret"))
}

#[test]
fn a_server_that_is_down() {
    let (cluster, sandbox) = stage(&[]);
    cluster.stop();
    everything_answers(
        None,
        &sandbox,
        cluster.port(),
        r#"--- stderr ---
error: could not connect to "my-postgres-db" at 127.0.0.1:PORT, database "mydb", as "vaultadmin"
caused by: error connecting to server: Connection refused (os error 111)
hint: Check that the server runs and that its host, port and firewall let you in, then run: pgcreds connection check my-postgres-db
[exit 3]
"#,
    );
}

#[test]
fn a_host_that_does_not_exist() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let answer = add(None, &sandbox, "postgresql://no-such-host.invalid/mydb");
    // The rest of that line is the C library's wording.
    let (start, rest) = answer
        .split_once("failed to lookup address information")
        .unwrap();
    assert_eq!(
        start,
        r#"--- stderr ---
error: could not connect to "other" at no-such-host.invalid:5432, database "mydb", as "vaultadmin"
caused by: error connecting to server: "#
    );
    assert!(rest.ends_with("[exit 3]\n"), "{answer}");
}

#[test]
fn several_hosts_of_which_none_answers() {
    let sandbox = Sandbox::new();
    sandbox.write_state("version = 1\n");
    let answer = add(None, &sandbox, "postgresql://127.0.0.1:1,127.0.0.1:2/mydb");
    assert!(
        answer.contains("at 127.0.0.1:1,") && answer.contains("at 127.0.0.1:2,"),
        "{answer}"
    );
    assert!(
        answer.contains(
            "\nhint: Check that the server runs and that its host, port and firewall let you in, then run this again; \
             or add it with --no-verify, and later run: pgcreds connection check other\n"
        ),
        "{answer}"
    );
}

#[test]
fn the_second_of_two_hosts_is_tried() {
    let (cluster, sandbox) = stage(&[]);
    let url = format!("postgresql://127.0.0.1:1,127.0.0.1:{}/mydb", cluster.port());
    let add = [
        "connection",
        "add",
        "two",
        "--username",
        "vaultadmin",
        "--password-file",
        "admin.password",
        "--url",
        &url,
    ];
    sandbox.pgcreds(add).run().success();
}

#[test]
fn a_database_that_does_not_exist() {
    let (cluster, sandbox) = stage(&[]);
    let url = format!("postgresql://127.0.0.1:{}/nodb", cluster.port());
    assert_eq!(
        add(Some(&cluster), &sandbox, &url),
        r#"--- stderr ---
error: could not connect to "other" at 127.0.0.1:PORT, database "nodb", as "vaultadmin"
caused by: database "nodb" does not exist (SQLSTATE 3D000)
hint: Mend the database's name in the connection's url, or create it with: createdb NAME
[exit 3]
"#
    );
}

#[test]
fn a_wrong_password() {
    let (cluster, sandbox) = stage(&[]);
    std::fs::write(sandbox.home().join("admin.password"), "hunter2\n").unwrap();
    everything_answers(
        Some(&cluster),
        &sandbox,
        cluster.port(),
        r#"--- stderr ---
error: could not connect to "my-postgres-db" at 127.0.0.1:PORT, database "mydb", as "vaultadmin", with the password from file "~/admin.password"
caused by: password authentication failed for user "vaultadmin" (SQLSTATE 28P01)
hint: Check the username, the password's source and pg_hba.conf.
[exit 3]
"#,
    );
}

#[test]
fn too_many_connections() {
    let (cluster, sandbox) = stage(&[]);
    cluster.execute("ALTER ROLE vaultadmin CONNECTION LIMIT 0");
    everything_answers(
        Some(&cluster),
        &sandbox,
        cluster.port(),
        r#"--- stderr ---
error: could not connect to "my-postgres-db" at 127.0.0.1:PORT, database "mydb", as "vaultadmin"
caused by: too many connections for role "vaultadmin" (SQLSTATE 53300)
hint: Try again later, or raise max_connections, or the connection limit of the role or of the database.
[exit 3]
"#,
    );
}

#[test]
fn all_slots_of_the_server_are_taken() {
    let (cluster, sandbox) = stage(&[
        ("max_connections", "6"),
        ("superuser_reserved_connections", "3"),
        ("max_wal_senders", "2"),
    ]);
    let open = || cluster.connect_as("vaultadmin", "admin-secret", "postgres");
    let first = open();
    // The sessions that prepared the cluster have to be gone, or one of ours gets no slot.
    let others = "SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'";
    eventually(Duration::from_secs(30), || {
        first.rows(others).unwrap() == [["0"]]
    });
    let _taken = [open(), open()];
    let answer = sandbox.refusal(Some(&cluster), sandbox.pgcreds(["issue", "app"]));
    assert!(
        answer.contains("(SQLSTATE 53300)\nhint: Try again later"),
        "{answer}"
    );
    assert!(answer.ends_with("[exit 3]\n"), "{answer}");
}

#[test]
fn a_standby() {
    let primary = Cluster::start();
    primary.create_admin(Admin::Superuser);
    let standby = primary.standby();
    let arrived = "SELECT count(*) FROM pg_database WHERE datname = 'mydb'";
    eventually(Duration::from_secs(30), || standby.value(arrived) == "1");
    let sandbox = Sandbox::new().with_connection(&standby);
    add_role(&sandbox);
    let check = sandbox.pgcreds(["connection", "check", "my-postgres-db"]);
    assert_eq!(
        sandbox.refusal(Some(&standby), check),
        r#"--- stderr ---
error: connection "my-postgres-db": the server is read-only
hint: It is a standby or in recovery. Point the connection's url at the primary.
[exit 3]
"#
    );
    for line in ["issue app", "role check app"] {
        assert_eq!(
            sandbox.refusal(Some(&standby), sandbox.pgcreds(line.split(' '))),
            r#"--- stderr ---
error: could not issue role "app" on connection "my-postgres-db": the server is read-only
hint: It is a standby or in recovery. Point the connection's url at the primary.
[exit 3]
"#,
            "{line}"
        );
    }
}

#[test]
fn a_server_that_accepts_and_never_answers() {
    let (cluster, sandbox) = stage(&[]);
    let proxy = Proxy::start(cluster.port());
    proxy.set_fault(Fault::Silent);
    let state = sandbox.state();
    let address = format!("127.0.0.1:{}/mydb", cluster.port());
    let limited = format!("127.0.0.1:{}/mydb?connect_timeout=1", proxy.port());
    sandbox.write_state(&state.replace(&address, &limited));
    let start = Instant::now();
    everything_answers(
        Some(&cluster),
        &sandbox,
        proxy.port(),
        r#"--- stderr ---
error: could not connect to "my-postgres-db" at 127.0.0.1:PORT, database "mydb", as "vaultadmin"
caused by: the server did not answer within 1 s
hint: Check that the server runs and that its host, port and firewall let you in, then run: pgcreds connection check my-postgres-db
[exit 3]
"#,
    );
    assert!(
        start.elapsed() < Duration::from_secs(9),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_server_that_closes_the_connection() {
    let (cluster, sandbox) = stage(&[]);
    let proxy = Proxy::start(cluster.port());
    proxy.set_fault(Fault::Refuse);
    let state = sandbox.state();
    sandbox.write_state(&state.replace(&cluster.port().to_string(), &proxy.port().to_string()));
    let answer = sandbox.refusal(Some(&cluster), sandbox.pgcreds(["issue", "app"]));
    assert!(
        answer.starts_with("--- stderr ---\nerror: could not connect to \"my-postgres-db\""),
        "{answer}"
    );
    assert!(answer.ends_with("[exit 3]\n"), "{answer}");
}

#[test]
fn a_server_that_speaks_no_tls() {
    let (cluster, sandbox) = stage(&[]);
    let add = |mode| {
        let url = format!(
            "postgresql://127.0.0.1:{}/mydb?sslmode={mode}",
            cluster.port()
        );
        replace_port(&add(Some(&cluster), &sandbox, &url), cluster.port())
    };
    assert_eq!(
        add("require"),
        r#"--- stderr ---
error: could not connect to "other" at 127.0.0.1:PORT, database "mydb", as "vaultadmin"
caused by: error performing TLS handshake: server does not support TLS
hint: Turn ssl on in the server's postgresql.conf. Only where the network can be trusted, set sslmode=disable in the connection's url.
[exit 3]
"#
    );
    for mode in ["verify-ca", "verify-full"] {
        assert_eq!(
            add(mode),
            r#"--- stderr ---
error: could not connect to "other" at 127.0.0.1:PORT, database "mydb", as "vaultadmin"
caused by: root certificate file "~/.postgresql/root.crt" does not exist
hint: Name the certificate authority's file with sslrootcert=FILE in the connection's url, or use sslrootcert=system.
[exit 1]
"#
        );
    }
}

#[test]
fn an_admin_without_createrole() {
    let (cluster, sandbox) = stage(&[]);
    cluster.execute("ALTER ROLE vaultadmin NOCREATEROLE");
    let url = format!("postgresql://127.0.0.1:{}/mydb", cluster.port());
    let expected = r#"--- stderr ---
error: "vaultadmin" of connection "other" may not create roles
hint: Run as a superuser: ALTER ROLE "vaultadmin" CREATEROLE;
[exit 3]
"#;
    assert_eq!(add(Some(&cluster), &sandbox, &url), expected);
    let check = sandbox.pgcreds(["connection", "check", "my-postgres-db"]);
    assert_eq!(
        sandbox.refusal(Some(&cluster), check),
        expected.replace("other", "my-postgres-db")
    );
    cluster.execute("ALTER ROLE \"vaultadmin\" CREATEROLE");
    sandbox
        .pgcreds(["connection", "check", "my-postgres-db"])
        .run()
        .success();
}

#[test]
fn an_admin_that_may_not_connect_to_the_database() {
    let (cluster, sandbox) = stage(&[]);
    cluster.execute("REVOKE CONNECT ON DATABASE mydb FROM PUBLIC");
    let check = ["connection", "check", "my-postgres-db"];
    let refusal = sandbox.refusal(Some(&cluster), sandbox.pgcreds(check));
    let grant = "GRANT CONNECT ON DATABASE \"mydb\" TO \"vaultadmin\";";
    let hint = format!("hint: Run as a superuser: {grant}\n[exit 3]\n");
    assert!(refusal.ends_with(&hint), "{refusal}");
    cluster.execute(grant);
    sandbox.pgcreds(check).run().success();
}
