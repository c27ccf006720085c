//! Each exit code once, as scripts rely on it.

use crate::harness::{Admin, Proxy};
use crate::lease_stage::{APP_ROLE, Stage};

#[test]
fn zero_is_done_and_also_nothing_to_do() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    assert_eq!(
        stage.sandbox.pgcreds(["sweep"]).run().to_string(),
        "[exit 0]\n"
    );
    let run = stage
        .sandbox
        .pgcreds(["lease", "revoke", "pgc_app_role_alice_abcdefghijkl"])
        .run();
    assert_eq!(run.exits(0).stdout, "");
}

#[test]
fn one_is_a_wrong_request_or_state_file() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    stage
        .sandbox
        .pgcreds(["issue", "no-such-role"])
        .run()
        .exits(1);
    stage.sandbox.write_state("version = ");
    stage.sandbox.pgcreds(["sweep"]).run().exits(1);
}

#[test]
fn two_is_wrong_usage() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    for arguments in [
        &["issue"][..],
        &["isue", "app-role"],
        &["issue", "app-role", "--formt", "json"],
        &["issue", "app role"],
    ] {
        let run = stage.sandbox.pgcreds(arguments).run().exits(2);
        assert!(run.stderr.starts_with("error: "), "{run}");
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn three_is_an_unreachable_or_unwilling_server() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    stage.cluster.execute("ALTER ROLE vaultadmin NOCREATEROLE");
    let run = stage.sandbox.pgcreds(["issue", "app-role"]).run().exits(3);
    assert!(
        run.stderr
            .contains("hint: Run as a superuser: ALTER ROLE \"vaultadmin\" CREATEROLE;\n"),
        "{run}"
    );
    stage.cluster.stop();
    for arguments in [
        &["issue", "app-role"][..],
        &["sweep"],
        &["lease", "list"],
        &["connection", "check", "my-postgres-db"],
    ] {
        let run = stage.sandbox.pgcreds(arguments).run().exits(3);
        assert!(run.stderr.contains("Connection refused"), "{run}");
    }
}

#[test]
fn four_is_a_job_done_in_part() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    stage.issue(&["app-role"]);
    stage.expire_all();
    let gone = Proxy::start(stage.cluster.port());
    let second = stage.sandbox.state().replace("my-postgres-db]", "gone]");
    let second = second.replace(
        &format!(":{}/", stage.cluster.port()),
        &format!(":{}/", gone.port()),
    );
    let (_, second) = second.split_once("\n\n").unwrap();
    let (second, _) = second.split_once("[roles").unwrap();
    stage
        .sandbox
        .write_state(&format!("{}\n{second}", stage.sandbox.state()));
    drop(gone);
    let run = stage
        .sandbox
        .pgcreds(["sweep", "--format", "json"])
        .run()
        .exits(4);
    let report = run.json();
    assert_eq!(report["revoked"].as_array().unwrap().len(), 1);
    assert_eq!(report["unreachable"][0]["connection"], "gone");
    assert_eq!(stage.logins(), []);
}
