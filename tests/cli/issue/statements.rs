//! Creation statements: whatever SQL the administrator writes, in one transaction, and the short forms that stand for SQL.

use crate::harness::{Admin, Cluster, Run};
use crate::lease_stage::{MEMBER_ROLE, Stage};

/// Semicolons where they end nothing.
const INTRICATE_ROLE: &str = r#"
[roles.intricate]
connection = "my-postgres-db"
creation_statements = ["""
/* a comment; /* nested; */ COMMIT; */
DO $body$ BEGIN
    IF true THEN EXECUTE 'CREATE ROLE "{{name}}" LOGIN'; END IF;
END $body$; -- the end; ROLLBACK;
ALTER ROLE "{{name}}" PASSWORD '{{password}}' -- without a semicolon
""", """
SELECT 1;; ALTER ROLE "{{name}}" SET search_path TO 'a;b''c;', E'\\';'
"""]
"#;

const OWNER_ROLE: &str = r#"
[roles.owner]
connection = "my-postgres-db"
member_of = ["app_rw"]
set_role = "app_owner"
"#;

/// A role with these creation statements.
fn role_with(statements: &str) -> String {
    format!(
        "\n[roles.app-role]\nconnection = \"my-postgres-db\"\ncreation_statements = ['''{statements}''']\n"
    )
}

/// Asks for a login in vain.
fn refused(stage: &Stage) -> Run {
    let run = stage
        .sandbox
        .pgcreds(["issue", "app-role", "--for", "alice"])
        .run();
    assert_eq!(stage.logins(), []);
    run
}

#[test]
fn semicolons_need_no_care() {
    let stage = Stage::new(Admin::CreateRole, INTRICATE_ROLE);
    let issued = stage.issue(&["intricate"]);
    let setting = stage.execute_as(&issued, "SHOW search_path");
    assert_eq!(setting.unwrap(), [["\"a;b'c;\", \"';\""]]);
}

/// Statements are written for the strings of the SQL standard, whatever the server's default is.
#[test]
fn a_backslash_is_a_backslash() {
    let settings = [
        ("standard_conforming_strings", "off"),
        ("backslash_quote", "on"),
    ];
    let create =
        r#"CREATE ROLE "{{name}}" LOGIN; ALTER ROLE "{{name}}" SET application_name TO 'a\';"#;
    let revoke = r#"revocation_statements = ['''INSERT INTO log VALUES ('b\')''']"#;
    let role = format!("{}{revoke}\n", role_with(create));
    let stage = Stage::on(Cluster::start_with(&settings), Admin::CreateRole, &role);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE log (t text); GRANT INSERT ON log TO vaultadmin",
    );
    let issued = stage.issue(&["app-role"]);
    let setting = "SELECT setconfig[1] FROM pg_db_role_setting";
    assert_eq!(stage.cluster.value(setting), r"application_name=a\");
    let revoke = ["lease", "revoke", issued.id()];
    stage.sandbox.pgcreds(revoke).run().success();
    let logged = stage.cluster.value_in("mydb", "SELECT t FROM log");
    assert_eq!(logged, r"b\");
}

#[test]
fn members_may_what_their_group_may() {
    let stage = Stage::new(Admin::CreateRole, MEMBER_ROLE);
    stage.cluster.execute_in(
        "mydb",
        "CREATE TABLE t (n int); GRANT SELECT, INSERT ON t TO app_rw",
    );
    let issued = stage.issue(&["member"]);
    stage
        .execute_as(&issued, "INSERT INTO t VALUES (1)")
        .unwrap();
    assert_eq!(
        stage.execute_as(&issued, "DROP TABLE t"),
        Err("42501: must be owner of table t".to_owned())
    );
    stage.expire_and_sweep_all();
}

#[test]
fn set_role_owns_what_sessions_create() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, OWNER_ROLE);
        stage
            .cluster
            .execute("CREATE ROLE app_owner; GRANT app_owner TO vaultadmin WITH ADMIN OPTION");
        stage
            .cluster
            .execute_in("mydb", "GRANT CREATE ON SCHEMA public TO app_owner");
        let issued = stage.issue(&["owner"]);
        let sql = "CREATE TABLE made (n int); SELECT session_user, current_user";
        assert_eq!(
            stage.execute_as(&issued, sql).unwrap(),
            [[issued.id(), "app_owner"]]
        );
        let owner = "SELECT relowner::regrole FROM pg_class WHERE relname = 'made'";
        assert_eq!(stage.cluster.value_in("mydb", owner), "app_owner");
        let groups = format!(
            "SELECT string_agg(roleid::regrole::text, ',' ORDER BY roleid::regrole::text) \
             FROM pg_auth_members WHERE member = '{}'::regrole",
            issued.id()
        );
        assert_eq!(stage.cluster.value(&groups), "app_owner,app_rw");
        stage.expire_and_sweep_all();
        assert_eq!(stage.cluster.value_in("mydb", owner), "app_owner");
    }
}

