//! The roles without rights that revocations left, and the two ways to get rid of them.

use serde_json::Value;

use super::{doctor, finding, passes, paste};
use crate::harness::Admin;
use crate::stage::{PAST, Stage};

/// Leases of that number leave a view each.
fn leave(stage: &Stage, count: usize) {
    let names: Vec<String> = (0..count)
        .map(|number| format!("pgc_thief_{number}"))
        .collect();
    stage.make(names.iter().map(String::as_str), PAST);
    for name in &names {
        stage.cluster.execute_in(
            "mydb",
            &format!(
                "SET SESSION AUTHORIZATION {name}; CREATE VIEW v_{name} AS SELECT 1 AS n; CREATE VIEW w_{name} AS SELECT 1 AS n"
            ),
        );
    }
    stage.sweep([] as [&str; 0]).success();
}

/// The two ways that the finding names.
fn ways(found: &Value) -> (String, String) {
    assert_eq!(found["status"], "warning", "{found:#}");
    let remedy = found["remedy"].as_str().unwrap();
    let (keep, drop) = remedy
        .split_once(" -- or, to drop what they own: ")
        .unwrap();
    (keep.to_owned(), drop.to_owned())
}

fn left(stage: &Stage) -> String {
    stage
        .cluster
        .value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgcreds\\_left\\_%'")
}

fn views(stage: &Stage) -> String {
    let sql = "SELECT count(*), coalesce(string_agg(DISTINCT relowner::regrole::text, ' '), '') FROM pg_class \
               WHERE relname ~ '^[vw]_pgc_thief'";
    stage.cluster.rows_in("mydb", sql).concat().join(" of ")
}

#[test]
fn both_ways_work_for_few_and_for_many() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        for count in [1, 2, 7] {
            let stage = Stage::new(admin);
            passes(&stage.sandbox, "left_roles");
            for keeps in [true, false] {
                leave(&stage, count);
                assert_eq!(left(&stage), count.to_string());
                let found = finding(&stage.sandbox, "left_roles");
                let detail = found["detail"].as_str().unwrap();
                for part in [
                    format!("{count} role"),
                    format!("{} objects in database \"mydb\", such as view ", count * 2),
                    "pgcreds_left_".to_owned(),
                ] {
                    assert!(detail.contains(&part), "{detail}");
                }
                let (keep, drop) = ways(&found);
                if keeps {
                    paste(&stage, &keep);
                    assert_eq!(views(&stage), format!("{} of dbowner", count * 2));
                    stage.cluster.execute_in("mydb", "DROP OWNED BY dbowner");
                } else {
                    paste(&stage, &drop);
                    assert_eq!(views(&stage), "0 of ");
                }
                assert_eq!(left(&stage), "0", "{found:#}");
                passes(&stage.sandbox, "left_roles");
            }
        }
    }
}

/// One finding of a few lines, however many they are.
#[test]
fn five_hundred_of_them_can_be_read() {
    let stage = Stage::new(Admin::Superuser);
    stage.cluster.execute_in(
        "mydb",
        "DO $$ BEGIN FOR n IN 1..500 LOOP EXECUTE format('CREATE ROLE pgcreds_left_%s', n); \
         EXECUTE format('CREATE TABLE t%s (); ALTER TABLE t%1$s OWNER TO pgcreds_left_%1$s', n); END LOOP; END $$",
    );
    let run = doctor(&stage.sandbox);
    let findings = run.json();
    let all = findings.as_array().unwrap().iter();
    let found: Vec<&Value> = all.filter(|it| it["check"] == "left_roles").collect();
    assert_eq!(found.len(), 1, "{run}");
    let length = found[0].to_string().len();
    assert!(length < 1_500, "{length}: {:#}", found[0]);
    let (keep, _) = ways(found[0]);
    paste(&stage, &keep);
    passes(&stage.sandbox, "left_roles");
}

/// What is in another database is found, and counted there; a role that owns nothing only has to be dropped.
#[test]
fn other_databases_and_roles_that_own_nothing() {
    let stage = Stage::new(Admin::CreateRole);
    stage
        .cluster
        .execute("CREATE ROLE pgcreds_left_a; CREATE ROLE pgcreds_left_b; CREATE TABLE t (); ALTER TABLE t OWNER TO pgcreds_left_a");
    let run = doctor(&stage.sandbox);
    let findings = run.json();
    let found = findings.as_array().unwrap().iter();
    let found: Vec<&Value> = found.filter(|it| it["check"] == "left_roles").collect();
    assert_eq!(found.len(), 2, "{run}");
    assert!(
        found[0]["detail"]
            .as_str()
            .unwrap()
            .contains("\"pgcreds_left_a\", owns 1 object in database \"postgres\""),
        "{run}"
    );
    // The owner of that database is a superuser, who must not get code unread.
    assert_eq!(
        ways(found[0]).0,
        "REASSIGN OWNED BY \"pgcreds_left_a\" TO new_owner; DROP OWNED BY \"pgcreds_left_a\"; DROP ROLE \"pgcreds_left_a\";"
    );
    assert_eq!(found[1]["remedy"], "DROP ROLE \"pgcreds_left_b\";");
    stage.cluster.execute(&ways(found[0]).1);
    stage.cluster.execute(found[1]["remedy"].as_str().unwrap());
    passes(&stage.sandbox, "left_roles");
}
