//! What other people wrote does not act on the terminal of who reads it.

use crate::harness::Admin;
use crate::stage::{LATER, PAST, Stage, identifier, literal, marker};

const HOSTILE: &str = "pgc_\u{202e}\u{9b}31m";

fn is_harmless(text: &str) -> bool {
    !text.contains(|character: char| {
        (character.is_control() && character != '\n')
            || ['\u{202e}', '\u{200b}'].contains(&character)
    })
}

#[test]
fn names_of_roles_and_objects_are_shown_and_not_obeyed() {
    let stage = Stage::new(Admin::CreateRole);
    let role = identifier(HOSTILE);
    let newer = marker(HOSTILE).to_string().replacen("1", "2", 1);
    stage.as_admin(&format!(
        "CREATE ROLE {role} LOGIN VALID UNTIL '{PAST}'; COMMENT ON ROLE {role} IS {}",
        literal(&newer)
    ));
    stage.make(["pgc_good"], PAST);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE \"t\u{1b}[2J\nhint: run this\" (); GRANT SELECT ON \"t\u{1b}[2J\nhint: run this\" TO pgc_good",
    );
    stage.cluster.execute("GRANT pgc_good TO dbowner");
    let shown = stage
        .sandbox
        .pgcreds(["lease", "show", "pgc_good"])
        .run()
        .success();
    assert!(is_harmless(&shown.to_string()), "{shown:?}");
    assert!(shown.stdout.contains("t\\u{1b}[2J"), "{shown}");
    // What a stranger granted is not the admin's to take back.
    let swept = stage.sweep([] as [&str; 0]).exits(4);
    assert!(is_harmless(&swept.to_string()), "{swept:?}");
    assert!(
        swept
            .stderr
            .contains("\"pgc_\\u{202e}\\u{9b}31m\" was left alone"),
        "{swept}"
    );
}

/// What a program parses is the name itself; what `cat` shows is harmless.
#[test]
fn json_and_audit_lines_have_names_escaped() {
    let stage = Stage::new(Admin::CreateRole);
    let lease = "pgc_good";
    stage.make([lease], PAST);
    let table = "t\u{1b}[2J\u{9b}31m\u{202e}x\u{200b}";
    // A table that only its owner, who is not the admin, can revoke the lease's privilege on.
    stage.cluster.execute_in(
        "mydb",
        &format!("CREATE TABLE \"{table}\" (); GRANT SELECT ON \"{table}\" TO {lease}"),
    );
    let shown = stage
        .sandbox
        .pgcreds(["lease", "show", lease, "--format", "json"])
        .run()
        .success();
    assert!(is_harmless(&shown.to_string()), "{shown:?}");
    assert!(shown.json().to_string().contains('\u{202e}'), "{shown}");
    let log = stage.sandbox.home().join("audit.jsonl");
    let log_path = log.display().to_string();
    stage.describe_role(
        "revocation_statements = [\"\"\"DO $$ BEGIN RAISE EXCEPTION 'no\\u009b31m\\u202e\\u200b'; END $$\"\"\"]",
    );
    let sweep = ["--audit-log", &log_path, "sweep", "--format", "json"];
    let swept = stage.sandbox.pgcreds(sweep).run().exits(4);
    assert!(is_harmless(&swept.to_string()), "{swept:?}");
    assert!(
        swept.stdout.contains("no\\u009b31m\\u202e\\u200b"),
        "{swept}"
    );
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(is_harmless(&text), "{text:?}");
    assert!(text.contains("no\\u009b31m\\u202e\\u200b"), "{text}");
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn lines_of_the_servers_messages_do_not_look_like_ours() {
    let stage = Stage::new(Admin::CreateRole);
    stage.describe_role(
        "renew_statements = [\"\"\"DO $$ BEGIN RAISE EXCEPTION E'no\\nhint: run this\\x1b[2J'; END $$\"\"\"]",
    );
    stage.make(["pgc_good"], LATER);
    let run = stage
        .sandbox
        .pgcreds(["lease", "renew", "pgc_good"])
        .run()
        .exits(3);
    assert!(is_harmless(&run.to_string()), "{run:?}");
    assert!(
        run.stderr.contains("no\n  hint: run this\\u{1b}[2J"),
        "{run}"
    );
}
