//! Every form of credentials is read back by the program that it is meant for, whatever characters it holds.
//!
//! PowerShell is not to be had everywhere, and JDBC needs a compiler: their rules are tested beside their code, and here.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::app_role::{App, program, psql, python};
use crate::harness::Run;

/// Everything that is special to a shell, a file format or a URL, but for `${`, which a .env file cannot hold.
const DATABASE: &str = r#"a b'c"d$e\f#g%h:i=j&k?l/m@n;o|p<q>r!s*t~ü€`$(x) %41"#;

/// A link to the folder of the server's Unix socket has this name.
const FOLDER: &str = r#"s 'o"c$k\e#t%:=&?@;ü"#;

/// The variables that tell a client where and as whom to log in.
const NAMES: [&str; 6] = [
    "PGHOST",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "DATABASE_URL",
];

/// A server that is hard to write down.
struct Hostile {
    app: App,
    folder: PathBuf,
}

impl Hostile {
    /// With that database; applications use the Unix socket in a folder with an odd name.
    fn new(database: &str) -> Hostile {
        let hostile = Hostile::over_tcp(database);
        let line = format!(
            "username = \"vaultadmin\"\nclient_host = {}\n",
            json!(hostile.folder.to_str().unwrap())
        );
        let sandbox = &hostile.app.sandbox;
        sandbox.write_state(
            &sandbox
                .state()
                .replacen("username = \"vaultadmin\"\n", &line, 1),
        );
        hostile
    }

