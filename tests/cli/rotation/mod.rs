//! `connection rotate`: the admin gets a new password, and at no moment does nobody know the one that works.

mod commands;
mod cuts;
mod interrupted;
mod kills;
mod outcomes;
mod refusals;
mod secrets;
mod sources;
mod together;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::{Admin, Cluster, Direction, Proxy, Run, Sandbox, eventually};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

const CONNECTION: &str = "my-postgres-db";
const ROTATE: [&str; 3] = ["connection", "rotate", CONNECTION];
const CHECK: [&str; 3] = ["connection", "check", CONNECTION];

/// What a rotation says to a person.
const ROTATED: &str = "--- stderr ---\n\
    rotated the password of \"vaultadmin\" on connection \"my-postgres-db\"\n[exit 0]\n";

/// Where the admin's password is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    File,
    Literal,
    Command,
}

/// Stores what it reads in `~/store`, and not at once.
const STORE: &str = ": >store; cat >store";

impl Source {
    const ALL: [Source; 3] = [Source::File, Source::Literal, Source::Command];

    /// A sandbox whose connection leads to that port, with the password kept here.
    fn sandbox(self, port: u16) -> Sandbox {
        let sandbox = Sandbox::new().with_connection_at(port);
        let state = sandbox.state();
        let line = state
            .lines()
            .find(|line| line.starts_with("password = "))
            .unwrap();
        let keys = match self {
            Source::File => line.to_owned(),
            Source::Literal => "password = \"admin-secret\" # mine".to_owned(),
            Source::Command => {
                fs::write(sandbox.home().join("store"), "admin-secret").unwrap();
                format!(
                    "password = {{ command = [\"cat\", \"store\"] }}\nstore_command = [\"sh\", \"-c\", \"{STORE}\"]"
                )
            }
        };
        if self != Source::File {
            fs::remove_file(sandbox.home().join("admin.password")).unwrap();
        }
        sandbox.write_state(&state.replace(line, &keys));
        sandbox
    }

    /// The password that is kept there; `None` when there is none.
    fn stored(self, sandbox: &Sandbox) -> Option<String> {
        let text = match self {
            Source::File => read(&sandbox.home().join("admin.password"))?,
            Source::Command => read(&sandbox.home().join("store"))?,
            Source::Literal => {
                let state = sandbox.state();
                let (_, tail) = state.split_once("\npassword = \"")?;
                tail.split_once("\" # mine\n")?.0.to_owned()
            }
        };
        text.lines().next().map(str::to_owned)
    }

    /// Where a rotation keeps the new password meanwhile.
    fn pending(self, sandbox: &Sandbox) -> PathBuf {
        match self {
            Source::File => sandbox.home().join("admin.password.pending"),
            _ => sandbox
                .state_path()
                .with_file_name("my-postgres-db.password.pending"),
        }
    }
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn cluster() -> Cluster {
    let cluster = Cluster::start();
    cluster.create_admin(Admin::CreateRole);
    cluster
}

/// Gives the admin its first password back.
fn reset(cluster: &Cluster) {
    cluster.execute("ALTER ROLE vaultadmin PASSWORD 'admin-secret'");
}

fn rotate(sandbox: &Sandbox) -> Run {
    sandbox.pgcreds(ROTATE).run()
}

fn can_log_in(cluster: &Cluster, password: &str) -> bool {
    cluster
        .try_execute_as("vaultadmin", password, "mydb", "SELECT 1")
        .is_ok()
}

/// Panics unless the connection works with what is on disk, and a rotation then works and leaves one password only.
#[track_caller]
fn assert_recovers(cluster: &Cluster, sandbox: &Sandbox, source: Source, what: &str) {
    assert_works(sandbox, what);
    let run = rotate(sandbox);
    assert_eq!(run.to_string(), ROTATED, "{what}");
    assert_whole(cluster, sandbox, source, what);
    assert_works(sandbox, what);
}

#[track_caller]
fn assert_works(sandbox: &Sandbox, what: &str) {
    let run = sandbox.pgcreds(CHECK).run();
    assert_eq!(run.code, 0, "locked out: {what}\n{run}");
}

/// Panics unless the stored password is a new one that works, the first one does not, and no other is left.
#[track_caller]
fn assert_whole(cluster: &Cluster, sandbox: &Sandbox, source: Source, what: &str) {
    let stored = source.stored(sandbox).unwrap_or_default();
    let is_random = stored.len() == 32 && stored.bytes().all(|byte| byte.is_ascii_alphanumeric());
    assert!(is_random, "{what}: {stored}");
    assert!(can_log_in(cluster, &stored), "{what}");
    assert!(!can_log_in(cluster, "admin-secret"), "{what}");
    assert!(!source.pending(sandbox).exists(), "{what}");
}

/// How many messages a rotation that succeeds sends and gets, before its goodbyes.
fn count_messages(cluster: &Cluster, source: Source) -> [(Direction, usize); 2] {
    let proxy = Proxy::start(cluster.port());
    rotate(&source.sandbox(proxy.port())).success();
    wait_for_sessions(cluster);
    reset(cluster);
    let messages = proxy.messages();
    [Direction::ToServer, Direction::ToClient].map(|wanted| {
        let count = messages
            .iter()
            .filter(|(direction, kind)| *direction == wanted && *kind != b'X')
            .count();
        (wanted, count)
    })
}

/// Waits until no session of the admin is left.
fn wait_for_sessions(cluster: &Cluster) {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vaultadmin'";
    eventually(PATIENCE, || cluster.value(sessions) == "0");
}
