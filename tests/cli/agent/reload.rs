//! SIGHUP: the state file is read again, and only what changed in it changes.

use std::fs;

use super::wait_for_logins;
use crate::app_role::App;
use crate::harness::{Admin, Cluster, Signal};

#[test]
fn files_are_added_removed_and_changed() {
    let app = App::new();
    for name in ["same", "changed", "moved", "removed"] {
        app.describe(name, "grace = \"1s\"\n");
    }
    let agent = app.agent(&[]);
    let same = fs::read(app.path("same")).unwrap();
    let removed = app.user("removed");

    let text = app.sandbox.state();
    let (text, _) = text.split_once("\n[files.changed]").unwrap();
    app.sandbox.write_state(text);
    app.describe(
        "changed",
        "template = \"user={{ username }}\"\ngrace = \"1s\"\n",
    );
    let place = format!(
        "path = \"{}\"\ngrace = \"1s\"\n",
        app.path("new-place").display()
    );
    app.describe("moved", &place);
    app.describe("added", "");
    agent.running.signal(Signal::HUP);

    agent.wait_for("reloaded", 1);
    agent.wait_for("issued", 7);
    assert_eq!(fs::read(app.path("same")).unwrap(), same);
    let changed = fs::read_to_string(app.path("changed")).unwrap();
    assert!(
        changed.starts_with("user=pgc_app_role_changed_"),
        "{changed}"
    );
    assert_eq!(app.log_in("added"), Ok(()));
    assert_eq!(app.log_in("new-place"), Ok(()));
    assert!(
        !app.path("moved").exists(),
        "its login does not work for long"
    );
    assert!(!app.path("removed").exists());
    assert!(!app.logins().contains(&removed));
    wait_for_logins(&app, 4);
    agent.wait_until("the probe knows", || {
        let files = agent.health()["files"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        files.keys().collect::<Vec<_>>() == ["added", "changed", "moved", "same"]
    });
}

#[test]
fn a_state_file_that_is_wrong_changes_nothing() {
    let app = App::new();
    app.describe("app", "");
    let agent = app.agent(&[]);
    let (content, state) = (fs::read(app.path("app")).unwrap(), app.sandbox.state());
    app.describe("other", "template = \"{{ pasword }}\"\n");
    agent.running.signal(Signal::HUP);
    agent.wait_for("reload_failed", 1);
    app.sandbox.write_state("version = ");
    agent.running.signal(Signal::HUP);
    agent.wait_for("reload_failed", 2);
    app.sandbox.write_state(&state);
    agent.running.signal(Signal::HUP);
    agent.wait_for("reloaded", 1);
    assert_eq!(fs::read(app.path("app")).unwrap(), content);
    assert_eq!((agent.count("issued"), app.logins().len()), (1, 1));
    assert!(agent.is_healthy());
}

#[test]
fn all_files_can_be_taken_out_and_put_back() {
    let app = App::new();
    let empty = app.sandbox.state();
    app.describe("app", "");
    let state = app.sandbox.state();
    let agent = app.agent(&[]);
    app.sandbox.write_state(&empty);
    agent.running.signal(Signal::HUP);
    agent.wait_for("reloaded", 1);
    assert_eq!(app.logins(), Vec::<String>::new());
    app.sandbox.write_state(&state);
    agent.running.signal(Signal::HUP);
    agent.wait_for("reloaded", 2);
    agent.wait_until("the file is filled", || app.log_in("app").is_ok());
    agent.running.signal(Signal::TERM);
    assert_eq!(agent.running.wait().success().stdout, "");
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn a_role_may_move_to_another_server() {
    let app = App::new();
    let other = Cluster::start();
    other.create_admin(Admin::CreateRole);
    app.describe("app", "grace = \"1s\"\n");
    let port = app.cluster.port().to_string();
    let state = app.sandbox.state();
    let (_, rest) = state.split_once("[connections.my-postgres-db]\n").unwrap();
    let (keys, _) = rest.split_once("\n[").unwrap();
    let second = keys.replace(&port, &other.port().to_string());
    app.sandbox
        .write_state(&format!("{state}\n[connections.second]\n{second}"));
    let agent = app.agent(&[]);
    let first = app.user("app");
    // A lease of somebody else on the other server, with the same oid as far as an oid can tell.
    let oid = |cluster: &Cluster, name: &str| {
        cluster.value(&format!(
            "SELECT oid FROM pg_roles WHERE rolname = '{name}'"
        ))
    };
    app.change("connection = \"my-postgres-db\"", "connection = \"second\"");
    let issued = app
        .sandbox
        .pgcreds(["issue", "app-role", "--format", "json"]);
    let theirs = issued.run().success().json()["username"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        oid(&app.cluster, &first),
        oid(&other, &theirs),
        "the test proves nothing"
    );
    agent.running.signal(Signal::HUP);
    agent.wait_for("issued", 2);
    assert_ne!(app.user("app"), first);
    wait_for_logins(&app, 0);
    let mine = "SELECT rolname FROM pg_roles WHERE rolname ~ '^pgc_' ORDER BY oid";
    assert_eq!(other.rows(mine).concat(), [theirs, app.user("app")]);
}

#[test]
fn another_address_for_clients_gets_into_the_file() {
    let app = App::new();
    app.describe("app", "");
    let agent = app.agent(&[]);
    app.change(
        "username = \"vaultadmin\"",
        "username = \"vaultadmin\"\nclient_host = \"pooler.example\"",
    );
    agent.running.signal(Signal::HUP);
    agent.wait_until("the file has the new address", || {
        app.json("app")
            .is_some_and(|value| value["host"] == "pooler.example")
    });
}
