//! Several connections: to servers that have the same leases, to one and the same server, and to one that breaks.

use serde_json::{Value, json};

use crate::harness::{Admin, Cluster, Direction, Fault, Proxy, Run};
use crate::stage::{PAST, Stage};

const NAME: &str = "pgc_app_role_tester_000000000000";

/// A lease, and a cluster that was copied when it was there; connection `copy` leads to that.
fn copied() -> (Stage, Cluster) {
    let stage = Stage::new(Admin::CreateRole);
    assert_eq!(stage.make_many(1, PAST), [NAME]);
    let copy = stage.cluster.copy();
    stage.add_connection("copy", copy.port());
    (stage, copy)
}

/// Lets a prepared transaction of the lease be in the way of dropping it.
fn obstruct(cluster: &Cluster) {
    cluster.execute_in(
        "mydb",
        &format!(
            "SET SESSION AUTHORIZATION {NAME}; BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'it'"
        ),
    );
}

/// How many leases there are.
fn count(cluster: &Cluster) -> String {
    cluster.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgc%'")
}

/// The same by id and by sweep.
fn both_ways(stage: &Stage) -> [Run; 2] {
    let command: [&[&str]; 2] = [&["lease", "revoke", NAME], &["sweep"]];
    command.map(|command| {
        let command = command.iter().chain(&["--format", "json"]);
        stage.sandbox.pgcreds(command).run()
    })
}

/// Lease and connection of each failure.
fn failures(run: &Run) -> Vec<(Value, Value)> {
    let report = run.json();
    let failed = report["failed"].as_array().unwrap().iter();
    failed
        .map(|failed| (failed["lease_id"].clone(), failed["connection"].clone()))
        .collect()
}

#[test]
fn a_lease_on_two_servers_is_revoked_on_both() {
    let (stage, copy) = copied();
    let run = stage.revoke(NAME).success();
    assert_eq!(run.stderr, format!("revoked lease \"{NAME}\"\n"));
    assert_eq!(count(&stage.cluster), "0");
    assert_eq!(count(&copy), "0");
}

#[test]
fn a_failure_on_one_server_is_not_hidden_by_another() {
    for first in [true, false] {
        let (stage, copy) = copied();
        let (cluster, name) = match first {
            true => (&stage.cluster, "my-postgres-db"),
            false => (&copy, "copy"),
        };
        obstruct(cluster);
        for run in both_ways(&stage) {
            let run = run.exits(4);
            assert_eq!(failures(&run), [(json!(NAME), json!(name))], "{run}");
        }
        assert_eq!(count(cluster), "1");
        cluster.execute_in("mydb", "ROLLBACK PREPARED 'it'");
        stage.revoke(NAME).success();
        assert_eq!(count(&stage.cluster), "0");
        assert_eq!(count(&copy), "0");
    }
}

#[test]
fn one_server_by_two_ways_is_dealt_with_once() {
    let stage = Stage::new(Admin::CreateRole);
    let proxy = Proxy::start(stage.cluster.port());
    stage.add_connection("way-round", proxy.port());
    stage.make_many(1, PAST);
    obstruct(&stage.cluster);
    for run in both_ways(&stage) {
        assert_eq!(failures(&run.exits(4)).len(), 1);
    }
    stage.cluster.execute_in("mydb", "ROLLBACK PREPARED 'it'");
    stage.revoke(NAME).success();
    assert_eq!(count(&stage.cluster), "0");
}

/// What has gone on the primary goes on its standby too, and cannot go there before.
#[test]
fn a_standby_is_its_primary() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make_many(1, PAST);
    let standby = stage.cluster.standby();
    stage.add_connection("a-standby", standby.port());
    stage.revoke(NAME).success();
    assert_eq!(count(&stage.cluster), "0");
    stage.make_many(1, PAST);
    stage.sweep([] as [&str; 0]).success();
    assert_eq!(count(&stage.cluster), "0");
}

#[test]
fn a_connection_that_breaks_while_a_lease_is_looked_for_stops_no_other() {
    let stage = Stage::new(Admin::CreateRole);
    let other = Cluster::start();
    other.create_admin(Admin::CreateRole);
    let direction = Direction::ToClient;
    for count in [1, 4, 8, 16] {
        let proxy = Proxy::start(other.port());
        stage.add_connection(&format!("breaks-{count}"), proxy.port());
        proxy.set_fault(Fault::CutBefore { direction, count });
        stage.make_many(1, PAST);
        // One that is nowhere is looked for more closely.
        let command = [
            "lease",
            "revoke",
            NAME,
            "pgc_a_b_000000000000",
            "--format",
            "json",
        ];
        let run = stage.sandbox.pgcreds(command).run().exits(4);
        let report = run.json();
        assert_eq!(report["revoked"], json!([NAME]), "{run}");
        assert_eq!(report["failed"], json!([]), "{run}");
        let unreachable = report["unreachable"].as_array().unwrap();
        assert_eq!(unreachable.len(), 1, "{run}");
        assert_eq!(
            unreachable[0]["connection"],
            format!("breaks-{count}"),
            "{run}"
        );
        assert_eq!(stage.logins(), [] as [&str; 0]);
        let remove = [
            "connection",
            "remove",
            &format!("breaks-{count}"),
            "--force",
        ];
        stage.sandbox.pgcreds(remove).run().success();
    }
}

