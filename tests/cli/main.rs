//! Drives the real program against real PostgreSQL servers. One module per command or promise; `harness` is what they share.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and read their own environment"
)]

mod agent;
mod app_role;
mod audit;
mod cli;
mod clock;
mod completions;
mod concurrency;
mod connection;
mod connection_failures;
mod connection_limit;
mod core_files;
mod crash;
mod creation_statements;
mod dangerous_privileges;
mod dependencies;
mod doctor;
mod documents;
mod encodings;
mod examples;
mod exec;
mod exit_codes;
mod faults;
mod forged_names;
mod formats;
mod growth;
mod harness;
mod harness_works;
mod hostile_database;
mod house;
mod init;
mod issue;
mod issue_out;
mod issue_verify;
mod lease_list;
mod lease_stage;
mod libpq;
mod locks;
mod locks_of_many;
mod password_credential;
mod password_sources;
mod planted_files;
mod progress;
mod races;
mod readme;
mod reference_flow;
mod renew;
mod revocation;
mod role;
mod role_check;
mod role_names;
mod rotation;
mod secrets;
mod servers;
mod sessions;
mod silent_servers;
mod stage;
mod starting;
mod state_file;
mod state_invalid;
mod state_lock;
mod sweep;
mod terminal;
mod tls;
mod unasked;
mod usage;

use std::fs;
use std::path::Path;

/// A test file that nobody declares is a test that never runs.
#[test]
fn every_test_file_is_declared() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    assert_eq!(undeclared(&folder, "main.rs"), Vec::<String>::new());
}

/// The modules in that folder, and below it, that its wiring file does not name.
fn undeclared(folder: &Path, wiring: &str) -> Vec<String> {
    let declared = fs::read_to_string(folder.join(wiring)).unwrap();
    let mut missing = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_file = path.extension().is_some_and(|ending| ending == "rs");
        if path.join("mod.rs").exists() {
            missing.extend(undeclared(&path, "mod.rs"));
        } else if !is_file || path.ends_with(wiring) {
            continue;
        }
        if !declared.lines().any(|line| line == format!("mod {name};")) {
            missing.push(path.display().to_string());
        }
    }
    missing
}
