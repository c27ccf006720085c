//! What other people wrote does not act on the terminal of who reads it.

use crate::harness::Admin;
use crate::stage::{LATER, PAST, Stage, identifier, literal, marker};

const HOSTILE: &str = "pgc_\u{202e}\u{9b}31m";

fn is_harmless(text: &str) -> bool {
    !text.contains(|character: char| {
        (character.is_control() && character != '\n') || character == '\u{202e}'
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
