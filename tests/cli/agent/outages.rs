//! Without a server the files stay as they are, and no login is made for each attempt.

use std::fs;

use super::wait_for_logins;
use crate::app_role::App;
use crate::harness::Signal;

#[test]
fn a_server_that_is_away_past_two_thirds_costs_nothing() {
    let app = App::with("default_ttl = \"6s\"\nmax_ttl = \"1h\"\n");
    app.describe("app", "");
    let agent = app.agent(&[]);
    let user = app.user("app");
    app.cluster.stop();
    agent.wait_until("the renewal fails", || {
        agent.field("failed", "app", "error").is_some()
    });
    assert!(app.json("app").is_some());
    app.cluster.restart();
    agent.wait_for("renewed", 1);
    assert_eq!((app.user("app"), agent.count("issued")), (user, 1));
    assert_eq!(app.logins().len(), 1);
    assert_eq!(app.log_in("app"), Ok(()));
}

#[test]
fn a_server_that_is_away_until_the_lease_has_ended_gets_one_new_login() {
    let app = App::with("default_ttl = \"2s\"\nmax_ttl = \"1h\"\n");
    app.describe("app", "grace = \"1s\"\n");
    let agent = app.agent(&[]);
    let content = fs::read_to_string(app.path("app")).unwrap();
    app.cluster.stop();
    agent.wait_for("failed", 2);
    agent.wait_until("the probe knows", || !agent.is_healthy());
    let problem = agent.health()["files"]["app"]["error"].to_string();
    assert!(problem.contains("could not connect"), "{problem}");
    assert_eq!(fs::read_to_string(app.path("app")).unwrap(), content);
    app.cluster.restart();
    agent.wait_for("issued", 2);
    assert_eq!(app.log_in("app"), Ok(()));
    agent.wait_until("the probe knows", || agent.is_healthy());
    wait_for_logins(&app, 1);
    assert_eq!(agent.count("issued"), 2);
}

#[test]
fn an_agent_may_start_before_the_server() {
    let app = App::new();
    app.describe("app", "");
    app.cluster.stop();
    let agent = app.agent_at_once(&[]);
    agent.wait_for("failed", 1);
    assert_eq!(agent.health()["healthy"], false);
    assert!(!app.path("app").exists());
    app.cluster.restart();
    agent.wait_until("the file is filled", || agent.is_healthy());
    assert_eq!(app.log_in("app"), Ok(()));
    assert_eq!(app.logins().len(), 1);
}

#[test]
fn it_can_be_stopped_while_the_server_is_away() {
    let app = App::new();
    app.describe("app", "");
    let agent = app.agent(&[]);
    app.cluster.stop();
    agent.running.signal(Signal::TERM);
    let ended = agent.running.wait().exits(4);
    assert!(ended.stderr.contains("unreachable"), "{ended}");
    assert!(!app.path("app").exists());
    app.cluster.restart();
    assert_eq!(app.logins().len(), 1, "it ends by itself");
}
