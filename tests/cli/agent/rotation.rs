//! A lease is renewed as long as it can live, and replaced before it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::client::connect_in_a_loop;
use super::wait_for_logins;
use crate::app_role::App;
use crate::harness::Signal;

#[test]
fn an_application_that_reads_its_file_never_fails_to_connect() {
    let app = App::with("default_ttl = \"3s\"\nmax_ttl = \"6s\"\n");
    app.describe("app", "grace = \"1s\"\n");
    let agent = app.agent(&[]);
    let stop = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let client = scope.spawn(|| connect_in_a_loop(&app, "app", &stop));
        agent.wait_for("issued", 4);
        stop.store(true, Ordering::Relaxed);
        client.join().unwrap()
    });
    assert_eq!(seen.failures, Vec::<String>::new());
    assert!(seen.connected > 50, "{}", seen.connected);
    assert!(seen.users.len() >= 3, "{:?}", seen.users);
    assert!(agent.count("renewed") >= 3, "{}", agent.running.stderr());
    // What was replaced is revoked.
    agent.wait_for("revoked", 3);
    wait_for_logins(&app, 1);
    agent.running.signal(Signal::TERM);
    let log = agent.running.wait().success().stderr;
    assert_eq!(app.logins(), Vec::<String>::new());
    for secret in seen.passwords.iter().chain([&"admin-secret".to_owned()]) {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn a_replaced_lease_lives_on_for_those_who_have_read_it() {
    let app = App::with("default_ttl = \"3s\"\nmax_ttl = \"3s\"\n");
    app.describe("app", "grace = \"5s\"\n");
    let agent = app.agent(&[]);
    let first = app.user("app");
    agent.wait_for("issued", 2);
    assert_ne!(app.user("app"), first);
    let replaced = Instant::now();
    assert!(app.logins().contains(&first));
    agent.wait_until("it is revoked", || !app.logins().contains(&first));
    // A little less than its grace: it was replaced before that was seen.
    let elapsed = replaced.elapsed();
    assert!(elapsed > Duration::from_secs(3), "{elapsed:?}");
}

#[test]
fn a_lease_that_was_revoked_behind_its_back_is_replaced_soon() {
    let app = App::with("default_ttl = \"20s\"\nmax_ttl = \"1h\"\n");
    app.describe("app", "grace = \"1s\"\n");
    let agent = app.agent(&[]);
    let first = app.user("app");
    app.sandbox
        .pgcreds(["lease", "revoke", &first])
        .run()
        .success();
    assert!(app.log_in("app").is_err());
    let begin = std::time::Instant::now();
    agent.wait_until("it works again", || app.log_in("app").is_ok());
    assert!(begin.elapsed().as_secs() < 8, "{:?}", begin.elapsed());
    assert_ne!(app.user("app"), first);
    wait_for_logins(&app, 1);
}

#[test]
fn a_lease_that_somebody_cut_short_is_renewed_in_time() {
    let app = App::with("default_ttl = \"20s\"\nmax_ttl = \"1h\"\n");
    app.describe("app", "");
    let agent = app.agent(&[]);
    let user = app.user("app");
    // As if the machine had slept, or the server's clock had been set.
    let sql = format!("SELECT format('ALTER ROLE {user} VALID UNTIL %L', now() + interval '5 s')");
    app.cluster.execute(&app.cluster.value(&sql));
    agent.wait_for("renewed", 1);
    assert_eq!(app.log_in("app"), Ok(()));
    assert_eq!(app.user("app"), user);
    assert_eq!(agent.count("issued"), 1);
}
