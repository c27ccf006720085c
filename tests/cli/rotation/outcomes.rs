//! What is said and kept when the server refuses the new password, before and after the change.

use std::fs;

use super::{CONNECTION, ROTATED, Source, assert_recovers, assert_works, cluster, rotate};
use crate::audit;
use crate::harness::{Cluster, Run, Sandbox};

fn rotate_by(cluster: &Cluster, statements: &str) -> (Sandbox, Run) {
    let sandbox = Source::File.sandbox(cluster.port());
    let key = format!("rotation_statements = ['''{statements}''']\n");
    sandbox.write_state(&(sandbox.state() + &key));
    let run = rotate(&sandbox);
    (sandbox, run)
}

#[test]
fn a_change_that_the_server_refuses_changes_nothing() {
    let cluster = cluster();
    for (statements, cause) in [
        (
            "SELECT '{{password}}'::int",
            "caused by: invalid input syntax for type integer: \"***\" (SQLSTATE 22P02)\n",
        ),
        ("ALTER ROLE postgres PASSWORD '{{password}}'", "caused by: "),
        (
            "ALTER ROLE {{name}} PASSWORD '{{password}}'; SELECT 1/0",
            "caused by: division by zero (SQLSTATE 22012)\n",
        ),
    ] {
        let (sandbox, run) = rotate_by(&cluster, statements);
        let start = "--- stderr ---\nerror: could not change the password of \"vaultadmin\" on connection \"my-postgres-db\"\n";
        let text = run.exits(3).to_string();
        assert!(text.starts_with(&format!("{start}{cause}")), "{text}");
        assert_eq!(Source::File.stored(&sandbox).unwrap(), "admin-secret");
        assert!(!Source::File.pending(&sandbox).exists());
        assert_works(&sandbox, statements);
    }
}

/// A change to the one that an interrupted rotation left may still be on its way to the server.
#[test]
fn a_password_that_is_left_over_outlives_a_refusal() {
    let cluster = cluster();
    for source in Source::ALL {
        let sandbox = source.sandbox(cluster.port());
        let pending = source.pending(&sandbox);
        fs::write(&pending, "left-over\n").unwrap();
        let state = sandbox.state();
        let refused = "rotation_statements = [\"SELECT 1/0 -- {{password}}\"]\n";
        sandbox.write_state(&format!("{state}{refused}"));
        for _ in 0..2 {
            let run = rotate(&sandbox).exits(3);
            assert!(run.stderr.contains("division by zero"), "{run}");
            let kept = fs::read_to_string(&pending).unwrap();
            assert_eq!(kept, "left-over\n", "{source:?}");
            assert_eq!(source.stored(&sandbox).unwrap(), "admin-secret");
            assert_works(&sandbox, "refused");
        }
        cluster.execute("ALTER ROLE vaultadmin PASSWORD 'left-over'");
        assert_works(&sandbox, "it has arrived");
        sandbox.write_state(&state);
        assert_eq!(rotate(&sandbox).to_string(), ROTATED);
        assert_eq!(source.stored(&sandbox).unwrap(), "left-over");
        assert!(!pending.exists());
        super::reset(&cluster);
    }
}

/// As where a pooler or a directory checks the password instead.
#[test]
fn a_change_that_does_not_take_effect_is_told() {
    let cluster = cluster();
    let (sandbox, run) = rotate_by(&cluster, "SELECT '{{password}}'");
    assert_eq!(
        run.normalized(&sandbox, Some(&cluster)),
        "--- stderr ---\n\
         error: could not log in with the new password of \"vaultadmin\" on connection \"my-postgres-db\"; the old one works still\n\
         caused by: could not connect to \"my-postgres-db\" at 127.0.0.1:PORT, database \"mydb\", as \"vaultadmin\"\n\
         caused by: password authentication failed for user \"vaultadmin\" (SQLSTATE 28P01)\n\
         hint: Both are kept, the new one in \"~/admin.password.pending\", and every command tries both. Run it again: pgcreds connection rotate my-postgres-db\n\
         [exit 3]\n"
    );
    assert_works(&sandbox, "no effect");
    let state = sandbox.state();
    let (without, _) = state.split_once("rotation_statements").unwrap();
    sandbox.write_state(without);
    assert_recovers(&cluster, &sandbox, Source::File, "no effect");
}

#[test]
fn a_login_that_takes_neither_is_told() {
    let cluster = cluster();
    let spoil = "SELECT '{{password}}'; ALTER ROLE vaultadmin PASSWORD 'other'";
    let (sandbox, run) = rotate_by(&cluster, spoil);
    let run = run.exits(3);
    assert!(
        run.stderr.starts_with(
            "error: could not log in with the new password of \"vaultadmin\" on connection \"my-postgres-db\"; the old one is refused too\n"
        ),
        "{run}"
    );
    // Somebody gives it one of the two back.
    let pending = fs::read_to_string(Source::File.pending(&sandbox)).unwrap();
    let pending = pending.trim_end();
    cluster.execute(&format!("ALTER ROLE vaultadmin PASSWORD '{pending}'"));
    assert_works(&sandbox, "neither");
    assert_eq!(rotate(&sandbox).to_string(), ROTATED);
    assert_eq!(Source::File.stored(&sandbox).unwrap(), pending);
}

#[test]
fn a_finished_rotation_is_said_when_asked() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    fs::write(Source::File.pending(&sandbox), "pending-secret\n").unwrap();
    cluster.execute("ALTER ROLE vaultadmin PASSWORD 'pending-secret'");
    let run = sandbox.pgcreds(["--verbose", "connection", "rotate", "my-postgres-db"]);
    assert_eq!(
        run.run().to_string(),
        "--- stderr ---\n\
         finished a rotation that was interrupted: the server had the new password\n\
         rotated the password of \"vaultadmin\" on connection \"my-postgres-db\"\n\
         [exit 0]\n"
    );
    assert_eq!(Source::File.stored(&sandbox).unwrap(), "pending-secret");
}

/// A standby cannot change it, and nothing is left that a later rotation would have to finish.
#[test]
fn a_standby_changes_nothing() {
    let primary = cluster();
    let standby = primary.standby();
    let sandbox = Source::File.sandbox(standby.port());
    let run = rotate(&sandbox).exits(3);
    assert!(run.stderr.contains("(SQLSTATE 25006)"), "{run}");
    assert!(!Source::File.pending(&sandbox).exists());
}

#[test]
fn each_is_one_line_of_the_audit_log() {
    let cluster = cluster();
    let (sandbox, run) = rotate_by(&cluster, "SELECT 1/0 -- {{password}}");
    run.exits(3);
    let state = sandbox.state();
    let (without, _) = state.split_once("rotation_statements").unwrap();
    sandbox.write_state(without);
    rotate(&sandbox).success();
    let events = audit::events(&audit::path(&sandbox));
    assert_eq!(audit::values(&events, "event"), ["rotate", "rotate"]);
    assert_eq!(audit::values(&events, "outcome"), ["failed", "ok"]);
    assert_eq!(
        audit::values(&events, "connection"),
        [CONNECTION, CONNECTION]
    );
}