/// Adds connection `a-weak`, whose admin is `weak`. It comes first.
fn add_weak(stage: &Stage) {
    stage.add_connection("a-weak", stage.cluster.port());
    let state = stage.sandbox.state();
    let weak = state.rfind("vaultadmin").unwrap();
    let state = format!(
        "{}weak{}",
        &state[..weak],
        &state[weak + "vaultadmin".len()..]
    );
    stage.sandbox.write_state(&state);
}

/// The first one sees the lease, and its admin may not alter it.
#[test]
fn a_lease_is_renewed_through_the_connection_whose_admin_may() {
    let stage = Stage::new(Admin::CreateRole);
    stage
        .cluster
        .execute("CREATE ROLE weak LOGIN PASSWORD 'admin-secret'");
    add_weak(&stage);
    stage.make([NAME], "2100-01-01");
    let renew = ["lease", "renew", NAME, "--ttl", "1h"];
    stage.sandbox.pgcreds(renew).run().success();
    let left =
        "SELECT rolvaliduntil < now() + interval '1 h' FROM pg_roles WHERE rolname LIKE 'pgc%'";
    assert_eq!(stage.cluster.value(left), "t");
}

/// The way that comes first breaks: what is due is revoked by the other one.
#[test]
fn a_connection_that_breaks_leaves_the_rest_to_another_one() {
    let stage = Stage::new(Admin::CreateRole);
    let proxy = Proxy::start(stage.cluster.port());
    stage.add_connection("a-broken", proxy.port());
    stage.make([NAME], PAST);
    let sweep = ["sweep", "--format", "json"];
    stage.sandbox.pgcreds(sweep).run().success();
    let direction = Direction::ToServer;
    let sent: Vec<u8> = proxy
        .messages()
        .into_iter()
        .filter(|(way, _)| *way == direction)
        .map(|(_, kind)| kind)
        .collect();
    let requests: Vec<usize> = (1..=sent.len()).filter(|at| sent[at - 1] == b'Q').collect();
    let mut is_left = false;
    for request in requests {
        stage.make([NAME], PAST);
        let before = proxy.messages();
        let before = before.iter().filter(|(way, _)| *way == direction).count();
        proxy.set_fault(Fault::CutBefore {
            direction,
            count: before + request,
        });
        let run = stage.sandbox.pgcreds(sweep).run();
        proxy.set_fault(Fault::None);
        assert_eq!(count(&stage.cluster), "0", "request {request}: {run}");
        // The other one may be quicker, and then this one sends less.
        if run.code == 4 {
            let report = run.json();
            assert_eq!(report["unreachable"][0]["connection"], "a-broken");
            is_left |= report["revoked"] == json!([NAME]);
        } else {
            assert_eq!(run.code, 0, "request {request}: {run}");
        }
    }
    assert!(is_left, "the connection never broke in time");
}

/// Connection `a-weak` comes first, and its admin may not act as the successor.
#[test]
fn what_one_connection_to_a_server_cannot_do_another_does() {
    let stage = Stage::new(Admin::CreateRole);
    stage.describe_role("reassign_owned_to = \"dbowner\"");
    stage.cluster.execute(
        "CREATE ROLE weak LOGIN CREATEROLE PASSWORD 'admin-secret'; GRANT dbowner TO vaultadmin",
    );
    add_weak(&stage);
    for by_id in [true, false] {
        stage.make([NAME], PAST);
        if stage.cluster.version() >= 16 {
            stage.as_admin(&format!("GRANT {NAME} TO weak WITH ADMIN OPTION"));
        }
        stage.cluster.execute_in(
            "mydb",
            &format!("CREATE TABLE t_{by_id} (); ALTER TABLE t_{by_id} OWNER TO {NAME}"),
        );
        let run = match by_id {
            true => stage.revoke(NAME),
            false => stage.sweep([] as [&str; 0]),
        };
        let run = run.success();
        assert!(
            run.stderr.contains(&format!("revoked lease \"{NAME}\"\n")),
            "{run}"
        );
        assert_eq!(count(&stage.cluster), "0");
        let owner = format!("SELECT tableowner FROM pg_tables WHERE tablename = 't_{by_id}'");
        assert_eq!(stage.cluster.value_in("mydb", &owner), "dbowner");
    }
}
