//! Rotations at the same time.

use super::{ROTATE, ROTATED, Source, assert_recovers, assert_whole, cluster};
use crate::harness::{Run, Running};

#[test]
fn one_after_the_other() {
    for source in Source::ALL {
        let cluster = cluster();
        let sandbox = source.sandbox(cluster.port());
        let running: Vec<_> = (0..4).map(|_| sandbox.pgcreds(ROTATE).spawn()).collect();
        for running in running {
            assert_eq!(running.wait().to_string(), ROTATED, "{source:?}");
        }
        assert_whole(&cluster, &sandbox, source, "together");
    }
}

/// Their locks know nothing of each other, but they share the password file.
#[test]
fn from_two_state_files() {
    let cluster = cluster();
    let sandbox = Source::File.sandbox(cluster.port());
    let other = sandbox.state_path().with_file_name("other.toml");
    for _ in 0..15 {
        std::fs::copy(sandbox.state_path(), &other).unwrap();
        let other = other.display().to_string();
        let second = [&["--state", &other], &ROTATE[..]].concat();
        let running = [
            sandbox.pgcreds(ROTATE).spawn(),
            sandbox.pgcreds(second).spawn(),
        ];
        let runs = running.map(Running::wait);
        let is_done = |run: &Run| run.code == 0;
        assert!(runs.iter().any(is_done), "{}\n{}", runs[0], runs[1]);
        assert_recovers(
            &cluster,
            &sandbox,
            Source::File,
            &format!("{}{}", runs[0], runs[1]),
        );
    }
}
