//! `pgcreds lease renew` and `lease show`: a new end from the server's now, never beyond the last one.

use serde_json::json;

use crate::harness::{Admin, Run, Signal, normalize};
use crate::lease_stage::{APP_ROLE, Credentials, Stage};

/// A stage and a lease of ten minutes that may live for an hour.
fn leased(more: &str) -> (Stage, Credentials) {
    let role = format!("{APP_ROLE}max_ttl = \"1h\"\ndefault_ttl = \"20m\"\n{more}");
    let stage = Stage::new(Admin::CreateRole, &role);
    let lease = stage.issue(&["app-role", "--ttl", "10m", "--for", "alice"]);
    (stage, lease)
}

/// Renews a lease.
fn renew(stage: &Stage, lease: &Credentials, arguments: &[&str]) -> Run {
    let command = ["lease", "renew", "--format", "json", lease.id()];
    stage
        .sandbox
        .pgcreds([&command[..], arguments].concat())
        .run()
}

/// Whether the login's end is that many seconds from now, give or take what a test takes.
#[track_caller]
fn assert_ends_in(stage: &Stage, seconds: u32) {
    let sql = "SELECT extract(epoch FROM rolvaliduntil - now())::int FROM pg_roles WHERE rolname LIKE 'pgc\\_%'";
    let left: u32 = stage.cluster.value(sql).parse().unwrap();
    assert!(
        (seconds - 30..=seconds).contains(&left),
        "{left} of {seconds} s"
    );
}

/// Asserts that a renewal was refused with this text, and changed nothing.
#[track_caller]
fn assert_refused(stage: &Stage, lease: &Credentials, arguments: &[&str], text: &str) {
    let before = stage.logins();
    let run = renew(stage, lease, arguments);
    assert_eq!(
        run.normalized(&stage.sandbox, None),
        format!("--- stderr ---\n{text}")
    );
    assert_eq!(stage.logins(), before);
}

#[test]
fn the_new_end_counts_from_now() {
    let (stage, lease) = leased("");
    for (arguments, seconds) in [
        (&[][..], 1_200),
        (&["--ttl", "30m"], 1_800),
        (&["--increment", "300"], 300),
        (&["--ttl=1m"], 60),
    ] {
        let run = renew(&stage, &lease, arguments).success();
        assert_eq!(
            normalize(&run.stderr),
            "renewed lease \"pgc_app_role_alice_RANDOM\" until TIME\n"
        );
        assert_ends_in(&stage, seconds);
        assert_eq!(run.json()["expires_at"], stage.logins()[0].end.as_str());
    }
    stage.execute_as(&lease, "SELECT 1").unwrap();
}

#[test]
fn json_is_a_contract() {
    let (stage, lease) = leased("");
    let session = stage
        .cluster
        .connect_as(lease.id(), lease.text("password"), "mydb");
    let marker = serde_json::from_str::<serde_json::Value>(&stage.logins()[0].marker).unwrap();
    let renewed = renew(&stage, &lease, &[]).success();
    let shown = stage
        .sandbox
        .pgcreds(["lease", "show", lease.id(), "--format=json"])
        .run();
    assert!(session.is_alive());
    assert_eq!(
        renewed.json(),
        json!({
            "lease_id": lease.id(),
            "role": "app-role",
            "connection": "my-postgres-db",
            "state": "active",
            "issued_at": lease.text("issued_at"),
            "expires_at": stage.logins()[0].end,
            "max_expires_at": lease.text("max_expires_at"),
            "issued_by": marker["issued_by"],
            "label": "alice",
            "sessions": 1,
        })
    );
    assert_eq!(shown.success().stdout, renewed.stdout);
}

#[test]
fn an_end_beyond_the_last_is_capped_with_a_warning() {
    let (stage, lease) = leased("");
    let run = renew(&stage, &lease, &["--ttl", "2h", "--quiet"]).success();
    assert_eq!(
        normalize(&run.stderr),
        "warning: lease \"pgc_app_role_alice_RANDOM\" may not live longer than until TIME (max_ttl)\n"
    );
    assert_eq!(stage.logins()[0].end, lease.text("max_expires_at"));
    assert_eq!(run.json()["expires_at"], lease.text("max_expires_at"));
    assert_refused(
        &stage,
        &lease,
        &["--ttl", "10m"],
        "error: lease \"pgc_app_role_alice_RANDOM\" cannot be renewed: it may live until TIME at the latest (max_ttl), and already does\n\
         hint: Issue a new one: pgcreds issue app-role\n\
         [exit 1]\n",
    );
}

#[test]
fn what_has_ended_stays_ended() {
    const ENDED: &str = "error: lease \"pgc_app_role_alice_RANDOM\" has ended and cannot be renewed\n\
         hint: Issue a new one: pgcreds issue app-role\n\
         [exit 1]\n";
    let (stage, lease) = leased("");
    stage
        .cluster
        .execute(&format!("ALTER ROLE {} NOLOGIN", lease.id()));
    assert_refused(&stage, &lease, &[], ENDED);
    stage
        .cluster
        .execute(&format!("ALTER ROLE {} LOGIN", lease.id()));
    stage.expire_all();
    assert_refused(&stage, &lease, &[], ENDED);
    stage
        .cluster
        .execute(&format!("ALTER ROLE {} VALID UNTIL 'infinity'", lease.id()));
    let max_passed = "UPDATE pg_shdescription SET description = regexp_replace(description, '\"max_expires_at\":\"[^\"]*', '\"max_expires_at\":\"2001-01-01T00:00:00Z')";
    stage.cluster.execute(max_passed);
    assert_eq!(renew(&stage, &lease, &[]).code, 1);
}

