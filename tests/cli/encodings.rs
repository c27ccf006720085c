//! Bytes that are no UTF-8, in names and comments: a database with encoding SQL_ASCII lets them in.

use crate::harness::{Admin, Sandbox};
use crate::stage::{PAST, Stage, marker};

/// A stage with a database that takes any bytes, `pgc text`, whose marker has such bytes, and `pgc fine`.
fn stage() -> Stage {
    let stage = Stage::new(Admin::CreateRole);
    stage.cluster.execute(
        "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    stage.make(["pgc fine", "pgc text"], PAST);
    let broken = marker("pgc text")
        .to_string()
        .replace("tester@host", "tester\\xff\\xc3");
    stage.cluster.execute_in(
        "bytes",
        &format!(
            "DO $$ BEGIN EXECUTE 'COMMENT ON ROLE \"pgc text\" IS ' || quote_literal(E'{broken}'); END $$"
        ),
    );
    stage.as_admin("CREATE ROLE \"pgc end\" LOGIN; CREATE ROLE \"pgc part\"");
    stage.cluster.execute_in("bytes", CUT_OFF);
    stage
}

/// Comments that end in the middle of a character, and before that have what is looked for in a marker.
const CUT_OFF: &str = r#"DO $$ BEGIN EXECUTE 'COMMENT ON ROLE "pgc end" IS ' || quote_literal('{"pgcreds":1,"max_expires_at":"2000"' || E'\xf0');
    EXECUTE 'COMMENT ON ROLE "pgc part" IS ' || quote_literal('{"pgcreds":' || E'\xf0' ||
    '"role":"app-role","connection":"my-postgres-db","issued_at":"' || E'\xf0' || '"label":"tests"}'); END $$"#;

const LEFT_ALONE: &str = "warning: \"pgc end\" was left alone: its marker is not valid UTF-8\n\
    warning: \"pgc part\" was left alone: its marker is not valid UTF-8\n\
    warning: \"pgc text\" was left alone: its marker is not valid UTF-8\n";

#[test]
fn a_marker_that_is_no_utf_8_stops_no_other_lease() {
    let stage = stage();
    for filter in [
        vec![],
        vec!["--label", "tests"],
        vec!["--role", "app-role"],
        vec!["--connection", "my-postgres-db"],
        vec!["--expires-within", "1s"],
    ] {
        let list = ["lease", "list", "--format", "json"];
        let list = stage.sandbox.pgcreds(list.iter().chain(&filter));
        let list = list.run().success().json();
        assert_eq!(list.as_array().unwrap().len(), 1, "{filter:?}: {list}");
    }
    let run = stage.sweep([] as [&str; 0]).success();
    let revoked = "revoked lease \"pgc fine\"\n";
    assert_eq!(run.stderr, format!("{revoked}{LEFT_ALONE}"));
    assert_eq!(stage.logins(), ["pgc end", "pgc part", "pgc text"]);
}

#[test]
fn a_connection_to_a_database_of_any_bytes_works() {
    let stage = stage();
    let state = stage.sandbox.state().replace("/mydb\"", "/bytes\"");
    let sandbox = Sandbox::new();
    sandbox.write_state(&state);
    let run = sandbox.pgcreds(["sweep"]).run().success();
    let revoked = "revoked lease \"pgc fine\"\n";
    assert_eq!(run.stderr, format!("{revoked}{LEFT_ALONE}"));
    assert_eq!(stage.logins(), ["pgc end", "pgc part", "pgc text"]);
}

#[test]
fn a_database_whose_name_is_no_utf_8_holds_up_no_other_lease() {
    let stage = stage();
    stage.make(["pgc there"], PAST);
    let oid = stage.oid("pgc there");
    stage.cluster.execute("CREATE DATABASE odd");
    stage.cluster.execute_in(
        "odd",
        "CREATE TABLE t (); ALTER TABLE t OWNER TO \"pgc there\"",
    );
    stage.cluster.execute_in(
        "bytes",
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE odd RENAME TO \"od' || E'\\xff' || '\"'; END $$",
    );
    let report = stage.sweep_report(4);
    assert_eq!(report["revoked"], serde_json::json!(["pgc fine"]));
    assert_eq!(report["failed"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["failed"][0]["lease_id"], "pgc there");
    let error = report["failed"][0]["error"].as_str().unwrap();
    assert!(
        error.starts_with(
            "could not look into database \"od\u{fffd}\": its name is not valid UTF-8"
        ),
        "{error}"
    );
    assert!(stage.is_quarantined(&oid));
    stage.cluster.execute_in(
        "bytes",
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE \"od' || E'\\xff' || '\" RENAME TO odd'; END $$",
    );
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}
