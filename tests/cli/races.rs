//! A sweep or a revocation that meets a renewal: whichever comes first holds, and the other one does not claim anything else.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::harness::{Admin, Direction, Fault, LiveSession, Proxy, Run, Running, Sandbox, within};
use crate::stage::{LATER, PASSWORD, PAST, Stage};

/// Longer than anything here takes, where a lock is waited for several times too.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many stages work at the same time: most of what they do is to wait.
const AT_ONCE: usize = 6;

const NAME: &str = "pgc_race";

const SWEEP: [&str; 3] = ["sweep", "--format", "json"];
const RENEW: [&str; 5] = ["lease", "renew", NAME, "--ttl", "1h"];
const REVOKE: [&str; 3] = ["lease", "revoke", NAME];

/// Somebody else's renewal in plain SQL: as pgcreds does it, not for a login that can no longer log in.
const MOVE: &str = "BEGIN; ALTER ROLE pgc_race VALID UNTIL '2200-01-01'; \
    SELECT 1 / rolcanlogin::int FROM pg_roles WHERE rolname = 'pgc_race'; COMMIT";

/// Whether a renewal waits for a lock. What is stalled waits for none.
const IS_WAITING: &str = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
    AND usename IN ('mover', 'vaultadmin'))";

/// A command on its way through a proxy of its own.
struct Command {
    proxy: Proxy,
    running: Running,
    _sandbox: Sandbox,
}

impl Command {
    fn start(stage: &Stage, arguments: &[&str], fault: Fault) -> Command {
        let proxy = Proxy::start(stage.cluster.port());
        proxy.set_fault(fault);
        let sandbox = Sandbox::new().with_connection_at(proxy.port());
        Command {
            running: sandbox.pgcreds(arguments).spawn(),
            proxy,
            _sandbox: sandbox,
        }
    }

    /// Stalls before the server gets that message; `None` when the command had ended by then.
    fn stalled_at(stage: &Stage, arguments: &[&str], count: usize) -> Option<Command> {
        let direction = Direction::ToServer;
        let command = Command::start(stage, arguments, Fault::StallAt { direction, count });
        command.proxy.stalls_within(PATIENCE).then_some(command)
    }

    fn finish(self) -> Run {
        self.proxy.resume();
        self.running.wait()
    }
}

/// Runs a command to its end, and returns the numbers of its requests among all its messages to the server.
fn requests_of(stage: &Stage, arguments: &[&str]) -> Vec<usize> {
    let command = Command::start(stage, arguments, Fault::None);
    command.running.wait().success();
    let messages = command.proxy.messages().into_iter();
    let sent = messages.filter(|(direction, _)| *direction == Direction::ToServer);
    let requests = sent.enumerate().filter(|(_, (_, kind))| *kind == b'Q');
    requests.map(|(before, _)| before + 1).collect()
}

/// Does something for each of these numbers, several at a time.
fn for_each(numbers: Vec<usize>, work: impl Fn(usize) + Sync) {
    assert!(numbers.len() > 2, "the test proves nothing: {numbers:?}");
    let left = Mutex::new(numbers.into_iter());
    let next = || left.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(number) = next() {
                    work(number);
                }
            });
        }
    });
}

/// Lets a renewal go on until it has ended, or waits for a lock, then the other one. What became of the two, and whether the
/// first had to wait.
fn meet<T: Send>(
    stage: &Stage,
    renewal: impl FnOnce() -> T + Send,
    other: Command,
) -> (T, Run, bool) {
    std::thread::scope(|scope| {
        let renewal = scope.spawn(renewal);
        let mut is_waiting = false;
        within(PATIENCE, || {
            is_waiting = stage.cluster.value(IS_WAITING) == "t";
            is_waiting || renewal.is_finished()
        });
        let run = other.finish();
        (renewal.join().unwrap(), run, is_waiting)
    })
}

/// A lease that has expired, with a session from before.
fn expired() -> (Stage, LiveSession) {
    let (stage, session) = live();
    expire(&stage);
    (stage, session)
}

/// The same, and it has not expired.
fn live() -> (Stage, LiveSession) {
    let stage = Stage::new(Admin::CreateRole);
    stage.make([NAME], LATER);
    stage.give_password(NAME);
    stage
        .cluster
        .execute("CREATE ROLE mover LOGIN SUPERUSER PASSWORD 'mover-secret'");
    let session = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    (stage, session)
}

fn expire(stage: &Stage) {
    stage
        .cluster
        .execute(&format!("ALTER ROLE {NAME} VALID UNTIL '{PAST}'"));
}

fn move_end(stage: &Stage) -> Result<(), String> {
    let moved = stage
        .cluster
        .try_execute_as("mover", "mover-secret", "mydb", MOVE);
    moved.map(|_| ())
}

