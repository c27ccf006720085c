//! What the tests of `exec` and of credentials' formats start from: a cluster, and a state file with role `app-role`.

use std::process::Command;

use crate::harness::{Admin, Cluster, Sandbox};

/// A cluster with its sandbox.
pub(crate) struct App {
    pub(crate) cluster: Cluster,
    pub(crate) sandbox: Sandbox,
}

/// A role that makes logins as members of `app_rw`.
pub(crate) const ROLE: &str =
    "\n[roles.app-role]\nconnection = \"my-postgres-db\"\nmember_of = [\"app_rw\"]\n";

impl App {
    /// The role with its default lifetimes.
    pub(crate) fn new() -> App {
        App::with("")
    }

    /// The role with more keys.
    pub(crate) fn with(keys: &str) -> App {
        let cluster = Cluster::start();
        cluster.create_admin(Admin::CreateRole);
        let sandbox = Sandbox::new().with_connection(&cluster);
        sandbox.write_state(&format!("{}{ROLE}{keys}", sandbox.state()));
        App { cluster, sandbox }
    }

    /// The logins that pgcreds made and that are still there.
    pub(crate) fn logins(&self) -> Vec<String> {
        self.cluster
            .rows("SELECT rolname FROM pg_roles WHERE rolname ~ '^pgc_' ORDER BY 1")
            .concat()
    }
}

/// The real psql: `$PSQL`, else the one in `PATH`.
pub(crate) fn psql() -> String {
    std::env::var("PSQL").unwrap_or_else(|_| program("psql", "postgresql-client"))
}

/// The name of a program that must be there.
#[track_caller]
pub(crate) fn program(name: &str, package: &str) -> String {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", name])
        .output();
    assert!(
        found.is_ok_and(|found| found.status.success()),
        "{name} not found: run script/test, or install {package}"
    );
    name.to_owned()
}
