//! `agent --once`: fills the files and leaves.

use std::fs;

use crate::app_role::App;
use crate::harness::Proxy;

#[test]
fn it_fills_the_files_that_were_named() {
    let app = App::new();
    let script = format!("sleep 0.3; echo told >'{}'", app.path("told").display());
    app.describe(
        "app",
        &format!("on_change = [\"sh\", \"-c\", \"{script}\"]\n"),
    );
    app.describe("other", "");
    let filled = app
        .sandbox
        .pgcreds(["agent", "app", "--once"])
        .run()
        .success();
    assert_eq!(filled.stdout, "");
    assert_eq!(app.logins(), [app.user("app")]);
    assert_eq!(app.log_in("app"), Ok(()));
    assert!(!app.path("other").exists());
    assert_eq!(fs::read_to_string(app.path("told")).unwrap(), "told\n");
    app.sandbox.pgcreds(["agent", "--once"]).run().success();
    assert_eq!(app.log_in("other"), Ok(()));
}

#[test]
fn a_name_that_does_not_exist_is_refused() {
    let app = App::new();
    let none = app.sandbox.pgcreds(["agent"]).run();
    assert_eq!(
        none.to_string(),
        "--- stderr ---\nerror: there are no files to keep\n\
         hint: Describe them in the state file, as [files.NAME] with role, path and format.\n[exit 1]\n"
    );
    app.describe("app", "");
    let refused = app.sandbox.pgcreds(["agent", "app", "ap"]).run();
    assert_eq!(
        refused.to_string(),
        "--- stderr ---\nerror: file \"ap\" not found\nhint: Did you mean \"app\"? There are \"app\".\n[exit 1]\n"
    );
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn the_exit_code_says_what_was_done() {
    let app = App::new();
    app.describe("app", "");
    app.cluster.stop();
    let failed = app.sandbox.pgcreds(["agent", "--once"]).run().exits(3);
    let expected = "error: could not fill file \"app\": could not connect";
    assert!(failed.stderr.starts_with(expected), "{failed}");
    assert!(!app.path("app").exists());
    app.cluster.restart();

    fs::write(app.path("no-folder"), "").unwrap();
    let path = app.path("no-folder/lost");
    app.describe("lost", &format!("path = \"{}\"\n", path.display()));
    let partly = app.sandbox.pgcreds(["agent", "--once"]).run().exits(4);
    assert!(
        partly.stderr.contains("could not write the file"),
        "{partly}"
    );
    assert_eq!(
        app.logins(),
        [app.user("app")],
        "what could not be written is revoked"
    );
    let failed = app.sandbox.pgcreds(["agent", "lost", "--once"]).run();
    assert_eq!(failed.exits(1).stdout, "");
    assert_eq!(app.logins(), [app.user("app")]);
}

#[test]
fn one_connection_is_enough_for_all_files_of_a_server() {
    let app = App::new();
    for name in ["a", "b", "c"] {
        app.describe(name, "");
    }
    let proxy = Proxy::start(app.cluster.port());
    app.change(&app.cluster.port().to_string(), &proxy.port().to_string());
    app.sandbox.pgcreds(["agent", "--once"]).run().success();
    // PostgreSQL 13 refuses a setting that the first one asks for.
    let refused = usize::from(app.cluster.version() < 14);
    assert_eq!(proxy.connections(), 1 + refused);
    assert_eq!(app.logins().len(), 3);
}
