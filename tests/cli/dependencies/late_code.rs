//! Code that another role adds to what a lease owns while the lease is revoked: after the check for code, before the change of
//! the owner.

use std::time::Duration;

use crate::harness::{Admin, Cluster, eventually};
use crate::stage::{PAST, Stage};

const IS_WAITING: &str =
    "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 't'::regclass)";

/// One table, and more than fit into one transaction.
#[test]
fn it_does_not_come_to_run_with_the_rights_of_the_new_owner() {
    for others in [0, 60] {
        let settings = [
            ("max_locks_per_transaction", "10"),
            ("max_connections", "20"),
        ];
        let stage = Stage::on(Cluster::start_with(&settings), Admin::Superuser);
        stage.make(["pgc lease"], PAST);
        stage.cluster.execute_in(
            "mydb",
            "CREATE ROLE friend LOGIN PASSWORD 'friend-secret'; GRANT \"pgc lease\" TO friend; \
             GRANT CREATE ON SCHEMA public TO \"pgc lease\"; CREATE TABLE treasure AS SELECT 1 AS n; \
             SET ROLE \"pgc lease\"; CREATE TABLE t (n int)",
        );
        for number in 0..others {
            let create = format!("SET ROLE \"pgc lease\"; CREATE TABLE t{number} (n int)");
            stage.cluster.execute_in("mydb", &create);
        }
        let friend = stage.cluster.connect_as("friend", "friend-secret", "mydb");
        friend.rows("SET ROLE \"pgc lease\"").unwrap();
        friend.rows("BEGIN; LOCK TABLE t").unwrap();
        let sweep = stage.sandbox.pgcreds(["sweep"]).spawn();
        eventually(Duration::from_secs(30), || {
            stage.cluster.value_in("mydb", IS_WAITING) == "t"
        });
        friend
            .rows("CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM treasure; COMMIT")
            .unwrap();
        let run = sweep.wait();
        let owner = stage.cluster.value_in(
            "mydb",
            "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 't'",
        );
        let is_apart = owner.starts_with("pgcreds_left_") || owner == "pgc lease";
        assert!(is_apart, "with {others} others: {owner}\n{run}");
    }
}