#[test]
fn an_unknown_lease_is_not_found() {
    let (stage, _) = leased("");
    for (command, problem) in [
        ("renew", "It may have ended and been swept."),
        (
            "show",
            "No server has it, nor has the audit log of this host.",
        ),
    ] {
        let run = stage
            .sandbox
            .pgcreds(["lease", command, "pgc_app_role_nobody_0"])
            .run();
        assert_eq!(
            run.to_string(),
            format!(
                "--- stderr ---\n\
                 error: lease \"pgc_app_role_nobody_0\" not found\n\
                 hint: {problem} See what there is with: pgcreds lease list\n\
                 [exit 1]\n"
            )
        );
        let run = stage.sandbox.pgcreds(["lease", command, "app_rw"]).run();
        assert_eq!(
            run.to_string(),
            "--- stderr ---\n\
             error: role \"app_rw\" is not a lease of pgcreds\n\
             hint: pgcreds touches only logins that it made: see pgcreds lease list.\n\
             [exit 1]\n"
        );
    }
}

#[test]
fn a_lease_may_be_where_nobody_answered() {
    let (stage, lease) = leased("");
    let state = stage.sandbox.state();
    let away = "\n[connections.away]\nurl = \"postgresql://x:y@127.0.0.1:1/mydb\"\n";
    stage.sandbox.write_state(&format!("{state}{away}"));
    let unknown = ["lease", "renew", "pgc_app_role_nobody_0"];
    let run = stage.sandbox.pgcreds(unknown).run().exits(3);
    let expected = "error: could not connect to \"away\" at 127.0.0.1:1";
    assert!(run.stderr.starts_with(expected), "{run}");
    renew(&stage, &lease, &[]).success();
}

#[test]
fn a_lifetime_that_is_none_is_a_usage_error() {
    let (stage, lease) = leased("");
    for ttl in ["0", "-1m", "tomorrow"] {
        let before = stage.logins();
        renew(&stage, &lease, &["--ttl", ttl]).exits(2);
        assert_eq!(stage.logins(), before);
    }
}

#[test]
fn without_its_role_a_lease_is_renewed_for_a_given_time() {
    let (stage, lease) = leased("");
    stage
        .sandbox
        .pgcreds(["role", "remove", "app-role"])
        .run()
        .success();
    assert_refused(
        &stage,
        &lease,
        &[],
        "error: role \"app-role\" of lease \"pgc_app_role_alice_RANDOM\" is not in the state file\n\
         hint: Say how long it shall live on with --ttl.\n\
         [exit 1]\n",
    );
    renew(&stage, &lease, &["--ttl", "15m"]).success();
    assert_ends_in(&stage, 900);
}

#[test]
fn renew_statements_run_in_the_same_transaction() {
    let (stage, lease) = leased(
        "renew_statements = [\"INSERT INTO renewals VALUES ('{{name}}', '{{expiration}}')\"]\n",
    );
    let before = stage.logins();
    let run = renew(&stage, &lease, &[]).exits(3);
    assert!(
        run.stderr.contains("relation \"renewals\" does not exist"),
        "{run}"
    );
    assert_eq!(stage.logins(), before);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE renewals (name text, end_at timestamptz); GRANT INSERT ON renewals TO vaultadmin",
    );
    renew(&stage, &lease, &[]).success();
    let noted = "SELECT name, end_at = (SELECT rolvaliduntil FROM pg_roles WHERE rolname = name) FROM renewals";
    assert_eq!(stage.cluster.rows_in("mydb", noted), [[lease.id(), "t"]]);
}

#[test]
fn the_table_of_show_is_for_people() {
    let (stage, lease) = leased("");
    let run = stage.sandbox.pgcreds(["lease", "show", lease.id()]).run();
    let text = run.normalized(&stage.sandbox, None);
    let text = text
        .lines()
        .filter(|line| !line.contains("issued by"))
        .collect::<Vec<_>>();
    assert_eq!(
        text,
        [
            " lease id         pgc_app_role_alice_RANDOM",
            " role             app-role",
            " connection       my-postgres-db",
            " state            active",
            " issued at        TIME",
            " expires at       TIME",
            " max expires at   TIME",
            " label            alice",
            " sessions         0",
            "[exit 0]",
        ]
    );
}

#[test]
fn show_tells_the_state() {
    let (stage, lease) = leased("");
    let state = || {
        let run = stage
            .sandbox
            .pgcreds(["lease", "show", lease.id(), "--format=json"])
            .run();
        run.success().json()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(), "active");
    stage.expire_all();
    assert_eq!(state(), "expired");
    stage
        .cluster
        .execute(&format!("ALTER ROLE {} NOLOGIN", lease.id()));
    assert_eq!(state(), "quarantined");
}

#[test]
fn a_renewal_that_is_killed_leaves_the_old_end_or_the_new() {
    let (stage, lease) = leased("");
    let command = ["lease", "renew", lease.id()];
    for delay in 0..20 {
        let running = stage.sandbox.pgcreds(command).spawn();
        crate::harness::within(std::time::Duration::from_millis(delay * 3), || false);
        running.signal(Signal::KILL);
        assert!([0, 137].contains(&running.wait().code));
        crate::lease_stage::assert_whole(&stage.logins());
    }
    renew(&stage, &lease, &["--ttl", "30m"]).success();
    assert_ends_in(&stage, 1_800);
}
