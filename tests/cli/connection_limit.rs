//! How many sessions a login may have: the short forms, `connection_limit`, and what statements say.

use crate::harness::{Admin, Run};
use crate::stage::Stage;

/// Adds role `other` and issues it; returns its name and its password.
fn issue(stage: &Stage, keys: &str) -> (String, String) {
    let state = stage.sandbox.state();
    let connections = state.split("\n[roles.").next().unwrap();
    stage.sandbox.write_state(&format!(
        "{connections}\n[roles.other]\nconnection = \"my-postgres-db\"\n{keys}\n"
    ));
    let issue = ["issue", "other", "--format", "json"];
    let credentials = stage.sandbox.pgcreds(issue).run().success().json();
    let text = |key: &str| credentials[key].as_str().unwrap().to_owned();
    (text("username"), text("password"))
}

/// What the server has as the limit of the login.
fn limit(stage: &Stage, keys: &str) -> String {
    let (name, _) = issue(stage, keys);
    stage.cluster.value(&format!(
        "SELECT rolconnlimit FROM pg_roles WHERE rolname = '{name}'"
    ))
}

fn statements(options: &str) -> String {
    format!(
        "creation_statements = [\"\"\"CREATE ROLE \"{{{{name}}}}\" LOGIN PASSWORD '{{{{password}}}}' {options}\"\"\"]\n"
    )
}

#[test]
fn the_next_session_is_refused_by_the_server() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let stage = Stage::new(admin);
        for (keys, sessions) in [("", 20), ("connection_limit = 3", 3)] {
            let (name, password) = issue(&stage, &format!("member_of = [\"app_rw\"]\n{keys}"));
            let open: Vec<_> = (0..sessions)
                .map(|_| stage.cluster.connect_as(&name, &password, "mydb"))
                .collect();
            assert_eq!(
                stage
                    .cluster
                    .try_execute_as(&name, &password, "mydb", "SELECT 1"),
                Err(format!("53300: too many connections for role \"{name}\""))
            );
            for session in &open {
                assert!(session.is_alive());
            }
        }
    }
}

#[test]
fn the_role_decides_else_the_statements() {
    let stage = Stage::new(Admin::CreateRole);
    let group = "member_of = [\"app_rw\"]\n";
    for (keys, expected) in [
        (format!("{group}connection_limit = -1"), "-1"),
        (format!("{group}connection_limit = 1"), "1"),
        ("set_role = \"app_rw\"".to_owned(), "20"),
        (statements(""), "-1"),
        (statements("CONNECTION LIMIT 2"), "2"),
        (statements("") + "connection_limit = 4", "4"),
        (
            statements("CONNECTION LIMIT 2") + "connection_limit = 4",
            "4",
        ),
        (
            statements("CONNECTION LIMIT 2") + "connection_limit = -1",
            "-1",
        ),
    ] {
        assert_eq!(limit(&stage, &keys), expected, "{keys}");
    }
}

fn role_add(stage: &Stage, further: &str) -> Run {
    let line = format!("role add new --connection my-postgres-db {further}");
    stage.sandbox.pgcreds(line.split(' ')).run()
}

#[test]
fn role_add_writes_it_and_role_show_tells_it() {
    let stage = Stage::new(Admin::CreateRole);
    for (option, expected) in [
        ("--connection-limit 7", 7),
        ("--connection-limit -1", -1),
        ("--connection-limit=-1", -1),
    ] {
        role_add(&stage, &format!("--member-of app_rw {option}")).success();
        let line = format!("connection_limit = {expected}\n");
        assert!(stage.sandbox.state().contains(&line), "{option}");
        let show = ["role", "show", "new", "--format", "json"];
        let shown = stage.sandbox.pgcreds(show).run().success().json();
        assert_eq!(shown["connection_limit"], expected);
        let check = ["role", "check", "new", "--format", "json"];
        let found = stage.sandbox.pgcreds(check).run().success().json();
        assert_eq!(found["connection_limit"], expected);
        stage
            .sandbox
            .pgcreds(["role", "remove", "new"])
            .run()
            .success();
    }
    let before = stage.sandbox.state();
    for limit in ["0", "-2"] {
        let run = role_add(
            &stage,
            &format!("--member-of app_rw --connection-limit {limit}"),
        );
        assert_eq!(
            run.exits(1).stderr,
            "error: invalid role \"new\"\n\
             caused by: connection_limit is a number of sessions from 1 on, or -1 for no limit\n"
        );
    }
    assert_eq!(stage.sandbox.state(), before);
}

/// Statements without a limit are no reason to fail or to warn: `role check` notes what they mean.
#[test]
fn role_check_notes_a_login_without_limit() {
    let stage = Stage::new(Admin::CreateRole);
    let check = |keys: &str| {
        issue(&stage, keys);
        let check = ["role", "check", "other", "--format", "json"];
        let run = stage.sandbox.pgcreds(check).run().success();
        assert_eq!(run.stderr, "");
        let notes = run.json()["notes"].clone();
        let notes = notes.as_array().unwrap().iter();
        let notes: Vec<String> = notes
            .map(|note| note.as_str().unwrap().to_owned())
            .collect();
        (notes.len(), notes.concat())
    };
    let (count, notes) = check(&statements(""));
    assert_eq!(count, 2, "{notes}");
    assert!(
        notes.contains("no connection slot is reserved for \"vaultadmin\"")
            && notes.ends_with("in [roles.other] write connection_limit = 20"),
        "{notes}"
    );
    for keys in [
        statements("CONNECTION LIMIT 5"),
        statements("") + "connection_limit = -1",
        "member_of = [\"app_rw\"]".to_owned(),
    ] {
        assert_eq!(check(&keys).0, 1, "{keys}");
    }
    stage.cluster.execute("ALTER ROLE vaultadmin SUPERUSER");
    assert_eq!(check(&statements("CONNECTION LIMIT 5")), (0, String::new()));
}