/// Panics unless the lease is as it was, and the sweep says so, where it was renewed; and gone, where it was not.
#[track_caller]
fn assert_whole_or_gone(stage: &Stage, oid: &str, is_renewed: bool, sweep: &Run, what: &str) {
    let mut report = sweep.clone().success().json();
    // Whatever it owned got another owner, but for that it has to be gone.
    let reassigned = report["reassigned"].take();
    assert!(!is_renewed || reassigned == json!([]), "{what}: {sweep}");
    let revoked = if is_renewed { vec![] } else { vec![NAME] };
    let expected = json!({"revoked": revoked, "failed": [], "unreachable": [], "reassigned": null});
    assert_eq!(report, expected, "{what}: {sweep}");
    if !is_renewed {
        assert!(stage.is_gone(oid), "{what}");
        return;
    }
    let whole = format!(
        "SELECT rolcanlogin AND rolpassword IS NOT NULL AND rolvaliduntil > now() FROM pg_authid WHERE oid = {oid}"
    );
    assert_eq!(stage.cluster.value(&whole), "t", "{what}");
    let login = stage
        .cluster
        .try_execute_as(NAME, PASSWORD, "mydb", "SELECT 1");
    assert!(login.is_ok(), "{what}: {login:?}");
}

/// How often a renewal was first, and how often it was not.
#[derive(Default)]
struct Outcomes(Mutex<[usize; 2]>);

impl Outcomes {
    fn add(&self, is_renewed: bool) {
        self.0.lock().unwrap()[usize::from(is_renewed)] += 1;
    }

    /// Panics unless both came about.
    #[track_caller]
    fn check(self) {
        let outcomes = self.0.into_inner().unwrap();
        assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
    }
}

/// Somebody moves the end while a sweep is on its way.
#[test]
fn an_end_that_moves_at_each_request_of_a_sweep() {
    let requests = requests_of(&expired().0, &SWEEP);
    let outcomes = Outcomes::default();
    for_each(requests, |count| {
        let (stage, session) = expired();
        let oid = stage.oid(NAME);
        let Some(sweep) = Command::stalled_at(&stage, &SWEEP, count) else {
            return;
        };
        let (moved, run, _) = meet(&stage, || move_end(&stage), sweep);
        let what = format!("request {count}: {moved:?}");
        assert_whole_or_gone(&stage, &oid, moved.is_ok(), &run, &what);
        assert_eq!(session.is_alive(), moved.is_ok(), "{what}");
        outcomes.add(moved.is_ok());
    });
    outcomes.check();
}

/// A renewal has looked at the lease before it expired, and changes it while a sweep is on its way.
#[test]
fn a_renewal_that_comes_at_each_request_of_a_sweep() {
    let change = *requests_of(&live().0, &RENEW).last().unwrap();
    let requests = requests_of(&expired().0, &SWEEP);
    let outcomes = Outcomes::default();
    for_each(requests, |count| {
        let (stage, session) = live();
        let oid = stage.oid(NAME);
        let renewal = Command::stalled_at(&stage, &RENEW, change).unwrap();
        expire(&stage);
        let Some(sweep) = Command::stalled_at(&stage, &SWEEP, count) else {
            return;
        };
        let (renewed, run, _) = meet(&stage, || renewal.finish(), sweep);
        let is_renewed = renewed.code == 0;
        let what = format!("request {count}: {renewed}");
        assert!(is_renewed || renewed.stdout.is_empty(), "{what}");
        assert_whole_or_gone(&stage, &oid, is_renewed, &run, &what);
        assert_eq!(session.is_alive(), is_renewed, "{what}");
        outcomes.add(is_renewed);
    });
    outcomes.check();
}

/// The lease has changed itself in a transaction that is open: nobody else can until that ends.
fn lock_itself(stage: &Stage, session: &LiveSession) {
    session
        .rows("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'lease-secret'")
        .unwrap();
    // Before PostgreSQL 15 it may lock its membership, too.
    if stage.cluster.version() < 15 {
        session
            .rows(&format!("GRANT {NAME} TO vaultadmin"))
            .unwrap();
    }
}

/// The lease holds a lock on itself until the end moves.
#[test]
fn an_end_that_moves_once_a_lease_has_let_itself_go() {
    let (stage, session) = expired();
    lock_itself(&stage, &session);
    let requests = requests_of(&stage, &SWEEP);
    let outcomes = Outcomes::default();
    for_each(requests, |count| {
        let (stage, session) = expired();
        let oid = stage.oid(NAME);
        lock_itself(&stage, &session);
        let Some(sweep) = Command::stalled_at(&stage, &SWEEP, count) else {
            return;
        };
        let moving = || {
            // Unless it was ended by now.
            let _ = session.rows("ROLLBACK");
            let was_alive = session.is_alive();
            (was_alive, move_end(&stage))
        };
        let ((was_alive, moved), run, _) = meet(&stage, moving, sweep);
        let what = format!("request {count}: {moved:?}");
        assert_whole_or_gone(&stage, &oid, moved.is_ok(), &run, &what);
        let is_alive = was_alive && moved.is_ok();
        assert_eq!(session.is_alive(), is_alive, "{what}");
        outcomes.add(moved.is_ok());
    });
    outcomes.check();
}

