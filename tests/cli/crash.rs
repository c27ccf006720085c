//! `kill -9` at any moment of an issue leaves nothing, or a login that has its marker and its end.

use std::time::{Duration, Instant};

use crate::harness::{Admin, Direction, Fault, Proxy, Signal, eventually};
use crate::lease_stage::{APP_ROLE, Stage, assert_whole, issue_json, logins, sandbox_at};

const KILLS: u32 = 200;

/// Moments that are spread at random over a time span, the same in each run.
struct Moments {
    state: u64,
    span: Duration,
}

impl Iterator for Moments {
    type Item = Duration;

    /// One step of Marsaglia's xorshift.
    fn next(&mut self) -> Option<Duration> {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        Some(
            self.span
                .mul_f64((self.state >> 11) as f64 / (1_u64 << 53) as f64),
        )
    }
}

/// How long an issue takes: the median of a few.
fn run_time(stage: &Stage) -> Duration {
    let time = |_| {
        let start = Instant::now();
        stage.issue(&["app-role"]);
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..5).map(time).collect();
    times.sort();
    times[2]
}

#[test]
fn at_random_moments() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let span = run_time(&stage);
    let moments = Moments {
        state: 0x5eed,
        span,
    };
    let mut killed = 0;
    for moment in moments.take(KILLS as usize) {
        let running = stage.sandbox.pgcreds(issue_json(&["app-role"])).spawn();
        std::thread::sleep(moment);
        running.signal(Signal::KILL);
        killed += u32::from(running.wait().code == 137);
    }
    assert!(
        killed > KILLS / 4,
        "only {killed} were killed before their end"
    );
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vaultadmin'";
    eventually(Duration::from_secs(10), || {
        stage.cluster.value(sessions) == "0"
    });
    let left = stage.logins();
    assert!(left.len() > 5, "{} logins", left.len());
    assert_whole(&left);
    stage.expire_and_sweep_all();
}

#[test]
fn with_the_commit_on_its_way() {
    let stage = Stage::new(Admin::CreateRole, "");
    let proxy = Proxy::start(stage.cluster.port());
    let sandbox = sandbox_at(proxy.port(), APP_ROLE);
    proxy.set_fault(Fault::StallAt {
        direction: Direction::ToServer,
        count: 2,
    });
    let running = sandbox.pgcreds(issue_json(&["app-role"])).spawn();
    proxy.wait_for_stall(Duration::from_secs(10));
    assert_eq!(running.kill().code, 137);
    assert_eq!(logins(&stage.cluster), []);
    proxy.resume();
    eventually(Duration::from_secs(10), || stage.logins().len() == 1);
    assert_whole(&stage.logins());
    stage.expire_and_sweep_all();
}
