//! What the tests of `exec` and of credentials' formats start from: a cluster, and a state file with role `app-role`.

use std::fs;
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

/// The real psql: `$PSQL`, else Debian's, whose psql in `PATH` is a script that sets a host of its own, else the one in `PATH`.
pub(crate) fn psql() -> String {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian
        .flatten()
        .map(|entry| entry.path().join("bin/psql"))
        .filter(|psql| psql.exists())
        .max();
    std::env::var("PSQL").unwrap_or_else(|_| match debian {
        Some(psql) => psql.display().to_string(),
        None => program("psql", "postgresql-client"),
    })
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

/// python3 with the packages that `script/bootstrap` installs for the tests: `$PYTHON3`, else where that puts it.
pub(crate) fn python() -> String {
    let found = std::env::var("PYTHON3").unwrap_or_else(|_| {
        let cache = match (
            std::env::var("PGCREDS_CACHE"),
            std::env::var("XDG_CACHE_HOME"),
        ) {
            (Ok(cache), _) => cache,
            _ if rustix::process::getuid().is_root() => "/var/cache/pgcreds-test".to_owned(),
            (_, Ok(cache)) => format!("{cache}/pgcreds-test"),
            _ => format!("{}/.cache/pgcreds-test", std::env::var("HOME").unwrap()),
        };
        format!("{cache}/python/bin/python3")
    });
    assert!(
        std::path::Path::new(&found).exists(),
        "{found} not found: run script/test, which installs it, or set PYTHON3 to a python3 with dotenv, yaml and kubernetes_validate"
    );
    found
}
