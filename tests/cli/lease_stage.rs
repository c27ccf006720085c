//! Where the tests of leases begin: a cluster, a sandbox with a connection to it, and a role. What is true is asked of the server.

use serde_json::Value;

use crate::harness::{Admin, Cluster, Sandbox};

/// The role of the reference flow.
pub(crate) const APP_ROLE: &str = r#"
[roles.app-role]
connection = "my-postgres-db"
creation_statements = ["""CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"""]
"#;

/// A role whose logins are members of `app_rw`.
pub(crate) const MEMBER_ROLE: &str = r#"
[roles.member]
connection = "my-postgres-db"
member_of = ["app_rw"]
"#;

/// A cluster with its admin, and a sandbox whose state file has the connection to it.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) sandbox: Sandbox,
}

/// A login as the server has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) name: String,
    /// `VALID UNTIL` as RFC 3339 in UTC; "" when there is none.
    pub(crate) end: String,
    /// The comment; "" when there is none.
    pub(crate) marker: String,
}

/// What `issue --format json` printed.
#[derive(Debug)]
pub(crate) struct Credentials(pub(crate) Value);

impl Stage {
    /// A cluster whose admin may do this much, and a state file with these roles.
    pub(crate) fn new(admin: Admin, roles: &str) -> Stage {
        Stage::on(Cluster::start(), admin, roles)
    }

    /// The same on a cluster that was started already.
    pub(crate) fn on(cluster: Cluster, admin: Admin, roles: &str) -> Stage {
        cluster.create_admin(admin);
        let sandbox = sandbox_at(cluster.port(), roles);
        Stage { cluster, sandbox }
    }

    /// Issues a login; `arguments` begin with the role.
    #[track_caller]
    pub(crate) fn issue(&self, arguments: &[&str]) -> Credentials {
        let run = self.sandbox.pgcreds(issue_json(arguments)).run();
        Credentials(run.success().json())
    }

    /// Runs SQL as the login, with nothing but what was issued. The error is "SQLSTATE: message".
    pub(crate) fn execute_as(
        &self,
        credentials: &Credentials,
        sql: &str,
    ) -> Result<Vec<Vec<String>>, String> {
        let [user, password, database] =
            ["username", "password", "dbname"].map(|key| credentials.text(key));
        self.cluster.try_execute_as(user, password, database, sql)
    }

    /// All logins of pgcreds, by name.
    pub(crate) fn logins(&self) -> Vec<Login> {
        logins(&self.cluster)
    }

    /// Moves the end of all logins into the past.
    pub(crate) fn expire_all(&self) {
        self.cluster.execute(
            "DO $$ DECLARE name text; BEGIN \
             FOR name IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'pgc\\_%' LOOP \
             EXECUTE format('ALTER ROLE %I VALID UNTIL %L', name, now() - interval '1 minute'); \
             END LOOP; END $$",
        );
    }

    /// One sweep, after the end of all logins: none may be left.
    #[track_caller]
    pub(crate) fn expire_and_sweep_all(&self) {
        self.expire_all();
        let run = self.sandbox.pgcreds(["sweep", "--quiet"]).run().success();
        assert_eq!(run.to_string(), "[exit 0]\n");
        assert_eq!(self.logins(), []);
    }
}

impl Credentials {
    /// The text under that key.
    #[track_caller]
    pub(crate) fn text(&self, key: &str) -> &str {
        self.0[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key} is no text in {}", self.0))
    }

    /// The lease's id.
    #[track_caller]
    pub(crate) fn id(&self) -> &str {
        self.text("lease_id")
    }
}

/// A sandbox with the connection to that port, and these roles.
pub(crate) fn sandbox_at(port: u16, roles: &str) -> Sandbox {
    let sandbox = Sandbox::new().with_connection_at(port);
    sandbox.write_state(&(sandbox.state() + roles));
    sandbox
}

/// The command line that issues a login as JSON.
pub(crate) fn issue_json<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["issue", "--format", "json"], arguments].concat()
}

/// All logins of pgcreds on a cluster, by name.
pub(crate) fn logins(cluster: &Cluster) -> Vec<Login> {
    let rows = cluster.rows(
        "SELECT rolname, to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
         shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname LIKE 'pgc\\_%' ORDER BY 1",
    );
    rows.into_iter()
        .map(|row| {
            let [name, end, marker] = row.try_into().expect("three columns");
            Login { name, end, marker }
        })
        .collect()
}

/// Panics unless each login has an end, and a marker that names it.
#[track_caller]
pub(crate) fn assert_whole(logins: &[Login]) {
    for login in logins {
        let marker: Value = serde_json::from_str(&login.marker).unwrap_or_default();
        assert_eq!(marker["lease"], login.name.as_str(), "{login:?}");
        assert_ne!(login.end, "", "{login:?}");
    }
}
