//! How the agent ends, and what is left then.

use std::time::Duration;

use super::wait_for_logins;
use crate::app_role::App;
use crate::audit;
use crate::harness::{Signal, eventually, within};

#[test]
fn it_revokes_and_removes_what_it_made() {
    let app = App::new();
    app.describe("app", "");
    app.describe("other", "");
    for signal in [Signal::TERM, Signal::INT] {
        let agent = app.agent(&[]);
        assert_eq!(app.logins().len(), 2);
        agent.running.signal(signal);
        let ended = agent.running.wait().success();
        let events = super::events(&ended.stderr);
        let last = events.last().unwrap();
        assert_eq!(
            (&last["event"], &last["revoked"]),
            (&"stopped".into(), &"2".into())
        );
        assert_eq!(app.logins(), Vec::<String>::new());
        for name in ["app", "other", "health.json"] {
            assert!(!app.path(name).exists(), "{name}");
        }
    }
}

#[test]
fn a_file_that_somebody_else_put_there_is_not_removed() {
    let app = App::new();
    app.describe("app", "");
    let agent = app.agent(&[]);
    let other = "somebody else's\n";
    std::fs::write(app.path("app.new"), other).unwrap();
    // Stopped, so that it cannot put its own back in between.
    agent.running.signal(Signal::STOP);
    std::fs::rename(app.path("app.new"), app.path("app")).unwrap();
    agent.running.signal(Signal::TERM);
    agent.running.signal(Signal::CONT);
    assert_eq!(agent.running.wait().success().stdout, "");
    // Unless it was put back before the signal arrived, which makes it ours again.
    let left = std::fs::read_to_string(app.path("app"));
    assert!(left.is_err() || left.is_ok_and(|text| text == other));
    assert_eq!(app.logins(), Vec::<String>::new());
}

#[test]
fn it_leaves_everything_when_it_is_told_to() {
    let app = App::new();
    app.describe("app", "");
    let agent = app.agent(&["--keep"]);
    let user = app.user("app");
    agent.running.signal(Signal::TERM);
    assert_eq!(agent.running.wait().success().stdout, "");
    assert_eq!((app.user("app"), app.logins()), (user.clone(), vec![user]));
    assert_eq!(app.log_in("app"), Ok(()));
    assert!(
        !app.path("health.json").exists(),
        "nobody keeps the file fresh"
    );
}

#[test]
fn after_a_kill_the_old_lease_ends_by_itself() {
    let app = App::with("default_ttl = \"3s\"\nmax_ttl = \"1h\"\n");
    app.describe("app", "");
    let agent = app.agent(&[]);
    let first = app.user("app");
    assert_eq!(agent.running.kill().code, 137);
    assert_eq!(app.user("app"), first);

    let agent = app.agent(&[]);
    agent.wait_until("the file has a new login", || app.user("app") != first);
    assert_eq!(app.log_in("app"), Ok(()));
    let has_ended = format!("SELECT now() > rolvaliduntil FROM pg_roles WHERE rolname = '{first}'");
    eventually(Duration::from_secs(30), || {
        app.cluster.value(&has_ended) == "t"
    });
    app.sandbox.pgcreds(["sweep"]).run().success();
    wait_for_logins(&app, 1);
    assert_eq!(app.logins(), [app.user("app")]);
}

#[test]
fn a_second_signal_is_for_those_who_cannot_wait() {
    let app = App::new();
    app.describe("app", "");
    let agent = app.agent(&[]);
    let proxy = crate::harness::Proxy::start(app.cluster.port());
    proxy.set_fault(crate::harness::Fault::Silent);
    app.change(&app.cluster.port().to_string(), &proxy.port().to_string());
    agent.running.signal(Signal::HUP);
    agent.wait_for("reloaded", 1);
    agent.running.signal(Signal::TERM);
    agent.wait_until("it removes its file", || !app.path("app").exists());
    eventually(Duration::from_secs(5), || {
        agent.running.signal(Signal::TERM);
        agent.running.stderr().contains("\"stopped\"")
    });
    assert_eq!(agent.running.wait().exits(4).stdout, "");
}

/// What could not be revoked is not passed over in silence.
#[test]
fn leases_that_could_not_be_revoked_make_the_exit_code_4() {
    let keys = r#"revocation_statements = ["SELECT CASE WHEN position('_other_' in '{{name}}') > 0 THEN 1/0 END"]"#;
    let app = App::with(keys);
    app.describe("app", "");
    app.describe("other", "");
    let agent = app.agent(&[]);
    let held = app.user("other");
    agent.running.signal(Signal::TERM);
    let ended = agent.running.wait().exits(4);
    let events = super::events(&ended.stderr);
    let of = |event: &str| events.iter().find(|line| line["event"] == event).unwrap();
    assert_eq!(of("revoke_failed")["lease"], held.as_str(), "{ended}");
    assert_eq!(of("stopped")["revoked"], "1");
    assert_eq!(of("stopped")["incomplete"], "true");
    assert_eq!(app.logins(), [held]);
}

