//! Nothing outlives a test: no server, no folder, not even when the test process is killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::{Cluster, Sandbox, eventually};

/// Names the file that `holds_a_cluster_when_told_to` writes its data folder to.
const HOLD: &str = "PGCREDS_TEST_HOLD";

/// The process id of a cluster's server.
fn server_of(data: &Path) -> String {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    text.lines().next().unwrap().to_owned()
}

/// Whether there is such a process.
fn is_running(pid: &str) -> bool {
    let probe = std::process::Command::new("kill")
        .args(["-0", pid])
        .stderr(std::process::Stdio::null())
        .status();
    probe.unwrap().success()
}

#[test]
fn a_dropped_cluster_and_sandbox_are_gone() {
    let cluster = Cluster::start();
    let sandbox = Sandbox::new();
    let (data, home) = (cluster.data_dir(), sandbox.home());
    let server = server_of(&data);
    assert!(is_running(&server));
    drop(cluster);
    drop(sandbox);
    assert!(!is_running(&server));
    assert!(!data.exists() && !home.exists());
}

/// The other half of the next test, which runs it in a process of its own.
#[test]
fn holds_a_cluster_when_told_to() {
    let Some(note) = std::env::var_os(HOLD).map(PathBuf::from) else {
        return;
    };
    let cluster = Cluster::start();
    let draft = note.with_extension("draft");
    std::fs::write(&draft, cluster.data_dir().display().to_string()).unwrap();
    std::fs::rename(&draft, &note).unwrap();
    // Until it is killed; or until the process that started it was killed itself, and its sandbox removed.
    eventually(Duration::from_secs(60), || !note.exists());
}

#[test]
fn a_killed_test_process_leaves_nothing() {
    let sandbox = Sandbox::new();
    let note = sandbox.home().join("note");
    let test = "harness_works::cleanup::holds_a_cluster_when_told_to";
    let mut holder = sandbox
        .program(std::env::current_exe().unwrap(), ["--exact", test])
        .env(HOLD, &note);
    if let Some(servers) = std::env::var_os("PGCREDS_TEST_PG") {
        holder = holder.env("PGCREDS_TEST_PG", servers);
    }
    let holder = holder.spawn();
    eventually(Duration::from_secs(30), || note.exists());
    let data = PathBuf::from(std::fs::read_to_string(&note).unwrap());
    let server = server_of(&data);
    assert!(is_running(&server));
    assert_eq!(holder.kill().code, 137);
    eventually(Duration::from_secs(10), || !is_running(&server));
    // <folder of the process>/<folder of the cluster>/data
    let folder = data.ancestors().nth(2).unwrap();
    eventually(Duration::from_secs(10), || !folder.exists());
}
