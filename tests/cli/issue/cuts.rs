//! A connection that breaks at any message leaves nothing, or a login that has its marker and its end.

use std::time::Duration;

use crate::harness::{Admin, Cluster, Direction, Fault, Proxy, Run, eventually};
use crate::lease_stage::{APP_ROLE, MEMBER_ROLE, assert_whole, issue_json, logins, sandbox_at};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The request that creates and commits: the second one.
const CREATION: usize = 2;

/// What came of an issue on a connection that breaks.
struct Broken {
    run: Run,
    /// The names of the logins that it left.
    left: Vec<String>,
}

fn cluster() -> Cluster {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    cluster
}

/// How many messages an issue that succeeds sends and gets, before it says goodbye.
fn count_messages(cluster: &Cluster) -> [(Direction, usize); 2] {
    let proxy = Proxy::start(cluster.port());
    let sandbox = sandbox_at(proxy.port(), APP_ROLE);
    sandbox.pgcreds(issue_json(&["app-role"])).run().success();
    let count = |wanted| {
        let messages = proxy.messages();
        messages
            .iter()
            .filter(|(direction, kind)| *direction == wanted && *kind != b'X')
            .count()
    };
    eventually(PATIENCE, || count(Direction::ToServer) == 2);
    [Direction::ToServer, Direction::ToClient].map(|direction| (direction, count(direction)))
}

/// Issues through a proxy that breaks the connection, and waits until the server has noticed.
fn issue_through(cluster: &Cluster, fault: Fault) -> Broken {
    let before = names(cluster);
    let proxy = Proxy::start(cluster.port());
    proxy.set_fault(fault);
    let sandbox = sandbox_at(proxy.port(), APP_ROLE);
    let run = sandbox.pgcreds(issue_json(&["app-role"])).run();
    wait_for_sessions(cluster);
    let mut left = names(cluster);
    left.retain(|name| !before.contains(name));
    Broken { run, left }
}

fn names(cluster: &Cluster) -> Vec<String> {
    logins(cluster)
        .into_iter()
        .map(|login| login.name)
        .collect()
}

/// Waits until no session of pgcreds is left.
fn wait_for_sessions(cluster: &Cluster) {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vaultadmin'";
    eventually(PATIENCE, || cluster.value(sessions) == "0");
}

/// One sweep after their end leaves none of these logins.
fn sweep_all(cluster: &Cluster) {
    for name in names(cluster) {
        cluster.execute(&format!("ALTER ROLE {name} VALID UNTIL '2001-01-01'"));
    }
    let sandbox = sandbox_at(cluster.port(), "");
    sandbox.pgcreds(["sweep"]).run().success();
    assert_eq!(names(cluster), Vec::<String>::new());
}

#[test]
fn a_cut_at_every_message_leaves_nothing_unmarked() {
    let cluster = cluster();
    for (direction, messages) in count_messages(&cluster) {
        for count in 1..=messages {
            for fault in [
                Fault::CutBefore { direction, count },
                Fault::CutAfter { direction, count },
            ] {
                let Broken { run, left } = issue_through(&cluster, fault);
                if run.code == 0 {
                    let json = run.json();
                    assert_eq!(left, [json["username"].as_str().unwrap()], "{fault:?}");
                } else {
                    assert_eq!(run.code, 3, "{fault:?}\n{run}");
                    assert_eq!(run.stdout, "", "{fault:?}");
                    let is_told = |name: &String| run.stderr.contains(name.as_str());
                    assert!(left.iter().all(is_told), "{fault:?} {left:?}\n{run}");
                }
                assert_whole(&logins(&cluster));
            }
        }
    }
    sweep_all(&cluster);
}

#[test]
fn a_commit_whose_answer_is_lost_is_taken_back() {
    let cluster = cluster();
    let [_, (direction, last)] = count_messages(&cluster);
    let Broken { run, left } = issue_through(
        &cluster,
        Fault::CutBefore {
            direction,
            count: last,
        },
    );
    assert_eq!(
        run.to_string(),
        "--- stderr ---\n\
         error: could not run the creation_statements of role \"app-role\" on connection \"my-postgres-db\"\n\
         caused by: connection closed\n\
         [exit 3]\n"
    );
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_lease_that_cannot_be_taken_back_is_named() {
    let cluster = cluster();
    let [_, (direction, last)] = count_messages(&cluster);
    let before = names(&cluster);
    let proxy = Proxy::start(cluster.port());
    proxy.set_fault(Fault::StallAt {
        direction,
        count: last,
    });
    let sandbox = sandbox_at(proxy.port(), APP_ROLE);
    let running = sandbox.pgcreds(issue_json(&["app-role"])).spawn();
    proxy.wait_for_stall(PATIENCE);
    // Cuts, and refuses the connection on which it would be taken back.
    drop(proxy);
    let run = running.wait().exits(3);
    assert_whole(&logins(&cluster));
    let mut left = names(&cluster);
    left.retain(|name| !before.contains(name));
    let [name] = left.try_into().unwrap();
    assert!(
        run.stderr.contains(&format!(
            "error: login \"{name}\" may have been created before the connection broke\n"
        )),
        "{run}"
    );
    assert!(
        run.stderr
            .contains(&format!("To be sure now: pgcreds lease revoke {name}\n")),
        "{run}"
    );
}

/// The server can commit after a new connection has looked for the login in vain.
#[test]
fn a_lease_that_comes_after_the_look_is_named() {
    let cluster = cluster();
    let slow = APP_ROLE.replace(
        "creation_statements = [",
        "creation_statements = [\"SELECT pg_sleep(0.7)\", ",
    );
    let proxy = Proxy::start(cluster.port());
    proxy.set_fault(Fault::CutAfter {
        direction: Direction::ToServer,
        count: CREATION,
    });
    let sandbox = sandbox_at(proxy.port(), &slow);
    let run = sandbox.pgcreds(issue_json(&["app-role"])).run().exits(3);
    eventually(PATIENCE, || {
        // The server notices that its client has gone when it wants to answer.
        cluster.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.7)%' AND pid <> pg_backend_pid()") == "0"
    });
    let left = logins(&cluster);
    assert_whole(&left);
    assert!(
        left.iter().all(|login| run.stderr.contains(&login.name)),
        "{left:?}\n{run}"
    );
}

#[test]
fn a_connection_that_breaks_before_the_creation_leaves_no_doubt() {
    let cluster = cluster();
    let direction = Direction::ToServer;
    let Broken { run, left } = issue_through(
        &cluster,
        Fault::CutAfter {
            direction,
            count: 1,
        },
    );
    assert_eq!(
        run.to_string(),
        "--- stderr ---\n\
         error: could not issue role \"app-role\" on connection \"my-postgres-db\"\n\
         caused by: connection closed\n\
         [exit 3]\n"
    );
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_session_that_the_server_ends_is_a_failure() {
    let cluster = cluster();
    let proxy = Proxy::start(cluster.port());
    proxy.set_fault(Fault::StallAt {
        direction: Direction::ToServer,
        count: CREATION,
    });
    let sandbox = sandbox_at(proxy.port(), MEMBER_ROLE);
    let running = sandbox.pgcreds(issue_json(&["member"])).spawn();
    proxy.wait_for_stall(PATIENCE);
    cluster.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'vaultadmin'",
    );
    proxy.resume();
    let run = running.wait().exits(3);
    assert!(run.stderr.contains("(SQLSTATE 57P01)"), "{run}");
    assert_eq!(logins(&cluster), []);
}
