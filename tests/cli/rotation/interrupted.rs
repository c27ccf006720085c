//! Other commands while a rotation is interrupted, or happens under them.

use std::fs;

use super::{CONNECTION, Source, assert_recovers, cluster, rotate};
use crate::harness::{Admin, eventually};
use crate::lease_stage::{MEMBER_ROLE, Stage, issue_json, logins};

/// A password as pgcreds makes them.
const PENDING: &str = "aPasswordThatIsPendingAnd32Long1";

/// The server has the new password, and the source the old one.
fn interrupt(stage: &Stage) {
    fs::write(Source::File.pending(&stage.sandbox), format!("{PENDING}\n")).unwrap();
    stage
        .cluster
        .execute(&format!("ALTER ROLE vaultadmin PASSWORD '{PENDING}'"));
}

#[test]
fn every_command_works_in_between() {
    let stage = Stage::new(Admin::CreateRole, MEMBER_ROLE);
    let before = stage.issue(&["member"]);
    interrupt(&stage);
    let lease = stage.issue(&["member"]);
    for line in [
        format!("lease show {}", lease.id()),
        format!("lease renew {}", lease.id()),
        format!("lease revoke {}", lease.id()),
        "lease list".into(),
        "role check member".into(),
        "connection check my-postgres-db".into(),
        "exec member -- true".into(),
        "sweep".into(),
    ] {
        stage.sandbox.pgcreds(line.split(' ')).run().success();
    }
    assert_eq!(logins(&stage.cluster).len(), 1, "{}", before.id());
    rotate(&stage.sandbox).success();
    stage.expire_and_sweep_all();
}

/// What a lease owns in another database is reassigned there, on a connection of its own.
#[test]
fn sweeps_reach_other_databases_in_between() {
    let stage = Stage::new(Admin::Superuser, MEMBER_ROLE);
    let lease = stage.issue(&["member"]);
    stage.cluster.execute(&format!(
        "CREATE TABLE left_behind (); ALTER TABLE left_behind OWNER TO {}",
        lease.id()
    ));
    interrupt(&stage);
    stage.expire_and_sweep_all();
}

#[test]
fn leases_of_before_are_swept_after() {
    let stage = Stage::new(Admin::CreateRole, MEMBER_ROLE);
    let lease = stage.issue(&["member"]);
    rotate(&stage.sandbox).success();
    let arguments = ["lease", "renew", lease.id()];
    stage.sandbox.pgcreds(arguments).run().success();
    stage.issue(&["member"]);
    stage.expire_and_sweep_all();
}

/// It took the password when it began, hours ago.
#[test]
fn an_exec_that_outlives_a_rotation_ends_its_lease() {
    let stage = Stage::new(Admin::CreateRole, MEMBER_ROLE);
    let script = "touch runs; while [ -e runs ]; do sleep 0.02; done";
    let exec = ["exec", "member", "--", "sh", "-c", script];
    let running = stage.sandbox.pgcreds(exec).spawn();
    let runs = stage.sandbox.home().join("runs");
    eventually(super::PATIENCE, || runs.exists());
    rotate(&stage.sandbox).success();
    stage.cluster.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'vaultadmin'",
    );
    fs::remove_file(runs).unwrap();
    assert_eq!(running.wait().to_string(), "[exit 0]\n");
    assert_eq!(stage.logins(), []);
}

#[test]
fn a_wrong_password_without_a_rotation_is_refused_as_ever() {
    let cluster = cluster();
    for source in Source::ALL {
        let sandbox = source.sandbox(cluster.port());
        cluster.execute("ALTER ROLE vaultadmin PASSWORD 'another'");
        let origin = match source {
            Source::File => "file \"~/admin.password\"",
            Source::Literal => "the state file",
            Source::Command => "command \"cat\"",
        };
        for pending in [None, Some("no-better\n")] {
            if let Some(text) = pending {
                fs::write(source.pending(&sandbox), text).unwrap();
            }
            let run = sandbox.pgcreds(super::CHECK).run();
            assert_eq!(
                run.normalized(&sandbox, Some(&cluster)),
                format!(
                    "--- stderr ---\n\
                     error: could not connect to \"my-postgres-db\" at 127.0.0.1:PORT, database \"mydb\", as \"vaultadmin\", with the password from {origin}\n\
                     caused by: password authentication failed for user \"vaultadmin\" (SQLSTATE 28P01)\n\
                     hint: Check the username, the password's source and pg_hba.conf.\n\
                     [exit 3]\n"
                )
            );
        }
        super::reset(&cluster);
    }
}

#[test]
fn a_connection_is_not_removed_with_the_only_password() {
    let stage = Stage::new(Admin::CreateRole, "");
    interrupt(&stage);
    let remove = ["connection", "remove", CONNECTION];
    let refused = stage
        .sandbox
        .refusal(Some(&stage.cluster), stage.sandbox.pgcreds(remove));
    assert_eq!(
        refused,
        "--- stderr ---\n\
         error: a rotation of the password of connection \"my-postgres-db\" was interrupted, and \"~/admin.password.pending\" may be the only place that has it\n\
         hint: Finish it first: pgcreds connection rotate my-postgres-db. With --force that file stays.\n\
         [exit 1]\n"
    );
    let state = stage.sandbox.state();
    let forced = stage.sandbox.pgcreds(remove.iter().chain(&["--force"]));
    forced.run().success();
    stage.sandbox.write_state(&state);
    assert_recovers(&stage.cluster, &stage.sandbox, Source::File, "removed");
}

#[test]
fn issuing_goes_on_while_a_password_is_rotated_again_and_again() {
    for source in Source::ALL {
        let cluster = cluster();
        let sandbox = source.sandbox(cluster.port());
        sandbox.write_state(&(sandbox.state() + MEMBER_ROLE));
        std::thread::scope(|scope| {
            let rotating = scope.spawn(|| (0..12).for_each(|_| drop(rotate(&sandbox).success())));
            while !rotating.is_finished() {
                sandbox.pgcreds(issue_json(&["member"])).run().success();
            }
        });
    }
}
