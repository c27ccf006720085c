//! The new password is where it is stored, and nowhere else.

use std::fs;

use super::{ROTATE, Source, can_log_in};
use crate::harness::{Admin, Cluster, Run, Sandbox};

const LOG_ALL: [(&str, &str); 4] = [
    ("log_statement", "all"),
    ("log_min_messages", "debug2"),
    ("log_error_verbosity", "verbose"),
    ("log_connections", "on"),
];

fn run_talkative(sandbox: &Sandbox) -> Run {
    let command = sandbox.pgcreds([&["--verbose", "--format", "json"], &ROTATE[..]].concat());
    command
        .env("RUST_BACKTRACE", "full")
        .env("RUST_LOG", "trace")
        .run()
}

#[test]
fn no_output_and_no_log_has_a_password() {
    for source in Source::ALL {
        let cluster = Cluster::start_with(&LOG_ALL);
        cluster.create_admin(Admin::CreateRole);
        cluster.restart();
        let sandbox = source.sandbox(cluster.port());
        let mut passwords = vec!["admin-secret".to_owned()];
        let mut said = String::new();
        for _ in 0..2 {
            let run = run_talkative(&sandbox).success();
            said.push_str(&run.to_string());
            passwords.push(source.stored(&sandbox).unwrap());
        }
        // One that cannot be finished, and one that finishes it.
        let state = sandbox.state();
        let broken = "rotation_statements = [\"SELECT '{{password}}'\"]\nusername";
        sandbox.write_state(&state.replace("username = ", &format!("{broken} = ")));
        said.push_str(&run_talkative(&sandbox).exits(3).to_string());
        let pending = fs::read_to_string(source.pending(&sandbox)).unwrap();
        passwords.push(pending.trim_end().to_owned());
        sandbox.write_state(&state);
        said.push_str(&run_talkative(&sandbox).success().to_string());
        assert!(can_log_in(&cluster, passwords.last().unwrap()));
        let log = cluster.log();
        assert!(log.contains("PASSWORD 'SCRAM-SHA-256$4096:"), "{log}");
        for password in passwords {
            assert!(!said.contains(&password), "{source:?}\n{said}");
            assert!(!log.contains(&password), "{source:?}\n{log}");
        }
        assert!(!said.contains("SCRAM-SHA-256"), "{said}");
    }
}
