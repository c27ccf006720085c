//! Every revocation says who owns now what the lease owned: on stderr where it is a role without rights, in JSON and in the
//! audit log always.

use serde_json::{Value, json};

use crate::app_role::psql;
use crate::audit::{events, path};
use crate::harness::{Admin, Run};
use crate::stage::{LATER, PAST, Stage};

const ADMINS: [Admin; 2] = [Admin::Superuser, Admin::CreateRole];

/// A lease `pgc honest` that owns a table, and a lease `pgc thief` that owns a view.
fn stage(admin: Admin, end: &str) -> Stage {
    let stage = Stage::new(admin);
    stage.make(["pgc honest", "pgc thief"], end);
    for (lease, object) in [
        ("honest", "TABLE t AS SELECT 1 AS n"),
        ("thief", "VIEW v AS SELECT 1 AS n"),
    ] {
        let sql = format!("SET SESSION AUTHORIZATION \"pgc {lease}\"; CREATE {object}");
        stage.cluster.execute_in("mydb", &sql);
    }
    stage
}

fn entry(lease: &str, new_owner: &str) -> Value {
    json!({
        "lease_id": lease, "connection": "my-postgres-db", "database": "mydb", "new_owner": new_owner,
    })
}

/// Who owns the relation of that name in `mydb`, asked of the server.
fn owner(stage: &Stage, name: &str) -> String {
    let sql = format!("SELECT relowner::regrole FROM pg_class WHERE relname = '{name}'");
    stage.cluster.value_in("mydb", &sql)
}

/// The one role without rights that there is.
#[track_caller]
fn left(stage: &Stage) -> String {
    let sql = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'pgcreds\\_left\\_%'";
    let roles = stage.cluster.rows(sql).concat();
    assert_eq!(roles.len(), 1, "{roles:?}");
    roles.concat()
}

/// The warning names the lease, the database, the new owner and the way out; and there is no other one.
#[track_caller]
fn warns(run: &Run, stage: &Stage, lease: &str) {
    let left = left(stage);
    let expected = format!(
        "warning: what lease \"{lease}\" owned in database \"mydb\" belongs to \"{left}\" now: it has code"
    );
    let warnings = run.stderr.matches("warning: what lease").count();
    assert!(run.stderr.contains(&expected) && warnings == 1, "{run}");
    assert!(run.stderr.contains(&format!("DROP ROLE {left};")), "{run}");
}

/// What the log says of revoked leases: of each its new owners.
fn logged(stage: &Stage, event: &str) -> Vec<(String, Value)> {
    let events = events(&path(&stage.sandbox));
    let mut of_leases: Vec<_> = events
        .into_iter()
        .filter(|line| line["event"] == event)
        .map(|line| {
            let lease = line["lease"].as_str().unwrap_or_default().to_owned();
            (lease, line["reassigned"].clone())
        })
        .collect();
    of_leases.sort_by(|one, other| one.0.cmp(&other.0));
    of_leases
}

#[test]
fn revocations_of_many_say_where_things_went() {
    for admin in ADMINS {
        for (arguments, event) in [
            (&["sweep"][..], "sweep"),
            (&["lease", "revoke", "pgc honest", "pgc thief"], "revoke"),
            (&["lease", "revoke", "--role", "app-role"], "revoke"),
            (&["lease", "revoke", "--all"], "revoke"),
        ] {
            let stage = stage(admin, PAST);
            let arguments = [arguments, &["--format", "json"]].concat();
            let run = stage.sandbox.pgcreds(arguments).run().success();
            assert_eq!(stage.logins(), [] as [&str; 0]);
            let left = left(&stage);
            assert_eq!(owner(&stage, "v"), left);
            let expected = [
                entry("pgc honest", &owner(&stage, "t")),
                entry("pgc thief", &left),
            ];
            assert_eq!(run.json()["reassigned"], json!(expected), "{run}");
            warns(&run, &stage, "pgc thief");
            let [honest, thief] = expected.map(|entry| json!([entry]));
            let expected = [("pgc honest".into(), honest), ("pgc thief".into(), thief)];
            assert_eq!(logged(&stage, event), expected, "{admin:?}");
        }
    }
}