#[test]
fn statements_that_fail_leave_nothing() {
    let stage = Stage::new(
        Admin::CreateRole,
        &role_with(r#"CREATE ROLE half; CREATE ROLE "{{name}}" LOGIN; GRANT nobody TO "{{name}}""#),
    );
    assert_eq!(
        refused(&stage).to_string(),
        "--- stderr ---\n\
         error: could not run the creation_statements of role \"app-role\" on connection \"my-postgres-db\"\n\
         caused by: role \"nobody\" does not exist (SQLSTATE 42704)\n\
         [exit 3]\n"
    );
    assert_eq!(
        stage
            .cluster
            .value("SELECT count(*) FROM pg_roles WHERE rolname = 'half'"),
        "0"
    );
}

#[test]
fn a_result_that_is_no_login_is_refused() {
    for (statements, problem) in [
        ("SELECT 1", "did not create the role \"{{name}}\""),
        (
            "CREATE ROLE x_{{name}} LOGIN",
            "did not create the role \"{{name}}\"",
        ),
        (
            "CREATE ROLE {{name}}",
            "created the role \"{{name}}\" without LOGIN",
        ),
        (
            "CREATE ROLE {{name}} LOGIN SUPERUSER",
            "created a superuser, which pgcreds never revokes",
        ),
    ] {
        let stage = Stage::new(Admin::Superuser, &role_with(statements));
        let run = refused(&stage).exits(1);
        let error = format!("error: creation_statements of role \"app-role\" {problem}\nhint: ");
        assert!(run.stderr.starts_with(&error), "{run}");
        let others = "SELECT count(*) FROM pg_roles WHERE rolname ~ '^x_'";
        assert_eq!(stage.cluster.value(others), "0");
    }
}

#[test]
fn a_statement_that_ends_the_transaction_is_refused() {
    for statements in [
        "CREATE ROLE {{name}} LOGIN; COMMIT",
        "CREATE ROLE {{name}} LOGIN; /* ; */ rollback",
        "END; CREATE ROLE {{name}} LOGIN",
        "abort",
        "PREPARE TRANSACTION 'x'",
    ] {
        let stage = Stage::new(Admin::CreateRole, &role_with(statements));
        let run = refused(&stage).exits(1);
        assert!(
            run.stderr.contains(
                "is not allowed: pgcreds runs the statements in a transaction of its own"
            ),
            "{run}"
        );
    }
}

/// A function in SQL of the standard has a body without quotes, from PostgreSQL 14 on.
#[test]
fn the_end_of_a_body_ends_no_transaction() {
    let create = "CREATE FUNCTION f_{{name}}(n int) RETURNS int BEGIN ATOMIC\n\
        SELECT CASE WHEN n > 0 THEN 1 ELSE 2 END AS end; SELECT 3 AS case; END;\n\
        CREATE OR REPLACE PROCEDURE p_{{name}}() BEGIN /* ; */ ATOMIC END;\n\
        CREATE ROLE {{name}} LOGIN PASSWORD '{{password}}'";
    let stage = Stage::new(Admin::CreateRole, &role_with(create));
    stage
        .cluster
        .execute_in("mydb", "GRANT CREATE ON SCHEMA public TO PUBLIC");
    if stage.cluster.version() < 14 {
        let run = refused(&stage).exits(3);
        assert!(run.stderr.contains("syntax error at or near"), "{run}");
        return;
    }
    let issued = stage.issue(&["app-role"]);
    let called = stage.execute_as(&issued, &format!("SELECT f_{}(1)", issued.id()));
    assert_eq!(called.unwrap(), [["3"]]);
}

/// What only looks like such a body, or has ended already, hides no `COMMIT`.
#[test]
fn a_commit_is_in_no_body() {
    const TYPE: &str = "CREATE DOMAIN atomic AS int";
    for (statements, keyword) in [
        (
            "CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMIT",
            "COMMIT",
        ),
        (
            "CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql AS 'SELECT 1'; END",
            "END",
        ),
        (
            "CREATE FUNCTION f(int) RETURNS int BEGIN ATOMIC SELECT 1 AS case; END; COMMIT",
            "COMMIT",
        ),
        (
            "CREATE FUNCTION f(int) RETURNS int BEGIN ATOMIC SELECT 1; END; END",
            "END",
        ),
        ("CREATE PROCEDURE f() BEGIN ATOMIC END; END", "END"),
        (
            "CREATE FUNCTION f(int) RETURNS int BEGIN ATOMIC SELECT 1; ROLLBACK; END",
            "ROLLBACK",
        ),
        (
            "CREATE FUNCTION f(int) RETURNS int RETURN (SELECT begin atomic FROM (SELECT 1 AS begin) t); END",
            "END",
        ),
        (
            "CREATE TABLE function AS SELECT begin atomic FROM (SELECT 1 AS begin) t; END",
            "END",
        ),
    ] {
        let sql = format!("{TYPE}; CREATE ROLE {{{{name}}}} LOGIN; {statements}; SELECT 1/0");
        let stage = Stage::new(Admin::CreateRole, &role_with(&sql));
        let grant = "GRANT CREATE ON SCHEMA public TO PUBLIC";
        stage.cluster.execute_in("mydb", grant);
        let run = refused(&stage).exits(1);
        assert!(
            run.stderr.contains(&format!("{keyword} is not allowed")),
            "{sql}\n{run}"
        );
    }
}

#[test]
fn a_commit_behind_a_procedure_is_refused_by_the_server() {
    let stage = Stage::new(
        Admin::CreateRole,
        &role_with("CREATE ROLE {{name}} LOGIN; DO $$ BEGIN COMMIT; END $$"),
    );
    let run = refused(&stage).exits(3);
    assert!(
        run.stderr
            .contains("invalid transaction termination (SQLSTATE 2D000)"),
        "{run}"
    );
}

#[test]
fn an_unknown_placeholder_is_named() {
    let stage = Stage::new(
        Admin::CreateRole,
        &role_with("CREATE ROLE \"{{nmae}}\" LOGIN"),
    );
    assert_eq!(
        refused(&stage).normalized(&stage.sandbox, None),
        "--- stderr ---\n\
         error: invalid state file \"~/.config/pgcreds/pgcreds.toml\": role \"app-role\"\n\
         caused by: creation_statements: unknown placeholder {{nmae}}: there are {{name}}, {{username}}, {{password}}, {{expiration}}\n\
         [exit 1]\n"
    );
}

#[test]
fn a_role_that_statements_take_on_is_given_back() {
    let create = "CREATE ROLE {{name}} LOGIN PASSWORD '{{password}}'";
    for statements in [
        format!("{create}; SET ROLE app_rw"),
        format!("SET SESSION AUTHORIZATION creator; {create}"),
    ] {
        let stage = Stage::new(Admin::Superuser, &role_with(&statements));
        stage.cluster.execute("CREATE ROLE creator CREATEROLE");
        let issued = stage.issue(&["app-role"]);
        assert_eq!(stage.logins().remove(0).end, issued.text("expires_at"));
    }
}

/// The statements reach further than the admin itself: a function of a superuser grants for them.
#[test]
fn a_login_leads_to_no_superuser_nor_admin_nor_role_that_the_admin_works_as() {
    let create = "CREATE ROLE {{name}} LOGIN PASSWORD '{{password}}'";
    let stage = Stage::new(Admin::CreateRole, "");
    stage
        .cluster
        .execute("CREATE ROLE power CREATEROLE; GRANT power TO vaultadmin; CREATE ROLE root SUPERUSER; CREATE ROLE middle NOINHERIT; GRANT root TO middle");
    stage.cluster.execute_in(
        "mydb",
        "CREATE FUNCTION let_in(member text, role text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER \
         AS $$ BEGIN EXECUTE format('GRANT %I TO %I', role, member); END $$",
    );
    let option = "/mydb?options=-c%20role%3Dpower\"";
    let state = stage.sandbox.state().replace("/mydb\"", option);
    for group in ["vaultadmin", "power", "root", "middle"] {
        let statements = format!("{create}; SELECT let_in('{{{{name}}}}', '{group}')");
        stage
            .sandbox
            .write_state(&format!("{state}{}", role_with(&statements)));
        let run = stage.sandbox.pgcreds(["issue", "app-role"]).run();
        // From PostgreSQL 16 on whoever creates a login is a member of it, and there are no circles.
        let is_circle = stage.cluster.version() >= 16 && ["vaultadmin", "power"].contains(&group);
        let (code, refusal) = match is_circle {
            true => (3, "is a member of role \"pgc_"),
            false => (
                1,
                "error: logins of role \"app-role\" could become the connection's admin or a superuser\n",
            ),
        };
        assert!(
            run.code == code && run.stderr.contains(refusal),
            "{group}: {run}"
        );
        assert_eq!(stage.logins(), []);
    }
    let statements = format!("{create}; SELECT let_in('{{{{name}}}}', 'app_rw')");
    stage
        .sandbox
        .write_state(&format!("{state}{}", role_with(&statements)));
    stage.issue(&["app-role"]);
}
