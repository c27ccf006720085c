//! What the server says while a login is made: a grant that gave nothing is no error, and must not stay unheard.

use crate::harness::Admin;
use crate::lease_stage::Stage;

/// The admin may read `t`, and may not let others do so.
const ROLE: &str = r#"
[roles.app-role]
connection = "my-postgres-db"
creation_statements = ["""
CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}';
GRANT SELECT ON t TO "{{name}}";
GRANT SELECT ON t TO "{{name}}";
DO $$ BEGIN
    RAISE NOTICE 'hello';
    RAISE WARNING 'made\nwith %', '{{password}}' USING DETAIL = 'It is short.';
END $$
"""]
"#;

const WARNINGS: &str = "\
warning: the server says: no privileges were granted for \"t\"
warning: the server says: made with ***: It is short.
";

fn stage() -> Stage {
    let stage = Stage::new(Admin::CreateRole, ROLE);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE t (n int); GRANT SELECT ON t TO vaultadmin",
    );
    stage
}

#[test]
fn warnings_are_passed_on_once() {
    let stage = stage();
    let issue = ["issue", "app-role", "--format", "json", "--quiet"];
    let run = stage.sandbox.pgcreds(issue).run().success();
    assert_eq!(run.stderr, WARNINGS);
    let exec = ["exec", "app-role", "--", "true"];
    let run = stage.sandbox.pgcreds(exec).run().success();
    assert_eq!(run.stderr, WARNINGS);
}

#[test]
fn a_look_at_a_role_tells_notices_too() {
    let stage = stage();
    let check = ["role", "check", "app-role", "--format", "json"];
    let run = stage.sandbox.pgcreds(check).run().success();
    let (first, second) = WARNINGS.split_at(WARNINGS.find('\n').unwrap() + 1);
    assert_eq!(
        run.stderr,
        format!("{first}warning: the server says: hello\n{second}")
    );
    let warnings = run.json()["warnings"].to_string();
    assert!(warnings.contains("no privileges were granted"), "{run}");
}
