//! How a lease that works as the database's owner tried to get the admin's rights.

use std::time::Duration;

use crate::harness::{Admin, Direction, Proxy, Signal, eventually};
use crate::lease_stage::{APP_ROLE, Credentials, Stage};

/// Logins that work as the owner of the connection's database.
const OWNER: &str = "\n[roles.owner]\nconnection = \"my-postgres-db\"\nset_role = \"dbowner\"\n";

/// What a trap does: it makes the group `dbowner` a member of the one that may do most.
const TAKE: &str = "ALTER ROLE dbowner CREATEROLE";

/// A lease that owns the database, and has set a trap in it: SQL that calls `evil.take()` is to be called by the admin.
fn attack(stage: &Stage, trap: &str) -> Credentials {
    if stage.cluster.version() >= 16 {
        stage
            .cluster
            .execute("GRANT dbowner TO vaultadmin WITH ADMIN OPTION");
    }
    let lease = stage.issue(&["owner"]);
    let sql = format!(
        "CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC; {trap} \
         ALTER DATABASE mydb SET search_path = evil, pg_catalog"
    );
    stage.execute_as(&lease, &sql).unwrap();
    lease
}

/// Whether the trap was sprung.
fn is_taken(stage: &Stage) -> bool {
    stage
        .cluster
        .value("SELECT rolcreaterole FROM pg_roles WHERE rolname = 'dbowner'")
        == "t"
}

#[test]
fn the_agent_does_not_call_a_function_of_the_database() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, &format!("{OWNER}{APP_ROLE}"));
        let path = stage.sandbox.home().join("app.json");
        let state = stage.sandbox.state();
        stage.sandbox.write_state(&format!(
            "{state}\n[files.app]\nrole = \"app-role\"\npath = \"{}\"\nformat = \"json\"\nttl = \"6s\"\n",
            path.display()
        ));
        attack(
            &stage,
            &format!(
                "CREATE FUNCTION evil.isfinite(timestamptz) RETURNS bool LANGUAGE plpgsql AS $$ \
                 BEGIN {TAKE}; RETURN true; END $$;"
            ),
        );
        let agent = stage
            .sandbox
            .pgcreds(["agent", "--log-format", "json"])
            .spawn();
        eventually(Duration::from_secs(30), || {
            agent.stderr().matches("renewed").count() >= 2 || is_taken(&stage)
        });
        assert!(!is_taken(&stage), "{admin:?}");
        agent.signal(Signal::TERM);
        agent.wait().success();
    }
}

#[test]
fn a_connect_calls_no_function_of_the_database() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, &format!("{OWNER}{APP_ROLE}"));
        attack(
            &stage,
            &format!(
                "CREATE FUNCTION evil.pg_is_in_recovery() RETURNS bool LANGUAGE plpgsql AS $$ \
                 BEGIN {TAKE}; RETURN false; END $$;"
            ),
        );
        let state = stage.sandbox.state();
        for target in ["primary", "read-write", "any"] {
            let url = format!("/mydb?target_session_attrs={target}\"");
            stage.sandbox.write_state(&state.replace("/mydb\"", &url));
            stage.issue(&["app-role"]);
            assert!(!is_taken(&stage), "{admin:?} {target}");
        }
    }
}

#[test]
fn the_admins_statements_call_no_operator_of_the_database() {
    let role = r#"
[roles.block]
connection = "my-postgres-db"
creation_statements = ["""DO $$ DECLARE n int := 1; BEGIN IF n = 1 THEN
    CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; END IF; END $$"""]
renew_statements = ["SELECT 1 = 1"]
revocation_statements = ["SELECT 1 = 1"]
"#;
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, &format!("{OWNER}{role}"));
        attack(
            &stage,
            &format!(
                "CREATE FUNCTION evil.same(int, int) RETURNS bool LANGUAGE plpgsql AS $$ \
                 BEGIN {TAKE}; RETURN true; END $$; \
                 CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.same);"
            ),
        );
        let issued = stage.issue(&["block"]);
        assert!(!is_taken(&stage), "{admin:?}");
        for command in ["renew", "revoke"] {
            let run = stage.sandbox.pgcreds(["lease", command, issued.id()]).run();
            run.success();
            assert!(!is_taken(&stage), "{admin:?} {command}");
        }
    }
}

/// An admin that works as another role says so in its url, and keeps it, whatever the database's setting is.
#[test]
fn a_role_in_the_url_outranks_one_of_the_database() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    stage.cluster.execute(
        "CREATE ROLE maker CREATEROLE; GRANT maker TO vaultadmin; ALTER DATABASE mydb SET role = 'dbowner'; \
         GRANT dbowner TO vaultadmin; CREATE ROLE app_maker; ALTER ROLE vaultadmin NOCREATEROLE",
    );
    if stage.cluster.version() >= 16 {
        stage
            .cluster
            .execute("GRANT app_rw TO maker WITH ADMIN OPTION");
    }
    let state = stage.sandbox.state();
    let url = "/mydb?options=-c%20role%3Dmaker%20-c%20search_path%3Devil\"";
    stage.sandbox.write_state(&state.replace("/mydb\"", url));
    stage.issue(&["app-role"]);
    stage.expire_and_sweep_all();
}

/// Of an issue nothing but the two requests that it takes reaches the server, whatever the database's settings are.
#[test]
fn an_issue_takes_two_round_trips() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    super::set_all(&stage.cluster);
    let proxy = Proxy::start(stage.cluster.port());
    let sandbox = crate::lease_stage::sandbox_at(proxy.port(), APP_ROLE);
    sandbox.pgcreds(["issue", "app-role"]).run().success();
    assert_eq!(proxy.round_trips(), 2);
    let requests = proxy.messages().into_iter();
    let requests =
        requests.filter(|(direction, kind)| *direction == Direction::ToServer && *kind == b'Q');
    assert_eq!(requests.count(), 2);
}
