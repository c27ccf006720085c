//! A server with TLS, and the files that its clients need.

use std::path::PathBuf;

use super::certificates::{Authority, HOST, Pair};
use crate::app_role::psql;
use crate::harness::{Admin, Cluster, Run, Sandbox, write_private};

/// What every server here has set; its files are written into the data folder.
const SETTINGS: &str = "\
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'client-ca.crt'
log_connections = on
";

/// The superuser comes through the socket; everybody else as the test says.
const LOCAL: &str = "local all postgres trust\nlocal all all scram-sha-256\n";

/// A server with TLS, its authority, and a sandbox.
pub(super) struct Stage {
    pub(super) cluster: Cluster,
    pub(super) sandbox: Sandbox,
    pub(super) authority: Authority,
}

impl Stage {
    /// A server with a certificate of that kind.
    pub(super) fn new(kind: &str) -> Stage {
        let cluster = Cluster::start();
        cluster.create_admin(Admin::CreateRole);
        let stage = Stage {
            cluster,
            sandbox: Sandbox::new(),
            authority: Authority::new("test authority"),
        };
        stage.file("ca.crt", &stage.authority.pem());
        stage.file("other.crt", &Authority::new("other authority").pem());
        stage.file("ca.crl", &stage.authority.revocations());
        stage.file("admin.password", "admin-secret\n");
        stage.cluster.write("client-ca.crt", &stage.authority.pem());
        stage.cluster.write("postgresql.auto.conf", SETTINGS);
        stage.cluster.write(
            "pg_hba.conf",
            &format!("{LOCAL}host all all 127.0.0.1/32 scram-sha-256\n"),
        );
        stage.show(kind);
        stage
    }

    /// Restarts the server with another kind of certificate.
    pub(super) fn show(&self, kind: &str) {
        let Pair { certificate, key } = self.authority.server(kind, &self.sandbox.home());
        self.file("server.crt", &certificate);
        self.file("both.crt", &(self.authority.pem() + &certificate));
        self.cluster.write("server.crt", &certificate);
        self.cluster.write("server.key", &key);
        self.cluster.restart();
    }

    /// Restarts the server with this line for everybody who comes through TCP.
    pub(super) fn let_in(&self, line: &str) {
        self.cluster
            .write("pg_hba.conf", &format!("{LOCAL}{line}\n"));
        self.cluster.restart();
    }

    /// Writes a file of the client, which only its owner can read.
    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.sandbox.home().join(name);
        write_private(&path, text);
        path
    }

    /// The connection string with these parameters; `~` stands for the home folder.
    pub(super) fn url(&self, parameters: &str) -> String {
        let home = self.sandbox.home().display().to_string();
        format!(
            "host={HOST} hostaddr=127.0.0.1 port={} dbname=mydb user=vaultadmin {}",
            self.cluster.port(),
            parameters.replace('~', &home)
        )
    }

    /// `pgcreds connection check` with that connection string.
    pub(super) fn check_url(&self, url: &str) -> Run {
        self.sandbox.write_state(&format!(
            "version = 1\n[connections.c]\nurl = '''{url}'''\npassword = {{ file = \"{}\" }}\n",
            self.sandbox.home().join("admin.password").display()
        ));
        self.sandbox.pgcreds(["connection", "check", "c"]).run()
    }

    /// The same with these parameters.
    pub(super) fn check(&self, parameters: &str) -> Run {
        self.check_url(&self.url(parameters))
    }

    /// psql with the same parameters.
    pub(super) fn psql(&self, parameters: &str) -> Run {
        let ask = [
            "-XwAtc",
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ];
        let url = self.url(parameters);
        let run = self
            .sandbox
            .program(psql(), [url.as_str()].iter().chain(&ask));
        run.env("PGPASSWORD", "admin-secret").run()
    }

    /// Whether the session that pgcreds opened last had TLS, as the server has logged it.
    pub(super) fn had_tls(&self) -> bool {
        let log = self.cluster.log();
        let authorized =
            |line: &&str| line.contains("connection authorized") && line.contains("=pgcreds/");
        let last = log
            .lines()
            .rfind(authorized)
            .expect("pgcreds was not let in");
        last.contains("SSL enabled")
    }

    /// Panics unless pgcreds fails with exactly that cause and hint.
    #[track_caller]
    pub(super) fn refuses(&self, parameters: &str, cause: &str, hint: &str) {
        let run = self.check(parameters);
        assert!(run.code != 0, "it was to fail: {parameters}\n{run}");
        let text = run.normalized(&self.sandbox, Some(&self.cluster));
        let lines: Vec<&str> = text.lines().collect();
        let expected = [format!("caused by: {cause}"), format!("hint: {hint}")];
        assert_eq!(lines[2..lines.len() - 1], expected, "{parameters}\n{text}");
    }
}