/// The lease holds a lock on itself for as long as it is let: the renewal and the sweep wait for the same.
#[test]
fn an_end_that_moves_while_a_lease_holds_on_to_itself() {
    let (stage, session) = expired();
    lock_itself(&stage, &session);
    let requests = requests_of(&stage, &SWEEP);
    for_each(requests, |count| {
        let (stage, session) = expired();
        let oid = stage.oid(NAME);
        lock_itself(&stage, &session);
        let Some(sweep) = Command::stalled_at(&stage, &SWEEP, count) else {
            return;
        };
        let (moved, run, _) = meet(&stage, || move_end(&stage), sweep);
        let what = format!("request {count}: {moved:?}");
        assert_whole_or_gone(&stage, &oid, moved.is_ok(), &run, &what);
        assert!(!session.is_alive(), "{what}");
    });
}

/// A lease that was disabled is never renewed, and nobody is told so.
#[test]
fn a_renewal_and_a_revocation_meet_at_each_of_their_requests() {
    let renewing = requests_of(&live().0, &RENEW);
    let revoking = requests_of(&live().0, &REVOKE);
    let outcomes = Outcomes::default();
    for_each(renewing, |renewing| {
        for revoking in &revoking {
            let (stage, session) = live();
            let oid = stage.oid(NAME);
            let renewal = Command::stalled_at(&stage, &RENEW, renewing).unwrap();
            let Some(revocation) = Command::stalled_at(&stage, &REVOKE, *revoking) else {
                continue;
            };
            let can_log_in =
                format!("SELECT count(*) FROM pg_roles WHERE oid = {oid} AND rolcanlogin");
            let is_cut = stage.cluster.value(&can_log_in) == "0";
            let (renewed, revoked, has_waited) = meet(&stage, || renewal.finish(), revocation);
            let what = format!("requests {renewing} and {revoking}: {renewed}{revoked}");
            if is_cut || has_waited {
                assert!(matches!(renewed.code, 1 | 3), "{what}");
                assert_eq!(renewed.stdout, "", "{what}");
                assert!(renewed.stderr.starts_with("error: "), "{what}");
            } else {
                assert_eq!(renewed.code, 0, "{what}");
            }
            assert_eq!(revoked.code, 0, "{what}");
            assert!(stage.is_gone(&oid), "{what}");
            assert!(!session.is_alive(), "{what}");
            outcomes.add(renewed.code == 0);
        }
    });
    outcomes.check();
}

/// Somebody else changes the login at the same time, which PostgreSQL answers with an error to the second.
#[test]
fn a_change_by_somebody_else_fails_none_of_them() {
    for arguments in [&RENEW[..], &REVOKE, &SWEEP] {
        let stage = live().0;
        if arguments == SWEEP {
            expire(&stage);
        }
        let other = stage.cluster.connect_as("mover", "mover-secret", "mydb");
        for change in [
            format!("ALTER ROLE {NAME} CONNECTION LIMIT 3"),
            format!("GRANT app_rw TO {NAME}"),
        ] {
            let begun = other.rows(&format!("BEGIN; {change}"));
            begun.unwrap();
        }
        let running = stage.sandbox.pgcreds(arguments).spawn();
        let is_waiting = || stage.cluster.value(IS_WAITING) == "t";
        assert!(within(PATIENCE, is_waiting), "{arguments:?}");
        other.rows("COMMIT").unwrap();
        running.wait().success();
        let is_left = arguments == RENEW;
        assert_eq!(stage.logins().len(), usize::from(is_left), "{arguments:?}");
    }
}

/// The same at each request of a sweep, once the lease is disabled too.
#[test]
fn a_change_by_somebody_else_at_each_request_fails_no_sweep() {
    let expired = || {
        let stage = expired().0;
        stage.cluster.execute_in(
            "mydb",
            &format!(
                "CREATE TABLE t (); ALTER TABLE t OWNER TO {NAME}; \
                 SET SESSION AUTHORIZATION vaultadmin; CREATE TABLE shared (); GRANT SELECT ON shared TO {NAME}"
            ),
        );
        stage
    };
    for_each(requests_of(&expired(), &SWEEP), |count| {
        let stage = expired();
        let oid = stage.oid(NAME);
        let other = stage.cluster.connect_as("mover", "mover-secret", "mydb");
        let Some(sweep) = Command::stalled_at(&stage, &SWEEP, count) else {
            return;
        };
        let is_waiting = || stage.cluster.value(IS_WAITING) == "t";
        let change = format!(
            "BEGIN; GRANT SELECT ON shared TO app_rw; ALTER ROLE {NAME} CONNECTION LIMIT 3"
        );
        let run = std::thread::scope(|scope| {
            let changing = scope.spawn(|| other.rows(&change));
            within(PATIENCE, || is_waiting() || changing.is_finished());
            sweep.proxy.resume();
            // It fails where the lease is gone already.
            let _ = changing.join().unwrap();
            within(PATIENCE, || is_waiting() || stage.logins().is_empty());
            let _ = other.rows("COMMIT");
            sweep.finish()
        });
        assert_whole_or_gone(&stage, &oid, false, &run, &format!("request {count}"));
    });
}