    /// With that database; applications connect over TCP.
    fn over_tcp(database: &str) -> Hostile {
        let app = App::new();
        app.cluster.execute(&format!(
            "CREATE DATABASE \"{}\"",
            database.replace('"', "\"\"")
        ));
        let mut encoded = String::new();
        for byte in database.bytes() {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        let state = app.sandbox.state();
        app.sandbox
            .write_state(&state.replace("/mydb\"", &format!("/{encoded}\"")));
        let folder = app.sandbox.home().join(FOLDER);
        symlink(app.cluster.socket_dir(), &folder).unwrap();
        Hostile { app, folder }
    }

    fn issue(&self, format: &str, options: &[&str]) -> Run {
        let line = ["issue", "app-role", "--format", format];
        let invocation = self.app.sandbox.pgcreds(line.iter().chain(options));
        invocation.run().success()
    }

    /// Issues into file `creds` in the home folder.
    fn issue_file(&self, format: &str) {
        let run = self.issue(format, &["--out", "creds"]);
        assert_eq!(run.stdout, "");
        let mode = fs::metadata(self.app.sandbox.home().join("creds"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{format}");
    }

    /// Runs a program in the home folder, and splits what it prints.
    fn lines(&self, name: &str, arguments: &[&str]) -> Vec<String> {
        let run = self.app.sandbox.program(name, arguments).run().success();
        run.stdout.lines().map(str::to_owned).collect()
    }

    /// The values of `NAMES` must be those of the login that was just issued, and the server must take them.
    #[track_caller]
    fn check(&self, values: &[String]) {
        let [host, port, database, user, password, url] = values else {
            panic!("not six values: {values:?}")
        };
        assert_eq!(host, self.folder.to_str().unwrap());
        assert_eq!(*port, self.app.cluster.port().to_string());
        assert_eq!(database, DATABASE);
        assert!(self.app.logins().contains(user), "{user}");
        let rows = self
            .app
            .cluster
            .try_execute_as(user, password, database, "SELECT 1");
        assert_eq!(rows, Ok(vec![vec!["1".to_owned()]]));
        let asked = self.lines(
            &psql(),
            &[url, "-XwAtc", "SELECT session_user, current_database()"],
        );
        assert_eq!(asked, [format!("{user}|{DATABASE}")]);
    }
}

#[test]
fn env_is_read_by_a_posix_shell() {
    let hostile = Hostile::new(DATABASE);
    hostile.issue_file("env");
    let script = "eval \"$(cat creds)\"; for name in \"$@\"; do eval \"printf '%s\\n' \\\"\\$$name\\\"\"; done";
    let mut arguments = vec!["-euc", script, "sh"];
    arguments.extend(NAMES);
    hostile.check(&hostile.lines("sh", &arguments));
    // Exported, so that psql sees them too.
    let ask = format!(
        ". ./creds; {} -XwAtc 'SELECT session_user, current_database()'",
        psql()
    );
    let asked = hostile.lines("sh", &["-c", &ask]);
    assert_eq!(asked, [format!("{}|{DATABASE}", hostile.app.logins()[0])]);
}

#[test]
fn fish_is_read_by_fish() {
    let hostile = Hostile::new(DATABASE);
    hostile.issue_file("fish");
    let script = "source creds; for name in $argv; printf '%s\\n' $$name; end";
    let mut arguments = vec!["-c", script];
    arguments.extend(NAMES);
    hostile.check(&hostile.lines(&program("fish", "fish"), &arguments));
}

#[test]
fn dotenv_is_read_by_python_dotenv() {
    let hostile = Hostile::new(DATABASE);
    hostile.issue_file("dotenv");
    let script =
        "import sys, dotenv\nfor name in sys.argv[1:]: print(dotenv.dotenv_values('creds')[name])";
    let mut arguments = vec!["-c", script];
    arguments.extend(NAMES);
    hostile.check(&hostile.lines(&python(), &arguments));
}

#[test]
fn what_a_form_cannot_hold_is_refused_and_revoked() {
    let refused = |hostile: &Hostile, format: &str| {
        let line = ["issue", "app-role", "--format", format];
        let run = hostile.app.sandbox.pgcreds(line).run().exits(1);
        assert!(
            run.stderr.contains("hint: ") || run.stderr.contains("was revoked again"),
            "{run}"
        );
        assert_eq!(run.stdout, "");
        assert_eq!(hostile.app.logins(), Vec::<String>::new(), "{format}");
    };
    refused(&Hostile::new("a${HOME}b"), "dotenv");
    let hostile = Hostile::new(" begins with white space");
    refused(&hostile, "service");
    // Not over a Unix socket.
    refused(&hostile, "jdbc");
}

#[test]
fn psql_logs_in_with_url_pgpass_and_service() {
    let hostile = Hostile::new(DATABASE);
    let ask = "SELECT session_user, current_database()";
    let sandbox = &hostile.app.sandbox;
    let psql = |login: &str, add: &[(&str, &str)], arguments: &[&str]| {
        let invocation = sandbox.program(psql(), arguments.iter().chain(&["-XwAtc", ask]));
        let run = add
            .iter()
            .fold(invocation, |run, (name, value)| run.env(name, value))
            .run()
            .success();
        assert_eq!(run.stdout, format!("{login}|{DATABASE}\n"));
    };
    let fresh = |known: &mut Vec<String>| {
        let login = hostile
            .app
            .logins()
            .into_iter()
            .find(|login| !known.contains(login))
            .unwrap();
        known.push(login.clone());
        login
    };
    let mut known = Vec::new();
    let url = hostile.issue("url", &[]).stdout;
    psql(&fresh(&mut known), &[], &[url.trim_end()]);

    hostile.issue_file("pgpass");
    let login = fresh(&mut known);
    let port = hostile.app.cluster.port().to_string();
    let host = hostile.folder.to_str().unwrap();
    let place = [
        ("PGPASSFILE", "creds"),
        ("PGHOST", host),
        ("PGPORT", &port),
        ("PGDATABASE", DATABASE),
        ("PGUSER", &login),
    ];
    psql(&login, &place, &[]);

    hostile.issue_file("service");
    let service = [("PGSERVICEFILE", "creds"), ("PGSERVICE", "app-role")];
    psql(&fresh(&mut known), &service, &[]);
}

#[test]
fn password_is_nothing_but_the_password() {
    let hostile = Hostile::new(DATABASE);
    let run = hostile.issue("password", &[]);
    let password = run.stdout.strip_suffix('\n').unwrap();
    let login = &hostile.app.logins()[0];
    let rows = hostile
        .app
        .cluster
        .try_execute_as(login, password, DATABASE, "SELECT 1");
    assert!(rows.is_ok(), "{rows:?}");
    let talk = run.stderr;
    assert!(
        talk.starts_with(&format!("issued lease \"{login}\", which ends at ")),
        "{talk}"
    );
    assert!(!talk.contains(password));
    assert_eq!(hostile.issue("password", &["--quiet"]).stderr, "");
}

/// As pgjdbc does with the database and the values of parameters: java.net.URLDecoder.
fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn jdbc_is_read_by_the_drivers_rules() {
    let hostile = Hostile::over_tcp(DATABASE);
    let run = hostile.issue("jdbc", &[]);
    let rest = run
        .stdout
        .trim_end()
        .strip_prefix("jdbc:postgresql://")
        .unwrap();
    // The first `?` begins the parameters, the first `/` the database. (pgjdbc, Driver.parseURL)
    let (server, parameters) = rest.split_once('?').unwrap();
    let (address, database) = server.split_once('/').unwrap();
    assert_eq!(address, format!("127.0.0.1:{}", hostile.app.cluster.port()));
    assert_eq!(url_decoded(database), DATABASE);
    let parameters: Vec<(&str, String)> = parameters
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name, url_decoded(value)))
        .collect();
    let [("user", user), ("password", password)] = &parameters[..] else {
        panic!("{parameters:?}")
    };
    let rows = hostile
        .app
        .cluster
        .try_execute_as(user, password, DATABASE, "SELECT 1");
    assert!(rows.is_ok(), "{rows:?}");
}

#[test]
fn kubernetes_secret_is_read_by_a_yaml_parser() {
    let hostile = Hostile::new(DATABASE);
    hostile.issue_file("kubernetes-secret");
    let script =
        "import json, yaml; print(json.dumps(yaml.safe_load(open('creds', encoding='utf-8'))))";
    let text = hostile.lines(&python(), &["-c", script]).remove(0);
    let secret: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        [&secret["apiVersion"], &secret["kind"], &secret["type"]],
        ["v1", "Secret", "Opaque"]
    );
    assert_eq!(secret["metadata"]["name"], "app-role");
    let login = &hostile.app.logins()[0];
    assert_eq!(
        secret["metadata"]["annotations"]["pgcreds/lease"],
        login.as_str()
    );
    let values: Vec<String> = NAMES
        .iter()
        .map(|name| secret["stringData"][name].as_str().unwrap().to_owned())
        .collect();
    hostile.check(&values);
}

