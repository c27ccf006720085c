//! `issue --verify`: a login that is of no use where applications are is not handed out.

use std::fs;

use crate::app_role::App;
use crate::harness::Run;

fn issue(app: &App) -> Run {
    app.sandbox
        .pgcreds(["issue", "app-role", "--verify", "--format", "password"])
        .run()
}

/// The failure with its hint; no login may be left.
#[track_caller]
fn failure(app: &App) -> String {
    let run = issue(app).exits(3);
    assert_eq!(run.stdout, "");
    assert_eq!(app.logins(), Vec::<String>::new());
    let text = run.normalized(&app.sandbox, Some(&app.cluster));
    assert!(text.contains("\" cannot log in at "), "{text}");
    assert!(text.contains("revoked lease \""), "{text}");
    text
}

/// Says on the connection where applications find the server.
fn tell_clients(app: &App, line: &str) {
    let marker = "username = \"vaultadmin\"\n";
    let state = app
        .sandbox
        .state()
        .replacen(marker, &format!("{marker}{line}\n"), 1);
    app.sandbox.write_state(&state);
}

/// Replaces what pg_hba.conf says about Unix sockets, and keeps the superuser's line.
fn let_in_locally(app: &App, method: &str) {
    let path = app.cluster.data_dir().join("pg_hba.conf");
    let rules = fs::read_to_string(&path).unwrap();
    let rules = rules.replace(
        "local all         all                   scram-sha-256",
        &format!("local all all {method}"),
    );
    fs::write(&path, rules).unwrap();
    app.cluster.execute("SELECT pg_reload_conf()");
    crate::harness::eventually(std::time::Duration::from_secs(10), || {
        app.cluster.log().contains("reloading configuration files")
    });
    let folder = app.cluster.socket_dir();
    tell_clients(app, &format!("client_host = \"{}\"", folder.display()));
}

#[test]
fn a_login_that_works_is_handed_out() {
    let app = App::new();
    let run = issue(&app).success();
    let login = app.logins().remove(0);
    let rows = app
        .cluster
        .try_execute_as(&login, run.stdout.trim(), "mydb", "SELECT 1");
    assert_eq!(rows, Ok(vec![vec!["1".to_owned()]]));
}

#[test]
fn a_place_that_nobody_listens_at() {
    let app = App::new();
    tell_clients(&app, "client_port = 1");
    let text = failure(&app);
    assert!(
        text.contains(
            "Check client_host, client_port and client_sslmode of connection \"my-postgres-db\""
        ),
        "{text}"
    );
}

#[test]
fn a_method_that_knows_no_passwords() {
    let app = App::new();
    let_in_locally(&app, "peer");
    let text = failure(&app);
    assert!(
        text.contains("Peer authentication failed for user"),
        "{text}"
    );
    assert!(
        text.contains("hint: Set the method for this address to scram-sha-256"),
        "{text}"
    );
}

#[test]
fn an_address_that_is_not_let_in() {
    let app = App::new();
    let_in_locally(&app, "reject");
    let text = failure(&app);
    assert!(
        text.contains("hint: Add a line for such logins to the server's pg_hba.conf"),
        "{text}"
    );
}

#[test]
fn a_database_that_may_not_be_connected_to() {
    let app = App::new();
    app.cluster.execute(
        "REVOKE CONNECT ON DATABASE mydb FROM PUBLIC; GRANT CONNECT ON DATABASE mydb TO vaultadmin",
    );
    let text = failure(&app);
    assert!(
        text.contains("hint: Let the role's logins in: GRANT CONNECT ON DATABASE \"mydb\""),
        "{text}"
    );
}
