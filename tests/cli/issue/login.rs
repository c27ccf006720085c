//! What an issue leaves on the server: a login with its end and its marker, from one transaction.

use serde_json::{Value, json};

use crate::harness::{Admin, Cluster, Proxy};
use crate::lease_stage::{APP_ROLE, MEMBER_ROLE, Stage, issue_json, sandbox_at};

/// Statements that forget the end, that set a wrong one, and that write a comment of their own.
const CARELESS_ROLES: &str = r#"
[roles.forgets]
connection = "my-postgres-db"
creation_statements = ["CREATE ROLE {{name}} LOGIN PASSWORD '{{password}}'"]

[roles.errs]
connection = "my-postgres-db"
creation_statements = [
    "CREATE USER \"{{username}}\" PASSWORD '{{password}}' VALID UNTIL 'infinity'",
    "COMMENT ON ROLE \"{{username}}\" IS 'mine'",
]
"#;

#[test]
fn the_marker_is_one_line_of_json() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let issued = stage.issue(&["app-role", "--for", "it's \"me\" \\"]);
    let login = stage.logins().remove(0);
    let marker: Value = serde_json::from_str(&login.marker).unwrap();
    let issued_by = stage
        .sandbox
        .program("sh", ["-c", "echo $(id -un)@$(uname -n)"])
        .run();
    let expected = json!({
        "pgcreds": 1,
        "lease": issued.id(),
        "role": "app-role",
        "connection": "my-postgres-db",
        "issued_at": issued.text("issued_at"),
        "max_expires_at": issued.text("max_expires_at"),
        "issued_by": issued_by.success().stdout.trim_end(),
        "label": "it's \"me\" \\",
    });
    assert_eq!(login.marker, expected.to_string());
    assert_eq!(marker, expected);
    assert!(login.marker.len() <= 1024 && !login.marker.contains('\n'));
    assert!(!login.marker.contains(issued.text("password")));
}

#[test]
fn the_end_is_set_whatever_the_statements_say() {
    let stage = Stage::new(Admin::CreateRole, CARELESS_ROLES);
    for role in ["forgets", "errs"] {
        let issued = stage.issue(&[role, "--ttl", "10m"]);
        let login = stage.logins().remove(0);
        assert_eq!(login.end, issued.text("expires_at"));
        assert!(login.marker.starts_with("{\"pgcreds\":1,"), "{login:?}");
        stage.execute_as(&issued, "SELECT 1").unwrap();
        stage.expire_and_sweep_all();
    }
}

#[test]
fn login_end_and_marker_come_from_one_transaction() {
    let stage = Stage::new(Admin::CreateRole, &format!("{APP_ROLE}{MEMBER_ROLE}"));
    for role in ["app-role", "member"] {
        let issued = stage.issue(&[role]);
        let sql = format!(
            "SELECT count(*) FROM pg_authid r JOIN pg_shdescription d ON d.objoid = r.oid \
             AND d.classoid = 'pg_authid'::regclass WHERE r.rolname = '{}' AND r.xmin = d.xmin",
            issued.id()
        );
        assert_eq!(stage.cluster.value(&sql), "1");
    }
}

#[test]
fn only_a_verifier_is_stored() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let issued = stage.issue(&["app-role"]);
    let sql = format!(
        "SELECT rolpassword FROM pg_authid WHERE rolname = '{}'",
        issued.id()
    );
    let stored = stage.cluster.value(&sql);
    assert!(stored.starts_with("SCRAM-SHA-256$4096:"), "{stored}");
    assert!(!stored.contains(issued.text("password")));
}

#[test]
fn it_takes_two_round_trips_on_one_connection() {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    let limited = MEMBER_ROLE.replace("member]", "limited]") + "max_leases = 5\n";
    let roles = format!("{APP_ROLE}{MEMBER_ROLE}{limited}");
    for role in ["app-role", "member", "limited"] {
        let proxy = Proxy::start(cluster.port());
        let sandbox = sandbox_at(proxy.port(), &roles);
        let run = sandbox.pgcreds(issue_json(&[role])).run().success();
        assert_eq!(run.json()["port"], proxy.port());
        // PostgreSQL 13 refuses a setting that the first one asks for.
        let refused = usize::from(cluster.version() < 14);
        assert_eq!(proxy.connections(), 1 + refused);
        assert!(
            proxy.round_trips() <= 2,
            "{} round trips",
            proxy.round_trips()
        );
    }
}

#[test]
fn max_leases_counts_only_live_ones_of_the_role() {
    let limited = MEMBER_ROLE.replace("member]", "limited]") + "max_leases = 2\n";
    let stage = Stage::new(Admin::CreateRole, &format!("{MEMBER_ROLE}{limited}"));
    stage.issue(&["member"]);
    stage.issue(&["limited"]);
    let second = stage.issue(&["limited"]);
    let refused = || {
        stage
            .sandbox
            .pgcreds(["issue", "limited"])
            .run()
            .to_string()
    };
    assert_eq!(
        refused(),
        "--- stderr ---\n\
         error: role \"limited\" has 2 live leases, and max_leases is 2\n\
         hint: See them with: pgcreds lease list --role limited\n\
         [exit 1]\n"
    );
    let expire = format!("ALTER ROLE {} VALID UNTIL '2001-01-01'", second.id());
    stage.cluster.execute(&expire);
    let third = stage.issue(&["limited"]);
    refused();
    let revoke = ["lease", "revoke", third.id()];
    stage.sandbox.pgcreds(revoke).run().success();
    stage.issue(&["limited"]);
    assert_eq!(stage.logins().len(), 4);
}

#[test]
fn max_leases_holds_for_issues_at_the_same_time() {
    let limited = MEMBER_ROLE.replace("member]", "limited]") + "max_leases = 3\n";
    let stage = Stage::new(Admin::CreateRole, &limited);
    let running: Vec<_> = (0..12)
        .map(|_| stage.sandbox.pgcreds(issue_json(&["limited"])).spawn())
        .collect();
    let mut codes: Vec<i32> = running.into_iter().map(|run| run.wait().code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(stage.logins().len(), 3);
}
