//! `Stage`: a cluster, a sandbox with a connection to it and role `app-role`, and leases of that role that the admin made by plain
//! SQL: issuing them is tested elsewhere.

use std::ffi::OsStr;

use serde_json::{Value, json};

use crate::harness::{Admin, Cluster, Run, Sandbox};

/// An end that is to come.
pub(crate) const LATER: &str = "2200-01-01 00:00:00+00";

/// An end that has passed.
pub(crate) const PAST: &str = "2001-01-01 00:00:00+00";

/// The password of every lease.
pub(crate) const PASSWORD: &str = "lease-secret";

/// What a test of revocation starts from.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    pub(crate) sandbox: Sandbox,
}

impl Stage {
    /// With an admin of that power, and nothing else.
    pub(crate) fn new(admin: Admin) -> Stage {
        Stage::on(Cluster::start(), admin)
    }

    /// On a cluster with settings of its own.
    pub(crate) fn on(cluster: Cluster, admin: Admin) -> Stage {
        cluster.create_admin(admin);
        // From PostgreSQL 15 on only the owner may create in schema public.
        cluster.execute_in("mydb", "GRANT CREATE ON SCHEMA public TO PUBLIC");
        let sandbox = Sandbox::new().with_connection(&cluster);
        let stage = Stage { cluster, sandbox };
        stage.describe_role("");
        stage
    }

    /// Adds further keys to role `app-role`.
    pub(crate) fn describe_role(&self, keys: &str) {
        let state = self.sandbox.state();
        let connections = state.split("\n[roles.").next().unwrap();
        self.sandbox.write_state(&format!(
            "{connections}\n[roles.app-role]\nconnection = \"my-postgres-db\"\nmember_of = [\"app_rw\"]\n{keys}\n"
        ));
    }

    /// Adds a connection to the state file, to another port.
    pub(crate) fn add_connection(&self, name: &str, port: u16) {
        let state = self.sandbox.state();
        let address = format!("127.0.0.1:{}/", self.cluster.port());
        let part = state.split("\n\n").nth(1).unwrap();
        let part = part
            .replace("my-postgres-db", name)
            .replace(&address, &format!("127.0.0.1:{port}/"));
        self.sandbox.write_state(&format!("{state}\n{part}\n"));
    }

    /// Runs SQL as the connection's admin in `mydb`.
    #[track_caller]
    pub(crate) fn as_admin(&self, sql: &str) {
        let result = self
            .cluster
            .try_execute_as("vaultadmin", "admin-secret", "mydb", sql);
        assert!(result.is_ok(), "{result:?}\nin {sql}");
    }

    /// Makes leases with these names that all end at the same time.
    #[track_caller]
    pub(crate) fn make<'a>(&self, names: impl IntoIterator<Item = &'a str>, end: &str) {
        let sql = names.into_iter().map(|name| creation(name, end));
        self.as_admin(&sql.collect::<String>());
    }

    /// Makes that many leases, and returns their names in order.
    #[track_caller]
    pub(crate) fn make_many(&self, count: usize, end: &str) -> Vec<String> {
        let names: Vec<String> = (0..count)
            .map(|number| format!("pgc_app_role_tester_{number:012}"))
            .collect();
        self.make(names.iter().map(String::as_str), end);
        names
    }

    /// Lets the lease log in with `PASSWORD`.
    pub(crate) fn give_password(&self, name: &str) {
        self.cluster.execute(&format!(
            "ALTER ROLE {} PASSWORD '{PASSWORD}'",
            identifier(name)
        ));
    }

    /// Revokes one lease.
    pub(crate) fn revoke(&self, name: &str) -> Run {
        self.sandbox.pgcreds(["lease", "revoke", name]).run()
    }

    /// Sweeps with further arguments.
    pub(crate) fn sweep(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        let arguments = arguments.into_iter().map(|text| text.as_ref().to_owned());
        let command = std::iter::once("sweep".into()).chain(arguments);
        self.sandbox.pgcreds(command).run()
    }

    /// Sweeps and returns the JSON report, whatever the exit code.
    pub(crate) fn sweep_report(&self, code: i32) -> Value {
        self.sweep(["--format", "json"]).exits(code).json()
    }

    /// The leases among all roles, in order.
    pub(crate) fn logins(&self) -> Vec<String> {
        let sql = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'pgc%' AND rolname NOT LIKE 'pgcreds\\_%' ORDER BY rolname COLLATE \"C\"";
        self.cluster.rows(sql).concat()
    }

    /// The roles without rights that got what the lease left, one for each database, in the order that they were made in.
    pub(crate) fn left_by(&self, lease: &str) -> Vec<String> {
        let start = literal(&format!("What lease \"{lease}\" left in database "));
        self.cluster
            .rows(&format!(
                "SELECT rolname FROM pg_roles WHERE rolname ~ '^pgcreds_left_[a-z0-9]{{12}}$' \
                 AND strpos(shobj_description(oid, 'pg_authid'), {start}) = 1 ORDER BY oid"
            ))
            .concat()
    }

    /// Whether the role is there no more, nor a session of it, nor anything that depends on it. Before PostgreSQL 16 a
    /// membership may outlive its grantor.
    pub(crate) fn is_gone(&self, oid: &str) -> bool {
        self.cluster.value(&format!(
            "SELECT NOT EXISTS (SELECT FROM pg_roles WHERE oid = {oid}) \
             AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = {oid}) \
             AND NOT EXISTS (SELECT FROM pg_auth_members WHERE {oid} IN (roleid, member) \
                 OR grantor = {oid} AND current_setting('server_version_num')::int >= 160000) \
             AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE usesysid = {oid})"
        )) == "t"
    }

    /// Whether the role is there, but cannot log in, has no password, no session, and no end that is to come.
    pub(crate) fn is_quarantined(&self, oid: &str) -> bool {
        self.cluster.value(&format!(
            "SELECT EXISTS (SELECT FROM pg_authid WHERE oid = {oid} AND NOT rolcanlogin AND rolpassword IS NULL \
             AND rolvaliduntil <= now()) AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE usesysid = {oid})"
        )) == "t"
    }

    /// The role's oid.
    #[track_caller]
    pub(crate) fn oid(&self, name: &str) -> String {
        let name = literal(name);
        self.cluster.value(&format!(
            "SELECT oid FROM pg_roles WHERE rolname::text = {name}"
        ))
    }
}

/// The SQL that makes a lease of role `app-role`.
pub(crate) fn creation(name: &str, end: &str) -> String {
    let comment = literal(&marker(name).to_string());
    let name = identifier(name);
    format!("CREATE ROLE {name} LOGIN VALID UNTIL '{end}'; COMMENT ON ROLE {name} IS {comment};")
}

/// The marker of a lease as design.md describes it.
pub(crate) fn marker(name: &str) -> Value {
    json!({
        "pgcreds": 1, "lease": name, "role": "app-role", "connection": "my-postgres-db",
        "issued_at": "2001-01-01T00:00:00Z", "max_expires_at": "2300-01-01T00:00:00Z",
        "issued_by": "tester@host", "label": "tests",
    })
}

/// A name as an SQL identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal, with `standard_conforming_strings`.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
