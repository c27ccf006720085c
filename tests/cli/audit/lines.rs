//! What a line says of each event.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::{events, path, text, values};
use crate::harness::Admin;
use crate::lease_stage::{APP_ROLE, Stage};

/// What a line of a lease has between its event and its outcome.
const LEASE: &str = r#""lease":"pgc_app_role_ci_RANDOM","role":"app-role","connection":"my-postgres-db","database":"mydb","label":"ci","issued_by":"USER@HOST","issued_at":"TIME","expires_at":"TIME""#;

/// How every line ends.
const END: &str = r#""os_user":"USER","host":"HOST","pid":PID"#;

fn stage() -> Stage {
    Stage::new(Admin::CreateRole, APP_ROLE)
}

#[test]
fn each_event_of_a_lease_is_one() {
    let stage = stage();
    let issued = stage.issue(&["app-role", "--for", "ci"]);
    for command in ["renew", "revoke"] {
        let run = stage.sandbox.pgcreds(["lease", command, issued.id()]);
        run.env("CI_JOB_ID", "4711").run().success();
    }
    stage.issue(&["app-role", "--for", "ci"]);
    stage.expire_and_sweep_all();
    let job = r#","ci":"CI_JOB_ID=4711""#;
    let line = |event: &str, job: &str| {
        format!(
            "{{\"time\":\"TIME\",\"event\":\"{event}\",{LEASE},\"outcome\":\"ok\",{END}{job}}}\n"
        )
    };
    let expected = [
        line("issue", ""),
        line("renew", job),
        line("revoke", job),
        line("issue", ""),
        line("sweep", ""),
    ];
    assert_eq!(text(&stage.sandbox), expected.concat());
    let found = events(&path(&stage.sandbox));
    assert_eq!(found[0]["lease"], issued.id());
    assert_eq!(found[0]["expires_at"], issued.text("expires_at"));
    assert_eq!(found[0]["issued_at"], issued.text("issued_at"));
}

#[test]
fn only_its_owner_can_read_it() {
    let stage = stage();
    stage.issue(&["app-role"]);
    let file = path(&stage.sandbox);
    for (path, mode) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, mode);
    }
}

#[test]
fn looking_leaves_none() {
    let stage = stage();
    for line in [
        "lease list",
        "sweep",
        "sweep --dry-run",
        "role check app-role",
        "audit",
    ] {
        stage.sandbox.pgcreds(line.split(' ')).run().success();
    }
    assert!(!path(&stage.sandbox).exists());
}

#[test]
fn a_refusal_is_one() {
    let stage = stage();
    let superuser = stage
        .cluster
        .value("SELECT rolname FROM pg_roles WHERE oid = 10");
    stage.issue(&["app-role", "--for", "ci"]);
    stage.expire_all();
    for line in [
        "issue no-such-role",
        "issue app-role --ttl 48h --for ci",
        "lease renew pgc_no_such_lease",
        &format!("lease revoke {superuser}"),
        "sweep --max 0",
    ] {
        stage.sandbox.pgcreds(line.split(' ')).run().exits(1);
    }
    let found = &events(&path(&stage.sandbox))[1..];
    assert_eq!(
        values(found, "event"),
        ["issue", "issue", "renew", "revoke", "sweep"]
    );
    assert_eq!(values(found, "outcome"), ["refused"; 5]);
    assert_eq!(
        values(found, "role"),
        ["no-such-role", "app-role", "", "", ""]
    );
    assert_eq!(
        values(found, "lease"),
        ["", "", "pgc_no_such_lease", &superuser, ""]
    );
    assert_eq!(
        values(found, "error"),
        [
            "role \"no-such-role\" not found",
            "ttl 48h is over max_ttl 24h of role \"app-role\"",
            "lease \"pgc_no_such_lease\" not found",
            &format!("role \"{superuser}\" is not a lease of pgcreds"),
            "1 lease would be revoked, which is over --max 0",
        ]
    );
}

