//! Servers, and files that name them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use super::table::Case;
use crate::app_role::psql;
use crate::harness::{Admin, Cluster, Run, Sandbox, eventually, write_private};

/// A user, a database and a folder with everything that strings, URIs and files could stumble over.
const USER: &str = r"o'dd us:er@%\ü";
const PASSWORD: &str = r"pa ss:w@rd/%\'ü";
const DATABASE: &str = r"my d'b/?&%\";
const FOLDER: &str = r"s 'o\%:=&?@;ü";

/// A primary with a standby, and files in the home folder.
pub(super) struct Stage {
    pub(super) primary: Cluster,
    pub(super) standby: Cluster,
    pub(super) sandbox: Sandbox,
}

pub(super) fn stage() -> Stage {
    let primary = Cluster::start();
    primary.write(
        "postgresql.auto.conf",
        "listen_addresses = '127.0.0.1,::1'\n",
    );
    primary.write(
        "pg_hba.conf",
        "local all postgres trust\nlocal replication postgres trust\nlocal all all scram-sha-256\n\
         host all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n",
    );
    primary.restart();
    primary.create_admin(Admin::CreateRole);
    let quote = |text: &str| format!("\"{text}\"");
    let literal = PASSWORD.replace('\'', "''");
    primary.execute(&format!(
        "CREATE ROLE {} LOGIN CREATEROLE PASSWORD '{literal}'",
        quote(USER)
    ));
    primary.execute(&format!("CREATE DATABASE {}", quote(DATABASE)));
    primary.execute("CREATE DATABASE vaultadmin");
    let standby = primary.standby();
    let arrived = "SELECT count(*) FROM pg_database WHERE datname = 'vaultadmin'";
    eventually(Duration::from_secs(30), || standby.value(arrived) == "1");
    let stage = Stage {
        primary,
        standby,
        sandbox: Sandbox::new(),
    };
    stage.write_files();
    stage
}

impl Stage {
    /// Password files and service files.
    fn write_files(&self) {
        let home = self.sandbox.home();
        let port = self.primary.port();
        let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let odd = format!("{}:{}", escape(USER), escape(PASSWORD));
        let files = [
            (
                ".pgpass",
                format!(
                    "# comment\n127.0.0.1:1:*:*:never\n*:*:*:vaultadmin:admin-secret\n*:*:{}:{odd}\n",
                    escape(DATABASE)
                ),
            ),
            (
                "by-address",
                format!("127.0.0.1:{port}:mydb:vaultadmin:admin-secret\n"),
            ),
            (
                "by-name",
                "127.0.0.1:*:*:*:wrong\ndb.example.test:*:*:*:admin-secret\n".to_owned(),
            ),
            (
                "by-port",
                format!("*:1:*:*:wrong\n*:{port}:*:*:admin-secret\n*:*:*:*:wrong\n"),
            ),
            ("wrong", "*:*:*:*:wrong\n".to_owned()),
            ("open", "*:*:*:*:admin-secret\n".to_owned()),
            (
                ".pg_service.conf",
                format!(
                    "# services\n[bad]\nhost=192.0.2.1\nport=1\nuser=no\ndbname=no\n\n[main]\nhost=127.0.0.1\n  port={port}\nuser=vaultadmin\n\
                     dbname=mydb\n[main]\nport=1\n[half]\nhost=127.0.0.1\nport={port}\n[nested]\nservice=main\n[unknown]\nhost=127.0.0.1\n\
                     prot=1\n[bad-line]\nhost\n"
                ),
            ),
            (
                "services",
                format!("[elsewhere]\nhost=127.0.0.1\nport={port}\nuser=vaultadmin\ndbname=mydb\n"),
            ),
            (
                "etc/pg_service.conf",
                format!(
                    "[main]\nport=1\n[elsewhere]\nport=1\n[system]\nhost=127.0.0.1\nport={port}\nuser=vaultadmin\ndbname=mydb\n"
                ),
            ),
        ];
        fs::create_dir(home.join("etc")).unwrap();
        for (name, text) in files {
            write_private(&home.join(name), &text);
        }
        fs::set_permissions(home.join("open"), Permissions::from_mode(0o644)).unwrap();
        symlink(self.primary.socket_dir(), home.join(FOLDER)).unwrap();
    }

    /// An input with its placeholders filled in.
    pub(super) fn fill_in(&self, text: &str) -> String {
        let home = self.sandbox.home().display().to_string();
        text.replace("PORT", &self.primary.port().to_string())
            .replace("STANDBY", &self.standby.port().to_string())
            .replace("SOCKETS", &self.primary.socket_dir().display().to_string())
            .replace("%2FLINK", &home.replace('/', "%2F"))
            .replace("HOME", &home)
    }

    /// Runs both on the same input: pgcreds, where it ended up as "host port database user", and psql, which prints that.
    pub(super) fn both(&self, (_, url, variables): &Case) -> (Run, String, Run) {
        let url = self.fill_in(url);
        self.sandbox.write_state(&format!(
            "version = 1\n[connections.c]\nurl = '''{url}'''\n"
        ));
        let check = ["--format", "json", "connection", "check", "c"];
        let ask = "\\echo :HOST :PORT :DBNAME :USER";
        let mut runs = [
            self.sandbox.pgcreds(check),
            // Older libpqs know no load_balance_hosts.
            self.sandbox.program(
                psql(),
                [
                    &url.replace("&load_balance_hosts=disable", ""),
                    "-Xw",
                    "-c",
                    ask,
                ],
            ),
        ]
        .map(|invocation| {
            variables
                .iter()
                .fold(invocation, |run, (name, value)| {
                    run.env(name, self.fill_in(value))
                })
                .run()
        });
        let [mine, his] = &mut runs;
        let mut place = String::new();
        if mine.code == 0 {
            let found = mine.json();
            let text = |key: &str| {
                found[key]
                    .to_string()
                    .trim_matches('"')
                    .replace("\\\\", "\\")
            };
            place = ["host", "port", "dbname", "username"].map(text).join(" ");
        }
        (mine.clone(), place, his.clone())
    }
}
