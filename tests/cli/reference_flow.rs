//! The reference flow of the design: the commands that an administrator who comes from Vault types first, as they are written there.

use std::path::Path;

use crate::harness::{Admin, Run};
use crate::lease_stage::{Credentials, Stage};

/// Only the server's address differs from the design.
const CONNECTION_ADD: &str = "pgcreds connection add my-postgres-db --allowed-roles app-role \
    --url 'postgresql://{{username}}:{{password}}@127.0.0.1:PORT/mydb' --username vaultadmin";
const ROLE_ADD: &str = r#"pgcreds role add app-role --connection my-postgres-db --creation-statements "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';" --default-ttl 1h --max-ttl 24h"#;

/// Types a command into a shell that finds pgcreds.
fn shell(stage: &Stage, line: &str, stdin: &str) -> Run {
    let folder = Path::new(env!("CARGO_BIN_EXE_pgcreds")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let line = line.replace("PORT", &stage.cluster.port().to_string());
    stage
        .sandbox
        .program("sh", ["-c", &line])
        .env("PATH", path)
        .stdin(stdin)
        .run()
}

/// What a successful command prints, without its exit code.
#[track_caller]
fn said(stage: &Stage, line: &str, stdin: &str) -> String {
    let run = shell(stage, line, stdin).success();
    let text = run.normalized(&stage.sandbox, Some(&stage.cluster));
    text.trim_end_matches("[exit 0]\n").to_owned()
}

/// An empty home, and a server that has the admin.
fn stage(admin: Admin) -> Stage {
    let stage = Stage::new(admin, "");
    std::fs::remove_file(stage.sandbox.state_path()).unwrap();
    stage
}

/// Issues by the flow's words, and logs in with the answer.
#[track_caller]
fn issue(stage: &Stage) -> Credentials {
    let run = shell(stage, "pgcreds issue app-role --format json", "");
    let issued = Credentials(run.success().json());
    let answer = stage.execute_as(&issued, "SELECT session_user, current_database()");
    assert_eq!(answer.unwrap(), [[issued.id(), "mydb"]]);
    let lives_an_hour = format!(
        "SELECT rolcanlogin AND rolvaliduntil BETWEEN now() + interval '59 min' AND now() + interval '1 h' \
         FROM pg_roles WHERE rolname = '{}'",
        issued.id()
    );
    assert_eq!(stage.cluster.value(&lives_an_hour), "t");
    issued
}

/// From nothing to a login, and back to nothing in each of the ways there are.
fn walk_through(admin: Admin) {
    let stage = stage(admin);
    assert_eq!(
        said(&stage, "pgcreds init", ""),
        "--- stderr ---\ncreated \"~/.config/pgcreds/pgcreds.toml\"; next: pgcreds connection add NAME --url URL\n"
    );
    let add = format!("{CONNECTION_ADD} --password-stdin");
    assert_eq!(
        said(&stage, &add, "admin-secret\n"),
        "--- stderr ---\n\
         stored the password in \"~/.config/pgcreds/my-postgres-db.password\"\n\
         added connection \"my-postgres-db\"\n"
    );
    assert_eq!(
        said(&stage, ROLE_ADD, ""),
        "--- stderr ---\nadded role \"app-role\"; next: pgcreds issue app-role\n"
    );
    assert_eq!(stage.logins(), []);

    let [revoked, _, renewed] = [issue(&stage), issue(&stage), issue(&stage)];
    let of = |command: &str, lease: &Credentials| {
        said(
            &stage,
            &format!("pgcreds lease {command} {}", lease.id()),
            "",
        )
    };
    assert!(of("show", &renewed).contains(&stage_name(&renewed)));
    assert!(of("renew", &renewed).contains("renewed lease"));
    assert!(of("revoke", &revoked).contains("revoked lease"));
    assert_eq!(stage.logins().len(), 2);
    assert_eq!(
        stage.execute_as(&revoked, "SELECT 1"),
        Err(format!(
            "28P01: password authentication failed for user \"{}\"",
            revoked.id()
        ))
    );
    assert_eq!(
        said(&stage, "pgcreds lease revoke --role app-role", ""),
        "--- stderr ---\nrevoked 2 leases\n"
    );
    assert_eq!(stage.logins(), []);

    issue(&stage);
    assert_eq!(said(&stage, "pgcreds sweep", ""), "");
    assert_eq!(stage.logins().len(), 1);
    stage.expire_and_sweep_all();
}

/// A lease's id with its random end replaced.
fn stage_name(lease: &Credentials) -> String {
    crate::harness::normalize(lease.id())
}

#[test]
fn it_works_as_a_superuser() {
    walk_through(Admin::Superuser);
}

#[test]
fn it_works_as_a_plain_createrole_user() {
    walk_through(Admin::CreateRole);
}
