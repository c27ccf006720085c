//! Many issues at once: each gets a login of its own, and none fails because of the others.

use std::collections::HashSet;
use std::time::Duration;

use crate::harness::{Admin, Cluster, eventually};
use crate::lease_stage::{Credentials, MEMBER_ROLE, Stage, assert_whole, issue_json};

const AT_ONCE: usize = 64;

/// Each login changes the ACL of every table, so that issues get into each other's way.
const READER_ROLE: &str = r#"
[roles.reader]
connection = "my-postgres-db"
creation_statements = ["""
CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";
"""]
"#;

/// Issues 64 logins at once.
fn issue_many(stage: &Stage, role: &str) -> Vec<Credentials> {
    let running: Vec<_> = (0..AT_ONCE)
        .map(|_| stage.sandbox.pgcreds(issue_json(&[role])).spawn())
        .collect();
    running
        .into_iter()
        .map(|running| Credentials(running.wait().success().json()))
        .collect()
}

/// Asserts that all of them are there, differ, and may read.
fn issue_and_check(role: &str, sql: &str) {
    let cluster = Cluster::start_with(&[("max_connections", "200")]);
    let stage = Stage::on(
        cluster,
        Admin::CreateRole,
        &format!("{MEMBER_ROLE}{READER_ROLE}"),
    );
    stage.cluster.execute_in(
        "mydb",
        "DO $$ BEGIN FOR n IN 1..36 LOOP EXECUTE format('CREATE TABLE t%s AS SELECT 42 AS n', n); END LOOP; END $$; \
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO app_rw, vaultadmin WITH GRANT OPTION",
    );
    let issued = issue_many(&stage, role);
    let names: HashSet<&str> = issued.iter().map(Credentials::id).collect();
    let passwords: HashSet<&str> = issued.iter().map(|one| one.text("password")).collect();
    assert_eq!((names.len(), passwords.len()), (AT_ONCE, AT_ONCE));
    let logins = stage.logins();
    assert_eq!(logins.len(), AT_ONCE);
    assert_whole(&logins);
    for credentials in issued.iter().step_by(16) {
        assert_eq!(stage.execute_as(credentials, sql).unwrap(), [["42"]]);
    }
    stage.expire_and_sweep_all();
}

/// With more tables a queue of 64 takes longer than a lock of somebody else is waited for.
#[test]
fn a_long_queue_is_waited_for() {
    let limited = MEMBER_ROLE.replace("member]", "limited]") + "max_leases = 1\n";
    let stage = Stage::new(Admin::CreateRole, &limited);
    let ahead = stage
        .cluster
        .connect_as("vaultadmin", "admin-secret", "mydb");
    ahead
        .rows("SELECT pg_advisory_lock(hashtext('pgcreds limited'))")
        .unwrap();
    let running = stage.sandbox.pgcreds(issue_json(&["limited"])).spawn();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' \
         AND now() - backend_start > interval '5.5 s'";
    eventually(Duration::from_secs(20), || {
        stage.cluster.value(waiting) == "1" || !running.stderr().is_empty()
    });
    drop(ahead);
    running.wait().success();
}

/// The locks are of a kind that every user of the database can take.
#[test]
fn a_stranger_in_the_queue_is_not_waited_for() {
    let limited = MEMBER_ROLE.replace("member]", "limited]") + "max_leases = 5\n";
    let roles = format!("{limited}{MEMBER_ROLE}{READER_ROLE}");
    let stage = Stage::new(Admin::CreateRole, &roles);
    stage
        .cluster
        .execute("CREATE ROLE eve LOGIN PASSWORD 'eve-secret'");
    let eve = stage.cluster.connect_as("eve", "eve-secret", "mydb");
    let locks = "SELECT pg_advisory_lock(hashtext(key)) FROM unnest('{pgcreds limited,pgcreds}'::text[]) AS key";
    eve.rows(locks).unwrap();
    let pid = eve.rows("SELECT pg_backend_pid()").unwrap().concat();
    let run = stage.sandbox.pgcreds(issue_json(&["limited"])).run();
    let pid = &pid[0];
    assert_eq!(
        run.exits(3).to_string(),
        format!(
            "--- stderr ---\nerror: could not issue role \"limited\" on connection \"my-postgres-db\": process {pid} of user \"eve\" \
             on the server holds the lock under which its leases are counted\n\
             hint: See what it does in pg_stat_activity. To end it, run: SELECT pg_terminate_backend({pid});\n[exit 3]\n"
        )
    );
    assert_eq!(stage.logins(), []);
    // Nothing is counted here, and grants that get into each other's way are tried again.
    stage.issue(&["member"]);
    stage.issue(&["reader"]);
    drop(eve);
    stage.issue(&["limited"]);
}

#[test]
fn members_do_not_get_into_each_others_way() {
    issue_and_check("member", "SELECT n FROM t36");
}

#[test]
fn grants_on_all_tables_are_tried_again() {
    issue_and_check("reader", "SELECT n FROM t1");
}

/// Somebody who does not wait in turn grants on the same table.
#[test]
fn a_grant_by_somebody_else_fails_no_issue() {
    let stage = Stage::new(Admin::CreateRole, READER_ROLE);
    stage.cluster.execute_in(
        "mydb",
        "CREATE ROLE other LOGIN SUPERUSER PASSWORD 'other-secret'; CREATE TABLE t AS SELECT 42 AS n; \
         GRANT SELECT ON t TO vaultadmin WITH GRANT OPTION",
    );
    let other = stage.cluster.connect_as("other", "other-secret", "mydb");
    other.rows("BEGIN; GRANT SELECT ON t TO app_rw").unwrap();
    let running = stage.sandbox.pgcreds(issue_json(&["reader"])).spawn();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vaultadmin' AND wait_event_type = 'Lock'";
    eventually(Duration::from_secs(20), || {
        stage.cluster.value(waiting) == "1"
    });
    other.rows("COMMIT").unwrap();
    let issued = Credentials(running.wait().success().json());
    assert_eq!(
        stage.execute_as(&issued, "SELECT n FROM t").unwrap(),
        [["42"]]
    );
}
