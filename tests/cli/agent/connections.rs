//! Several servers: one that is away concerns only its own files.

use crate::app_role::App;
use crate::harness::{Fault, Proxy, Signal};

#[test]
fn a_server_that_is_away_stops_no_other() {
    let app = App::with("default_ttl = \"3s\"\nmax_ttl = \"1h\"\n");
    let proxy = Proxy::start(app.cluster.port());
    // It accepts, and never answers: worse than one that refuses.
    proxy.set_fault(Fault::Silent);
    let text = app.sandbox.state();
    let (_, rest) = text.split_once("[connections.my-postgres-db]\n").unwrap();
    let (keys, _) = rest.split_once("\n[").unwrap();
    let port = proxy.port().to_string();
    let second = keys.replace(&app.cluster.port().to_string(), &port);
    let second = second.replace("/mydb\"", "/mydb?connect_timeout=2\"");
    app.sandbox.write_state(&format!(
        "{text}\n[connections.second]\n{second}\n[roles.second]\nconnection = \"second\"\nmember_of = [\"app_rw\"]\n"
    ));
    app.describe("good", "");
    app.describe("bad", "role = \"second\"\n");
    let agent = app.agent_at_once(&[]);
    agent.wait_for("renewed", 2);
    assert_eq!(app.log_in("good"), Ok(()));
    agent.wait_for("failed", 1);
    agent.wait_until("the probe knows", || {
        agent.health()["files"]["bad"]["error"].is_string()
    });
    let health = agent.health();
    assert_eq!(health["healthy"], false);
    assert_eq!(health["files"]["good"]["healthy"], true);
    assert!(!app.path("bad").exists());
    proxy.set_fault(Fault::None);
    agent.wait_until("both are filled", || agent.is_healthy());
    agent.running.signal(Signal::TERM);
    assert_eq!(agent.running.wait().success().stdout, "");
    assert_eq!(app.logins(), Vec::<String>::new());
}