#[test]
fn github_is_told_what_to_hide_before_anything_else() {
    let hostile = Hostile::new(DATABASE);
    let run = hostile.issue("github", &[]);
    let is_mask = |line: &&str| line.starts_with("::add-mask::");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.iter().take_while(|line| is_mask(line)).count(), 2);
    assert_eq!(lines.iter().filter(|line| is_mask(line)).count(), 2);
    hostile.check(&assigned(&run.stdout));
    // A value that a mask does not cover is shown in the log.
    let hidden: Vec<String> = lines[..2]
        .iter()
        .map(|line| line.trim_start_matches("::add-mask::").replace("%25", "%"))
        .collect();
    let values = assigned(&run.stdout);
    assert_eq!(hidden, values[4..]);

    let sandbox = &hostile.app.sandbox;
    let file = sandbox.home().join("github-env");
    fs::write(&file, "EARLIER=1\n").unwrap();
    let invocation = sandbox.pgcreds(["issue", "app-role", "--format", "github"]);
    let run = invocation.env("GITHUB_ENV", &file).run().success();
    let masks: Vec<&str> = run.stdout.lines().collect();
    assert!(masks.len() == 2 && masks.iter().all(is_mask), "{run}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("EARLIER=1\n"), "{text}");
    hostile.check(&assigned(&text));
    for line in run.stderr.lines() {
        assert!(!line.contains(&assigned(&text)[4]), "{line}");
    }
}

/// The values of `NAMES` in lines of NAME=value.
fn assigned(text: &str) -> Vec<String> {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")))
    };
    NAMES
        .iter()
        .map(|name| value(name).unwrap().to_owned())
        .collect()
}
