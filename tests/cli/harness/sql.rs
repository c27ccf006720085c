//! The questions that tests ask a cluster, as its superuser or with the credentials that pgcreds issued.

use std::time::Duration;

use tokio_postgres::Config;

use super::cluster::Cluster;
use super::session::{LiveSession, Rows, query};

/// What the connection's admin `vaultadmin` may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admin {
    Superuser,
    CreateRole,
}

impl Cluster {
    /// Runs statements as superuser in database `postgres`.
    #[track_caller]
    pub(crate) fn execute(&self, sql: &str) {
        self.rows_in("postgres", sql);
    }

    /// Runs statements as superuser in that database.
    #[track_caller]
    pub(crate) fn execute_in(&self, database: &str, sql: &str) {
        self.rows_in(database, sql);
    }

    /// The rows of a query by the superuser in database `postgres`.
    #[track_caller]
    pub(crate) fn rows(&self, sql: &str) -> Rows {
        self.rows_in("postgres", sql)
    }

    /// The rows of a query by the superuser in that database.
    #[track_caller]
    pub(crate) fn rows_in(&self, database: &str, sql: &str) -> Rows {
        let mut config = self.config("postgres", database);
        config.host_path(self.socket_dir());
        query(&config, sql).unwrap_or_else(|error| panic!("{error}\nin {sql}"))
    }

    /// The only cell of a query in database `postgres`.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> String {
        self.value_in("postgres", sql)
    }

    /// The only cell of a query in that database.
    #[track_caller]
    pub(crate) fn value_in(&self, database: &str, sql: &str) -> String {
        let mut cells = self.rows_in(database, sql).concat();
        assert_eq!(cells.len(), 1, "not a single value: {cells:?}\nin {sql}");
        cells.remove(0)
    }

    /// Logs in over TCP with a password and runs statements. The error is "SQLSTATE: message".
    pub(crate) fn try_execute_as(
        &self,
        user: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<Rows, String> {
        query(&self.tcp(user, password, database), sql)
    }

    /// Logs in over TCP with a password and keeps the session open.
    pub(crate) fn connect_as(&self, user: &str, password: &str, database: &str) -> LiveSession {
        LiveSession::open(self.tcp(user, password, database))
            .unwrap_or_else(|error| panic!("could not log in as {user}: {error}"))
    }

    /// Makes what the tests' connection needs: `vaultadmin` (password `admin-secret`), database `mydb` of `dbowner`, and group
    /// role `app_rw`, which an admin without superuser may grant.
    pub(crate) fn create_admin(&self, admin: Admin) {
        let power = match admin {
            Admin::Superuser => "SUPERUSER",
            Admin::CreateRole => "CREATEROLE",
        };
        self.execute(&format!(
            "CREATE ROLE vaultadmin LOGIN PASSWORD 'admin-secret' {power}; CREATE ROLE dbowner; CREATE ROLE app_rw"
        ));
        self.execute("CREATE DATABASE mydb OWNER dbowner");
        // Before PostgreSQL 16, CREATEROLE may grant every role that is no superuser.
        if admin == Admin::CreateRole && self.version() >= 16 {
            self.execute("GRANT app_rw TO vaultadmin WITH ADMIN OPTION");
        }
    }

    /// How to log in with a password.
    fn tcp(&self, user: &str, password: &str, database: &str) -> Config {
        let mut config = self.config(user, database);
        config.host(self.host()).password(password);
        config
    }

    /// What all connections have in common.
    fn config(&self, user: &str, database: &str) -> Config {
        let mut config = Config::new();
        config
            .user(user)
            .dbname(database)
            .port(self.port())
            .application_name("harness")
            .connect_timeout(Duration::from_secs(10));
        config
    }
}