#[test]
fn a_failure_is_one() {
    let role = APP_ROLE.replace("CREATE ROLE", "SELECT 1/0; CREATE ROLE");
    let stage = Stage::new(Admin::CreateRole, &role);
    stage.sandbox.pgcreds(["issue", "app-role"]).run().exits(3);
    stage.cluster.stop();
    stage.sandbox.pgcreds(["issue", "app-role"]).run().exits(3);
    stage.sandbox.pgcreds(["sweep"]).run().exits(3);
    let found = events(&path(&stage.sandbox));
    assert_eq!(values(&found, "event"), ["issue", "issue", "sweep"]);
    assert_eq!(values(&found, "outcome"), ["failed"; 3]);
    assert_eq!(values(&found, "connection"), ["my-postgres-db"; 3]);
    let errors = values(&found, "error");
    assert!(
        errors[0].contains("division by zero (SQLSTATE 22012)"),
        "{errors:?}"
    );
    assert!(errors[2].contains("could not connect to"), "{errors:?}");
    // The login that was tried has a name, which the server's log knows too.
    assert!(
        found[0]["lease"]
            .as_str()
            .unwrap()
            .starts_with("pgc_app_role_")
    );
}

#[test]
fn a_lease_that_is_cut_off_but_still_there_is_partial() {
    let role = format!("{APP_ROLE}revocation_statements = [\"SELECT 1/0\"]\n");
    let stage = Stage::new(Admin::CreateRole, &role);
    stage.issue(&["app-role"]);
    stage.expire_all();
    stage.sandbox.pgcreds(["sweep"]).run().exits(4);
    let found = events(&path(&stage.sandbox));
    assert_eq!(values(&found, "outcome"), ["ok", "partial"]);
    assert!(
        values(&found, "error")[1].starts_with("revocation_statements failed: division by zero")
    );
}

#[test]
fn credentials_that_are_not_delivered_leave_two() {
    let stage = stage();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let run = stage.sandbox.pgcreds(["issue", "app-role"]).stdout(full);
    run.run().exits(1);
    let found = events(&path(&stage.sandbox));
    assert_eq!(values(&found, "event"), ["issue", "revoke"]);
    assert_eq!(found[0]["lease"], found[1]["lease"]);
}

#[test]
fn a_command_has_its_start_and_its_end() {
    let stage = stage();
    let run = |line: &[&str]| {
        let line = [&["exec", "app-role", "--for", "ci", "--"], line].concat();
        stage.sandbox.pgcreds(line).run()
    };
    run(&["sh", "-c", "exit 7", "an-argument-may-be-a-secret"]).exits(7);
    run(&["no-such-command"]).exits(127);
    let found = events(&path(&stage.sandbox));
    assert_eq!(
        values(&found, "event"),
        ["issue", "exec_start", "exec_end", "revoke"].repeat(2)
    );
    assert_eq!(found[1]["command"], "sh");
    assert_eq!(
        (&found[2]["exit_code"], &found[2]["outcome"]),
        (&7.into(), &"ok".into())
    );
    assert_eq!(found[5]["command"], "no-such-command");
    assert_eq!(
        (&found[6]["exit_code"], &found[6]["outcome"]),
        (&127.into(), &"failed".into())
    );
    for four in found.chunks(4) {
        assert!(four.iter().all(|event| event["lease"] == four[0]["lease"]));
        assert!(four.iter().all(|event| event["label"] == "ci"));
    }
}

#[test]
fn the_agent_leaves_them_too() {
    let stage = stage();
    let file = "\n[files.app-db]\nrole = \"app-role\"\npath = \"app.env\"\nformat = \"dotenv\"\n";
    stage.sandbox.write_state(&(stage.sandbox.state() + file));
    stage.sandbox.pgcreds(["agent", "--once"]).run().success();
    stage.cluster.stop();
    stage.sandbox.pgcreds(["agent", "--once"]).run().exits(3);
    let found = events(&path(&stage.sandbox));
    assert_eq!(values(&found, "event"), ["issue", "connect"]);
    assert_eq!(values(&found, "label"), ["app-db", ""]);
    assert_eq!(values(&found, "outcome"), ["ok", "failed"]);
}