#[test]
fn each_database_is_named() {
    for admin in ADMINS {
        let stage = stage(admin, LATER);
        stage.cluster.execute("CREATE DATABASE \"Other \"\"é\"");
        stage.cluster.execute_in(
            "Other \"é",
            "CREATE TABLE t (n int); ALTER TABLE t OWNER TO \"pgc honest\"; GRANT ALL ON SCHEMA public TO PUBLIC",
        );
        let arguments = ["lease", "revoke", "pgc honest", "--format", "json"];
        let run = stage.sandbox.pgcreds(arguments).run().success();
        let reassigned = run.json()["reassigned"].clone();
        let found: Vec<_> = reassigned.as_array().unwrap().iter().collect();
        let databases = found.iter().map(|entry| entry["database"].clone());
        assert_eq!(databases.collect::<Vec<_>>(), ["Other \"é", "mydb"]);
        for (database, entry) in ["Other \"é", "mydb"].into_iter().zip(&found) {
            let sql = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 't'";
            assert_eq!(entry["new_owner"], stage.cluster.value_in(database, sql));
        }
        assert_eq!(
            logged(&stage, "revoke"),
            [("pgc honest".into(), reassigned)]
        );
    }
}

/// What has its new owner stays there, whatever becomes of the lease.
#[test]
fn a_lease_that_could_not_be_dropped_says_it_too() {
    let stage = stage(Admin::CreateRole, PAST);
    stage.cluster.execute_in(
        "mydb",
        "CREATE SCHEMA s; CREATE TABLE s.held (n int); GRANT SELECT ON s.held TO \"pgc thief\"",
    );
    let report = stage.sweep_report(4);
    assert_eq!(report["failed"][0]["lease_id"], "pgc thief");
    let left = left(&stage);
    assert_eq!(report["reassigned"][1], entry("pgc thief", &left));
    let (lease, reassigned) = logged(&stage, "sweep").remove(1);
    assert_eq!(lease, "pgc thief");
    assert_eq!(reassigned, json!([entry("pgc thief", &left)]));
}

#[test]
fn a_lease_that_owns_nothing_says_nothing() {
    let stage = Stage::new(Admin::CreateRole);
    stage.make(["pgc plain"], PAST);
    assert_eq!(stage.sweep_report(0)["reassigned"], json!([]));
    assert_eq!(logged(&stage, "sweep"), [("pgc plain".into(), Value::Null)]);
}

#[test]
fn exec_warns_at_its_end() {
    for admin in ADMINS {
        let stage = Stage::new(admin);
        let script = format!(
            "echo $PGUSER; {} -Xqc 'CREATE VIEW v AS SELECT 1 AS n'",
            psql()
        );
        let run = stage
            .sandbox
            .pgcreds(["exec", "app-role", "--", "sh", "-c", &script])
            .run()
            .success();
        let lease = run.stdout.trim();
        warns(&run, &stage, lease);
        let expected = [(lease.into(), json!([entry(lease, &left(&stage))]))];
        assert_eq!(logged(&stage, "revoke"), expected);
    }
}

/// Gives `app-role` statements that make code in the name of the login.
fn make_code(stage: &Stage) {
    let state = stage.sandbox.state();
    let connections = state.split("\n[roles.").next().unwrap();
    stage.sandbox.write_state(&format!(
        "{connections}\n[roles.app-role]\nconnection = \"my-postgres-db\"\ncreation_statements = ['''\n\
         CREATE ROLE \"{{{{name}}}}\" LOGIN PASSWORD '{{{{password}}}}'; GRANT \"{{{{name}}}}\" TO CURRENT_USER;\n\
         CREATE VIEW v AS SELECT 1 AS n; ALTER VIEW v OWNER TO \"{{{{name}}}}\"''']\n"
    ));
}

#[test]
fn an_issue_that_is_taken_back_warns() {
    for admin in ADMINS {
        let stage = Stage::new(admin);
        make_code(&stage);
        let file = stage.sandbox.home().join("no folder/file");
        let run = stage
            .sandbox
            .pgcreds(["issue", "app-role", "--out", file.to_str().unwrap()])
            .run();
        assert_ne!(run.code, 0, "{run}");
        assert_eq!(stage.logins(), [] as [&str; 0]);
        let (lease, reassigned) = logged(&stage, "revoke").remove(0);
        assert_eq!(reassigned, json!([entry(&lease, &left(&stage))]));
        warns(&run, &stage, &lease);
    }
}
