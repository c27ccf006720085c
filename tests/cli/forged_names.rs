//! Names of leases that are SQL: whoever may make roles may also write a marker, and pgcreds fills names into statements.

use crate::harness::Admin;
use crate::stage::{LATER, PAST, Stage, identifier};

/// Names that would leave their quotes, one that is a list of two, one that is no name without quotes, one that would be
/// folded to that of somebody else, an option, and one as templates make them.
const NAMES: [&str; 7] = [
    "x\"; DROP TABLE precious; --",
    "x'; DROP TABLE precious; --",
    "pgc_x, dbowner",
    "current_user",
    "DBOWNER",
    "--all",
    "v-App-0123456789ab",
];

/// A lease of each name, and a table of `dbowner` that is not to be lost.
fn stage(keys: &str, end: &str) -> Stage {
    let stage = Stage::new(Admin::Superuser);
    stage.describe_role(keys);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE precious (); ALTER TABLE precious OWNER TO dbowner",
    );
    stage.make(NAMES, end);
    stage
}

fn assert_kept(stage: &Stage) {
    let sql = "SELECT tableowner FROM pg_tables WHERE tablename = 'precious'";
    assert_eq!(stage.cluster.value_in("mydb", sql), "dbowner");
}

#[test]
fn they_get_into_no_revocation_statement_that_they_could_change() {
    for (statement, good) in [
        ("DROP OWNED BY {{name}}", vec!["pgc_good"]),
        (
            "DO $$ BEGIN EXECUTE 'DROP OWNED BY \"' || '{{name}}' || '\"'; END $$",
            vec!["pgc_good", "v-App-0123456789ab"],
        ),
        (
            "DO $$ BEGIN EXECUTE 'DROP OWNED BY {{name}}'; END $$",
            vec!["pgc_good"],
        ),
        (
            "DROP OWNED BY \"{{name}}\"; SELECT '{{name}}'",
            vec!["pgc_good", "v-App-0123456789ab"],
        ),
        ("SELECT 1", [&NAMES[..], &["pgc_good"]].concat()),
    ] {
        let stage = stage(
            &format!("revocation_statements = ['''{statement}''']"),
            PAST,
        );
        stage.make(["pgc_good"], PAST);
        let code = if good.len() > NAMES.len() { 0 } else { 4 };
        let report = stage.sweep_report(code);
        let mut revoked: Vec<&str> = good;
        revoked.sort_unstable();
        assert_eq!(report["revoked"], serde_json::json!(revoked), "{statement}");
        for failed in report["failed"].as_array().unwrap() {
            let error = failed["error"].as_str().unwrap();
            assert!(error.contains("its name may not be filled into"), "{error}");
        }
        assert_kept(&stage);
        let logins = "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolvaliduntil < now()";
        assert_eq!(stage.cluster.value(logins), "0", "{statement}");
    }
}

#[test]
fn they_get_into_no_renew_statement_that_they_could_change() {
    for (statement, renewed) in [
        ("GRANT app_rw TO {{name}}", vec![]),
        ("GRANT app_rw TO \"{{name}}\"", vec!["v-App-0123456789ab"]),
    ] {
        let stage = stage(&format!("renew_statements = ['''{statement}''']"), LATER);
        for name in NAMES {
            let run = stage.sandbox.pgcreds(["lease", "renew", "--", name]).run();
            if renewed.contains(&name) {
                run.success();
                continue;
            }
            let run = run.exits(1);
            assert!(
                run.stderr
                    .contains("its name may not be filled into the renew_statements"),
                "{run}"
            );
        }
        let members = "SELECT string_agg(member::regrole::text, ' ' ORDER BY 1) FROM pg_auth_members \
             WHERE roleid = 'app_rw'::regrole AND NOT member = ANY (ARRAY(SELECT oid FROM pg_roles WHERE rolsuper))";
        let mut wanted: Vec<String> = renewed.iter().map(|name| identifier(name)).collect();
        wanted.sort_unstable();
        let members = stage.cluster.value(members);
        assert!(
            !members.contains("dbowner") || members.contains("pgc_x, dbowner"),
            "{members}"
        );
        for name in wanted {
            assert!(members.contains(&name), "{members}");
        }
        assert_kept(&stage);
    }
}

#[test]
fn templates_whose_names_need_quotes_go_with_statements_that_have_them() {
    let stage = Stage::new(Admin::CreateRole);
    let template = "username_template = \"v-{{ label | truncate(8) }}-{{ random(12) }}\"";
    for key in ["renew_statements", "revocation_statements"] {
        stage.describe_role(&format!(
            "{template}\n{key} = ['COMMENT ON ROLE \"{{{{name}}}}\" IS NULL']"
        ));
        stage.sandbox.pgcreds(["role", "list"]).run().success();
        stage.describe_role(&format!(
            "{template}\n{key} = ['COMMENT ON ROLE {{{{name}}}} IS NULL']"
        ));
        let run = stage.sandbox.pgcreds(["role", "list"]).run().exits(1);
        assert!(
            run.stderr
                .contains("{{name}} needs quotes for names by username_template"),
            "{run}"
        );
    }
}

#[test]
fn the_command_that_a_hint_shows_can_be_pasted() {
    let stage = stage("revocation_statements = ['SELECT {{name}}']", PAST);
    let swept = stage.sweep([] as [&str; 0]).exits(4);
    for word in [
        "'pgc_x, dbowner'\n",
        "current_user\n",
        "-- --all\n",
        "\"x'; DROP TABLE precious; --\"\n",
    ] {
        let hint = format!("Look at it with: pgcreds lease show {word}");
        assert!(swept.stderr.contains(&hint), "{swept}");
    }
}
