//! Servers that accept a connection and never answer: they hold up nobody but those who wait for them.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Admin, Cluster, Run, eventually};
use crate::stage::{PAST, Stage};

/// Less than the time that a server has for its answer when it is connected to.
const SOON: Duration = Duration::from_secs(8);

/// Less than that time twice.
const ONE_TIMEOUT: Duration = Duration::from_secs(16);

/// A server that never answers. The kernel accepts for it.
fn silent_server() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).unwrap()
}

/// How often it was connected to.
fn connections(server: &TcpListener) -> usize {
    server.set_nonblocking(true).unwrap();
    std::iter::from_fn(|| server.accept().ok()).count()
}

fn add_silent(stage: &Stage, name: &str, server: &TcpListener) {
    stage.add_connection(name, server.local_addr().unwrap().port());
}

fn unreachable(run: &Run) -> Vec<Value> {
    let report = run.json();
    let unreachable = report["unreachable"].as_array().unwrap().iter();
    unreachable.map(|it| it["connection"].clone()).collect()
}

/// Sweeps two servers that answer, through that many connections, and one silent server for each of these names. The
/// leases are gone before anybody has waited for a silent server to the end.
fn check(connections: usize, silent: &[&str]) {
    let stage = Stage::new(Admin::CreateRole);
    let other = Cluster::start();
    other.create_admin(Admin::CreateRole);
    let names = stage.make_many(20, PAST);
    for number in 1..connections {
        let cluster = match number % 2 {
            0 => &stage.cluster,
            _ => &other,
        };
        stage.add_connection(&format!("live-{number:02}"), cluster.port());
    }
    let servers: Vec<TcpListener> = silent.iter().map(|_| silent_server()).collect();
    for (name, server) in silent.iter().zip(&servers) {
        add_silent(&stage, name, server);
    }
    let start = Instant::now();
    let sweep = stage.sandbox.pgcreds(["sweep", "--format", "json"]).spawn();
    eventually(SOON, || stage.logins().is_empty());
    let run = sweep.wait();
    let elapsed = start.elapsed();
    assert!(elapsed < ONE_TIMEOUT, "{elapsed:?}");
    let run = run.exits(4);
    assert_eq!(run.json()["revoked"], json!(names));
    assert_eq!(unreachable(&run), silent);
}

#[test]
fn one_of_sixteen_holds_up_no_other() {
    check(15, &["live-07-silent"]);
}

#[test]
fn the_first_and_the_last_hold_up_no_other() {
    check(14, &["a-silent", "z-silent"]);
}

#[test]
fn four_of_thirty_two_hold_up_no_other() {
    check(28, &["a-silent", "b-silent", "live-07-silent", "z-silent"]);
}

#[test]
fn more_than_are_asked_at_a_time_hold_up_no_other() {
    let names: Vec<String> = (0..12).map(|number| format!("a-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check(2, &names);
}

#[test]
fn one_that_several_connections_lead_to_is_tried_once() {
    let stage = Stage::new(Admin::CreateRole);
    let server = silent_server();
    let silent = ["a-1", "a-2", "z-1", "z-2"];
    for name in silent {
        add_silent(&stage, name, &server);
    }
    let names = stage.make_many(1, PAST);
    let start = Instant::now();
    let run = stage.sweep(["--format", "json"]).exits(4);
    let elapsed = start.elapsed();
    assert!(elapsed < ONE_TIMEOUT, "{elapsed:?}");
    assert_eq!(run.json()["revoked"], json!(names));
    assert_eq!(unreachable(&run), silent);
    for failure in run.json()["unreachable"].as_array().unwrap() {
        let error = failure["error"].as_str().unwrap();
        assert!(error.contains("did not answer within 10 s"), "{error}");
    }
    assert_eq!(connections(&server), 1);
}

/// All have to be asked before it is known whether there are too many.
#[test]
fn with_a_limit_nothing_is_revoked_before_all_were_asked() {
    let stage = Stage::new(Admin::CreateRole);
    let server = silent_server();
    add_silent(&stage, "z-silent", &server);
    stage.make_many(3, PAST);
    stage.sweep(["--max", "2"]).exits(1);
    assert_eq!(stage.logins().len(), 3);
    stage.sweep(["--max", "3"]).exits(4);
    assert_eq!(stage.logins(), [] as [&str; 0]);
}

#[test]
fn a_list_waits_for_all_of_them_at_once() {
    let stage = Stage::new(Admin::CreateRole);
    let servers: Vec<TcpListener> = (0..20).map(|_| silent_server()).collect();
    for (number, server) in servers.iter().enumerate() {
        add_silent(&stage, &format!("silent-{number}"), server);
    }
    let names = stage.make_many(1, PAST);
    let start = Instant::now();
    let run = stage.sandbox.pgcreds(["lease", "list"]).run().exits(4);
    let elapsed = start.elapsed();
    assert!(elapsed < ONE_TIMEOUT, "{elapsed:?}");
    assert!(run.stdout.contains(&names[0]), "{run}");
}