/// An agent that has replaced a lease and could not revoke it, and that lease: for a server that was away, or for the role's
/// statements, which find an empty table. Now there would be nothing in its way.
fn with_a_failed_revocation(app: &App, is_away: bool) -> (super::Agent<'_>, String) {
    app.cluster.execute_in(
        "mydb",
        "CREATE TABLE permission (); GRANT SELECT ON permission TO vaultadmin",
    );
    app.describe("app", "grace = \"2s\"\n");
    let agent = app.agent(&[]);
    let first = app.user("app");
    // The next one lives for so long that nothing else has to be done.
    app.change(SHORT, "max_ttl = \"1h\"\n");
    agent.running.signal(Signal::HUP);
    agent.wait_for("issued", 2);
    if is_away {
        app.cluster.stop();
        agent.wait_for("unreachable", 1);
        app.cluster.restart();
    } else {
        agent.wait_until("its revocation fails", || {
            let events = audit::events(&audit::path(&app.sandbox));
            let mut ends = events.iter().filter(|event| event["event"] == "revoke");
            ends.any(|event| event["lease"] == first.as_str())
        });
    }
    app.cluster
        .execute_in("mydb", "INSERT INTO permission DEFAULT VALUES");
    (agent, first)
}

const SHORT: &str = "default_ttl = \"3s\"\nmax_ttl = \"3s\"\n";

/// Fails for as long as the table is empty.
const FAILING: &str = "SELECT 1 / count(*) FROM permission -- {{name}}";

/// Ends the admin's session for as long as the table is empty.
const BREAKING: &str = "SELECT pg_terminate_backend(pg_backend_pid()) WHERE NOT EXISTS (SELECT FROM permission) -- {{name}}";

/// The role with lifetimes of three seconds and these revocation statements.
fn short_lived(statements: &str) -> App {
    App::with(&format!(
        "{SHORT}revocation_statements = [\"{statements}\"]\n"
    ))
}

/// A minute later.
#[test]
fn a_revocation_that_failed_is_tried_again() {
    let one = |(statements, is_away)| {
        let app = short_lived(statements);
        let (agent, first) = with_a_failed_revocation(&app, is_away);
        let is_gone = || !app.logins().contains(&first);
        assert!(within(Duration::from_secs(75), is_gone), "{statements}");
        agent.wait_for("revoked", 1);
        assert_eq!(app.logins(), [app.user("app")]);
        assert_eq!(agent.count("issued"), 2);
    };
    std::thread::scope(|scope| {
        for case in [(FAILING, false), (BREAKING, false), (FAILING, true)] {
            scope.spawn(move || one(case));
        }
    });
}

#[test]
fn a_revocation_that_failed_is_tried_again_at_the_end() {
    for (statements, is_away) in [(FAILING, false), (BREAKING, false), (FAILING, true)] {
        let app = short_lived(statements);
        let (agent, _) = with_a_failed_revocation(&app, is_away);
        agent.running.signal(Signal::TERM);
        let ended = agent.running.wait().success();
        let events = super::events(&ended.stderr);
        assert_eq!(events.last().unwrap()["revoked"], "2", "{ended}");
        assert_eq!(app.logins(), Vec::<String>::new());
    }
}

#[test]
fn two_agents_do_not_keep_the_same_file() {
    let app = App::new();
    app.describe("app", "");
    app.describe("other", "");
    let agent = app.agent(&["app"]);
    let user = app.user("app");
    for arguments in [&["agent"][..], &["agent", "app", "--once"]] {
        let refused = app.sandbox.pgcreds(arguments).run();
        assert_eq!(
            refused.to_string(),
            format!(
                "--- stderr ---\nerror: could not keep the file \"{}\"\ncaused by: process {} does already\n\
                 hint: Stop that one, or choose another path.\n[exit 1]\n",
                app.path("app").display(),
                agent.running.pid()
            )
        );
    }
    assert_eq!((app.user("app"), app.logins()), (user.clone(), vec![user]));
    let beside = app.agent_at_once(&["other", "--keep"]);
    beside.wait_for("issued", 1);
    // Whoever has ended, in whatever way, keeps nothing.
    agent.running.signal(Signal::TERM);
    agent.running.wait().success();
    assert!(!app.path(".app.lock").exists());
    assert_eq!(beside.running.kill().code, 137);
    app.sandbox.pgcreds(["agent", "--once"]).run().success();
    assert_eq!((app.log_in("app"), app.log_in("other")), (Ok(()), Ok(())));
}

/// A file that comes with a new state file is kept as soon as nobody else does.
#[test]
fn a_file_that_another_agent_keeps_is_waited_for() {
    let app = App::new();
    app.describe("app", "");
    let first = app.agent(&[]);
    let state = app.sandbox.state();
    app.change("[files.app]", "[files.other]");
    app.change(
        &format!("{}\"", app.path("app").display()),
        &format!("{}\"", app.path("other").display()),
    );
    let second = app.agent_at_once(&[]);
    second.wait_for("issued", 1);
    app.sandbox.write_state(&state);
    second.running.signal(Signal::HUP);
    second.wait_for("failed", 1);
    let problem = second.field("failed", "app", "error").unwrap();
    assert!(
        problem.ends_with(&format!("process {} does already", first.running.pid())),
        "{problem}"
    );
    first.running.signal(Signal::TERM);
    first.running.wait().success();
    second.wait_for("issued", 2);
    assert_eq!(app.log_in("app"), Ok(()));
}
