//! What people read: a block for each check, narrow enough for any terminal, and a line that sums up.

use crate::harness::Admin;
use crate::stage::Stage;

fn report(stage: &Stage, code: i32) -> String {
    stage.sandbox.pgcreds(["doctor"]).run().exits(code).stdout
}

#[test]
fn a_block_for_each_check_and_a_sum() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute("ALTER ROLE vaultadmin NOCREATEROLE");
    let text = report(&stage, 1);
    let block = "\
failure  createrole  connection my-postgres-db
         \"vaultadmin\" may not create roles
         ALTER ROLE \"vaultadmin\" CREATEROLE;
";
    assert!(text.contains(block), "{text}");
    assert!(
        text.contains("OK       writable  connection my-postgres-db\n         a primary\n"),
        "{text}"
    );
    for line in text.lines() {
        // A command and a path can be pasted only whole.
        let is_whole = line.contains(" file /") || line.ends_with(';');
        assert!(line.chars().count() <= 80 || is_whole, "{line}");
    }
}

#[test]
fn the_sum_counts() {
    let stage = Stage::new(Admin::CreateRole);
    let sum = |code| {
        let text = report(&stage, code);
        let line = text.lines().last().unwrap().to_owned();
        let (checks, found) = line.split_once(" checks: ").unwrap();
        let blocks = text.lines().filter(|line| !line.starts_with(' ')).count() - 1;
        assert_eq!(checks, blocks.to_string());
        found.to_owned()
    };
    assert_eq!(sum(0), "all OK");
    stage.make(["pgc_a"], crate::stage::PAST);
    assert_eq!(sum(0), "1 warning");
    let state = stage.sandbox.state();
    let roles = state.replace("\n[roles.", "allowed_roles = []\n\n[roles.");
    stage.sandbox.write_state(&roles);
    assert_eq!(sum(0), "2 warnings");
    stage.cluster.execute("ALTER ROLE vaultadmin NOCREATEROLE");
    assert_eq!(sum(1), "1 failure, 1 warning");
}

/// What other database users name things does not reach the terminal.
#[test]
fn control_characters_do_not_get_through() {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE \"e\u{1b}[2J\nvil\" (); GRANT SELECT, UPDATE ON \"e\u{1b}[2J\nvil\" TO app_rw, dbowner, vaultadmin",
    );
    let text = report(&stage, 0);
    assert!(text.contains("e\\u{1b}[2J\\nvil"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}
