//! The proxy counts right, and breaks connections where it is told to.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Admin, Cluster, Direction, Fault, Proxy, Run, Running, Sandbox, eventually};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A cluster with table `t` in `mydb`, a proxy to it, and a sandbox.
fn stage() -> (Cluster, Proxy, Sandbox) {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::Superuser);
    cluster.execute_in("mydb", "CREATE TABLE t (n int)");
    let proxy = Proxy::start(cluster.port());
    (cluster, proxy, Sandbox::new())
}

/// Starts psql through the proxy with these commands.
fn psql(sandbox: &Sandbox, proxy: &Proxy, commands: &[&str]) -> Running {
    let address = format!(
        "postgresql://vaultadmin:admin-secret@127.0.0.1:{}/mydb",
        proxy.port()
    );
    let arguments = commands.iter().flat_map(|command| ["-c", command]);
    sandbox
        .program(
            "psql",
            ["-XAtq", address.as_str()].into_iter().chain(arguments),
        )
        .spawn()
}

/// Writes one row through the proxy: three requests.
fn insert(sandbox: &Sandbox, proxy: &Proxy) -> Run {
    psql(
        sandbox,
        proxy,
        &["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"],
    )
    .wait()
}

/// How many rows have been committed.
fn rows_written(cluster: &Cluster) -> String {
    cluster.value_in("mydb", "SELECT count(*) FROM t")
}

#[test]
fn round_trips_are_counted_per_connection() {
    let (cluster, proxy, sandbox) = stage();
    assert_eq!((proxy.connections(), proxy.round_trips()), (0, 0));
    insert(&sandbox, &proxy).success();
    psql(&sandbox, &proxy, &["SELECT 1"]).wait().success();
    assert_eq!(proxy.connections(), 2);
    assert_eq!(proxy.round_trips_by_connection(), [3, 1]);
    assert_eq!(proxy.round_trips(), 4);
    assert_eq!(rows_written(&cluster), "1");

    let sent = |messages: &[(Direction, u8)], direction| -> String {
        let found = messages.iter().filter(|(found, _)| *found == direction);
        found.map(|(_, kind)| char::from(*kind)).collect()
    };
    eventually(PATIENCE, || {
        sent(&proxy.messages(), Direction::ToServer) == "QQQXQX"
    });
    assert_eq!(sent(&proxy.messages(), Direction::ToClient), "CZCZCZTDCZ");
}

#[test]
fn a_cut_before_the_commit_loses_it() {
    let (cluster, proxy, sandbox) = stage();
    proxy.set_fault(Fault::CutBefore {
        direction: Direction::ToServer,
        count: 3,
    });
    let run = insert(&sandbox, &proxy).exits(2);
    assert!(run.stderr.contains("closed the connection"), "{run}");
    assert_eq!(rows_written(&cluster), "0");
    insert(&sandbox, &proxy).success();
    assert_eq!(rows_written(&cluster), "1");
}

#[test]
fn a_cut_after_the_commit_loses_only_its_answer() {
    let (cluster, proxy, sandbox) = stage();
    proxy.set_fault(Fault::CutAfter {
        direction: Direction::ToServer,
        count: 3,
    });
    insert(&sandbox, &proxy).exits(2);
    eventually(PATIENCE, || rows_written(&cluster) == "1");
    // BEGIN and INSERT were answered by CommandComplete and ReadyForQuery; the next answer is number 5.
    proxy.set_fault(Fault::CutAfter {
        direction: Direction::ToClient,
        count: 5,
    });
    insert(&sandbox, &proxy).exits(2);
    assert_eq!(proxy.messages().last(), Some(&(Direction::ToClient, b'C')));
}

#[test]
fn a_client_can_be_killed_at_a_stall() {
    let (cluster, proxy, sandbox) = stage();
    proxy.set_fault(Fault::StallAt {
        direction: Direction::ToServer,
        count: 3,
    });
    let running = psql(
        &sandbox,
        &proxy,
        &["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"],
    );
    proxy.wait_for_stall(PATIENCE);
    let in_transaction =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'";
    assert_eq!(cluster.value(in_transaction), "1");
    assert_eq!(running.kill().code, 137);
    assert_eq!(rows_written(&cluster), "0");
    proxy.resume();
    eventually(PATIENCE, || rows_written(&cluster) == "1");
}

#[test]
fn a_stall_holds_every_connection_until_it_ends() {
    let (cluster, proxy, sandbox) = stage();
    // ReadyForQuery after BEGIN: the second half of an answer that arrives as one.
    proxy.set_fault(Fault::StallAt {
        direction: Direction::ToClient,
        count: 2,
    });
    let first = psql(
        &sandbox,
        &proxy,
        &["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"],
    );
    proxy.wait_for_stall(PATIENCE);
    assert_eq!(
        proxy.messages(),
        [(Direction::ToServer, b'Q'), (Direction::ToClient, b'C')]
    );
    let second = psql(&sandbox, &proxy, &["SELECT 2"]);
    eventually(PATIENCE, || proxy.connections() == 2);
    proxy.resume();
    first.wait().success();
    assert_eq!(second.wait().success().stdout, "2\n");
    assert_eq!(rows_written(&cluster), "1");
}

#[test]
fn a_proxy_can_refuse_and_be_silent() {
    let (_cluster, proxy, sandbox) = stage();
    proxy.set_fault(Fault::Refuse);
    psql(&sandbox, &proxy, &["SELECT 1"]).wait().exits(2);
    proxy.set_fault(Fault::Silent);
    let waiting = psql(&sandbox, &proxy, &["SELECT 1"]);
    eventually(PATIENCE, || proxy.connections() >= 2);
    assert_eq!(waiting.kill().code, 137);
    proxy.set_fault(Fault::None);
    psql(&sandbox, &proxy, &["SELECT 1"]).wait().success();
}

#[test]
fn a_request_for_encryption_passes_through() {
    let (_cluster, proxy, _sandbox) = stage();
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    client.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
    let mut answer = [0];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer, *b"N");
    drop(proxy);
    assert_eq!(client.read(&mut answer).unwrap(), 0);
}
