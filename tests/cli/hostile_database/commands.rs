//! Every command, against a database whose owner shadows all of `pg_catalog` and chooses all settings.

use std::time::Duration;

use crate::harness::{Admin, Run, eventually};
use crate::lease_stage::{APP_ROLE, Stage};

use super::{EVIL, calls, set_all};

/// A role with statements of every kind, which compare, convert and call.
const STATEMENTS: &str = r#"
[roles.statements]
connection = "my-postgres-db"
creation_statements = ["""DO $$ BEGIN IF 1 = 1 AND now() IS NOT NULL THEN
    EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L VALID UNTIL %L', '{{name}}', '{{password}}', '{{expiration}}'); END IF; END $$"""]
renew_statements = ["SELECT lower('{{name}}') = upper('x')"]
revocation_statements = ["SELECT length('{{name}}') + 1"]
"#;

/// A role whose logins own what they create.
const OWNER: &str =
    "\n[roles.owner]\nconnection = \"my-postgres-db\"\nset_role = \"app_rw\"\nmax_leases = 5\n";

fn stage(admin: Admin) -> Stage {
    let stage = Stage::new(admin, "");
    let app = stage.sandbox.home().join("app.json");
    let file = format!(
        "\n[files.app]\nrole = \"app-role\"\npath = \"{}\"\nformat = \"json\"\n",
        app.display()
    );
    let state = stage.sandbox.state();
    stage
        .sandbox
        .write_state(&format!("{state}{APP_ROLE}{STATEMENTS}{OWNER}{file}"));
    stage.cluster.execute_in("mydb", EVIL);
    set_all(&stage.cluster);
    stage
}

/// Runs a command; fails when the admin has called what the database's owner left there.
#[track_caller]
fn run(stage: &Stage, arguments: &[&str]) -> Run {
    let run = stage.sandbox.pgcreds(arguments).run();
    assert_eq!(
        calls(&stage.cluster),
        [] as [&str; 0],
        "{arguments:?}: {run}"
    );
    run
}

#[test]
fn every_command_works_and_calls_nothing() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        for arguments in [
            &["connection", "check", "my-postgres-db"][..],
            &["role", "check", "app-role"],
            &["role", "check", "statements"],
            &["connection", "rotate", "my-postgres-db"],
            &["issue", "app-role", "--verify"],
            &["exec", "statements", "--", "true"],
            &["agent", "--once"],
            &["lease", "list"],
            &["sweep", "--dry-run"],
        ] {
            run(&stage, arguments).success();
        }
        let doctor = run(&stage, &["doctor", "--format", "json"]);
        assert!(!doctor.json().as_array().unwrap().is_empty(), "{doctor}");
        for role in ["app-role", "statements", "owner"] {
            let issued = stage.issue(&[role]);
            run(&stage, &["lease", "show", issued.id()]).success();
            run(&stage, &["lease", "renew", issued.id()]).success();
            run(&stage, &["lease", "revoke", issued.id()]).success();
            stage.issue(&[role]);
        }
        stage.expire_and_sweep_all();
        assert_eq!(calls(&stage.cluster), [] as [&str; 0]);
    }
}

#[test]
fn a_running_agent_calls_nothing() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin);
        // The agent's own look at how long its login still lives comes with a renewal.
        let state = stage.sandbox.state();
        let short = state.replace("[files.app]\n", "[files.app]\nttl = \"6s\"\n");
        stage.sandbox.write_state(&short);
        let agent = stage
            .sandbox
            .pgcreds(["agent", "--log-format", "json"])
            .spawn();
        eventually(Duration::from_secs(30), || {
            agent.stderr().matches("renewed").count() >= 2 || !calls(&stage.cluster).is_empty()
        });
        assert_eq!(calls(&stage.cluster), [] as [&str; 0], "{}", agent.stderr());
        agent.signal(crate::harness::Signal::TERM);
        agent.wait().success();
        assert_eq!(stage.logins(), []);
    }
}

/// The traps do work: on another user with the database's settings.
#[test]
fn the_traps_are_set() {
    let stage = stage(Admin::Superuser);
    stage.cluster.execute(
        "ALTER DATABASE mydb RESET ALL; ALTER DATABASE mydb SET search_path = evil, pg_catalog",
    );
    for sql in [
        "SELECT isfinite(now())",
        "SELECT 'a'::text = 'b'",
        "SELECT * FROM pg_roles",
        "SELECT 1::oid",
    ] {
        let before = calls(&stage.cluster).len();
        let result = stage
            .cluster
            .try_execute_as("vaultadmin", "admin-secret", "mydb", sql);
        assert!(result.is_err(), "{sql}: {result:?}");
        assert!(calls(&stage.cluster).len() > before, "{sql}");
    }
}
