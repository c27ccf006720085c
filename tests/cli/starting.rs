//! Sessions that are starting while their lease ends: the server shows them to nobody yet.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Admin, Direction, Fault, Proxy, Running, Sandbox, eventually, within};
use crate::stage::{LATER, PASSWORD, Stage};

const NAME: &str = "pgc starting";

/// Longer than a server takes for anything here.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer than a revocation takes, and shorter than a session that takes its time.
const SOON: Duration = Duration::from_secs(5);

/// A lease that can log in and may act as `app_rw`, and its oid.
fn stage(admin: Admin) -> (Stage, String) {
    let stage = Stage::new(admin);
    stage.make([NAME], LATER);
    stage.cluster.execute("GRANT app_rw TO \"pgc starting\"");
    stage.give_password(NAME);
    let oid = stage.oid(NAME);
    (stage, oid)
}

/// A client that works as `app_rw`, and whose session takes so long to start once it is authenticated. Every client may ask
/// for that.
fn slow_client(stage: &Stage, user: &str, seconds: u32) -> Running {
    slow_client_with(stage, user, seconds, "SELECT current_user")
}

/// The same with what it does then.
fn slow_client_with(stage: &Stage, user: &str, seconds: u32, sql: &str) -> Running {
    let (port, host) = (stage.cluster.port().to_string(), stage.cluster.host());
    let ask = ["-XAtc", sql];
    let address = ["-h", host, "-p", &port, "-U", user, "-d", "mydb"];
    let options = format!("-c role=app_rw -c post_auth_delay={seconds}");
    let client = stage
        .sandbox
        .program("psql", address.iter().chain(&ask))
        .env("PGPASSWORD", PASSWORD)
        .env("PGOPTIONS", options)
        .spawn();
    // It holds its database, and is not among the sessions that have a user.
    let is_starting = "SELECT count(*) FROM pg_locks l WHERE classid = 'pg_database'::regclass \
         AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.pid AND usesysid IS NOT NULL)";
    eventually(PATIENCE, || stage.cluster.value(is_starting) == "1");
    client
}

#[test]
fn one_that_takes_its_time_does_not_outlive_its_lease() {
    for admin in [Admin::CreateRole, Admin::Superuser] {
        let (stage, oid) = stage(admin);
        let client = slow_client(&stage, NAME, 20);
        let start = Instant::now();
        assert_eq!(
            stage.revoke(NAME).success().stderr,
            format!("revoked lease \"{NAME}\"\n")
        );
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        let ended = client.wait().exits(2);
        assert_eq!(ended.stdout, "", "{admin:?}");
        assert!(
            ended.stderr.contains("terminating connection"),
            "{admin:?}: {ended}"
        );
        assert!(stage.is_gone(&oid), "{admin:?}");
    }
}

/// One that has been let in and is held back, comes to life at each request of a revocation in turn.
#[test]
fn one_that_has_started_meanwhile_does_not_outlive_its_lease() {
    let revoke = ["lease", "revoke", NAME];
    let direction = Direction::ToServer;
    let requests = {
        let (stage, _) = stage(Admin::CreateRole);
        let proxy = Proxy::start(stage.cluster.port());
        let sandbox = Sandbox::new().with_connection_at(proxy.port());
        sandbox.pgcreds(revoke).run().success();
        let sent = proxy.messages().into_iter();
        let sent = sent.filter(|(found, _)| *found == direction).enumerate();
        let requests = sent.filter(|(_, (_, kind))| *kind == b'Q');
        requests.map(|(before, _)| before + 1).collect::<Vec<_>>()
    };
    let one = |count: usize| {
        let (stage, oid) = stage(Admin::CreateRole);
        let client = slow_client_with(&stage, NAME, 1, "SELECT pg_sleep(600)");
        let pid = "SELECT pid FROM pg_locks WHERE classid = 'pg_database'::regclass";
        let pid = Pid::from_raw(stage.cluster.value(pid).parse().unwrap()).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        let proxy = Proxy::start(stage.cluster.port());
        proxy.set_fault(Fault::StallAt { direction, count });
        let sandbox = Sandbox::new().with_connection_at(proxy.port());
        let revocation = sandbox.pgcreds(revoke).spawn();
        proxy.wait_for_stall(PATIENCE);
        kill_process(pid, Signal::CONT).unwrap();
        let has_started = format!("SELECT count(*) FROM pg_stat_activity WHERE usesysid = {oid}");
        let has_started = within(PATIENCE, || {
            stage.cluster.value(&has_started) == "1" || !client.stderr().is_empty()
        });
        assert!(has_started, "request {count}");
        proxy.resume();
        let run = revocation.wait();
        assert_eq!(run.code, 0, "request {count}: {run}");
        assert_eq!(client.wait().code, 2, "request {count}");
        assert!(stage.is_gone(&oid), "request {count}");
    };
    let (some, others) = requests.split_at(requests.len() / 2);
    std::thread::scope(|scope| {
        for requests in [some, others] {
            scope.spawn(|| requests.iter().copied().for_each(one));
        }
    });
}

#[test]
fn one_that_does_not_end_keeps_its_lease_in_quarantine() {
    let (stage, oid) = stage(Admin::CreateRole);
    let client = slow_client(&stage, NAME, 30);
    let pid = "SELECT pid FROM pg_locks WHERE classid = 'pg_database'::regclass";
    let pid = Pid::from_raw(stage.cluster.value(pid).parse().unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let revoke = ["lease", "revoke", NAME, "--session-timeout", "1s"];
    let run = stage.sandbox.pgcreds(revoke).run();
    kill_process(pid, Signal::CONT).unwrap();
    let expected = "its sessions did not end within 1 s\n";
    assert!(run.exits(4).stderr.contains(expected));
    client.wait().exits(2);
    assert!(stage.is_quarantined(&oid));
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
}

/// Before PostgreSQL 15 a lease may grant itself to the admin, and hold the lock on that.
#[test]
fn one_of_a_lease_that_locks_its_membership_is_dealt_with() {
    let (stage, oid) = stage(Admin::CreateRole);
    let lock = stage.cluster.connect_as(NAME, PASSWORD, "mydb");
    lock.rows("BEGIN").unwrap();
    if stage.cluster.version() < 15 {
        lock.rows(&format!("GRANT \"{NAME}\" TO vaultadmin"))
            .unwrap();
    }
    let client = slow_client(&stage, NAME, 20);
    stage.revoke(NAME).success();
    client.wait().exits(2);
    assert!(stage.is_gone(&oid));
}

/// Where the server would not say whose a session is, it is waited for.
#[test]
fn one_that_cannot_be_told_from_others_keeps_the_lease_in_quarantine() {
    let signature = |stage: &Stage| match stage.cluster.version() {
        ..14 => "pg_terminate_backend(int)",
        _ => "pg_terminate_backend(int, bigint)",
    };
    for because in [
        "no right to end its own",
        "rights of another login",
        "the right to end those of others",
    ] {
        let (stage, oid) = stage(Admin::CreateRole);
        let sql = match because {
            "the right to end those of others" => {
                format!("GRANT pg_signal_backend TO \"{NAME}\"")
            }
            "rights of another login" => {
                format!("CREATE ROLE service LOGIN; GRANT service TO \"{NAME}\"")
            }
            _ => format!(
                "REVOKE EXECUTE ON FUNCTION {0} FROM PUBLIC; GRANT EXECUTE ON FUNCTION {0} TO vaultadmin",
                signature(&stage)
            ),
        };
        stage.cluster.execute_in("mydb", &sql);
        let client = slow_client(&stage, NAME, 6);
        let revoke = ["lease", "revoke", NAME, "--session-timeout", "1s"];
        let run = stage.sandbox.pgcreds(revoke).run().exits(4);
        assert!(
            run.stderr.contains("its sessions did not end within 1 s"),
            "{run}"
        );
        assert!(stage.is_quarantined(&oid), "{because}");
        client.wait().success();
        stage.sweep([] as [&str; 0]).success();
        assert!(stage.is_gone(&oid), "{because}");
    }
}

/// Neither a stranger nor another lease of the same group is ended for it, nor waited for.
#[test]
fn those_of_others_go_on() {
    for other in ["stranger", "pgc other"] {
        let (stage, oid) = stage(Admin::CreateRole);
        stage.cluster.execute("CREATE ROLE stranger LOGIN");
        stage.make(["pgc other"], LATER);
        stage.cluster.execute(&format!(
            "GRANT app_rw TO \"{other}\"; ALTER ROLE \"{other}\" PASSWORD '{PASSWORD}'"
        ));
        let client = slow_client(&stage, other, 8);
        let start = Instant::now();
        stage.revoke(NAME).success();
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert!(stage.is_gone(&oid), "{other}");
        assert_eq!(client.wait().success().stdout, "app_rw\n", "{other}");
    }
}

/// The server has read what the client has to know, and would let it in; the client answers when it likes.
#[test]
fn one_that_withholds_its_password_is_not_let_in_afterwards() {
    let (stage, oid) = stage(Admin::CreateRole);
    let mut server = TcpStream::connect((stage.cluster.host(), stage.cluster.port())).unwrap();
    let mut request = Default::default();
    frontend::startup_message([("user", NAME), ("database", "mydb")], &mut request).unwrap();
    server.write_all(&request).unwrap();
    assert_eq!(answer(&mut server).0, b'R');
    let mut scram = ScramSha256::new(PASSWORD.as_bytes(), ChannelBinding::unsupported());
    let mut request = Default::default();
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut request).unwrap();
    server.write_all(&request).unwrap();
    let (kind, challenge) = answer(&mut server);
    assert_eq!(kind, b'R');
    scram.update(&challenge[4..]).unwrap();

    let start = Instant::now();
    stage.revoke(NAME).success();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    assert!(stage.is_gone(&oid));

    let mut request = Default::default();
    frontend::sasl_response(scram.message(), &mut request).unwrap();
    server.write_all(&request).unwrap();
    let mut refusal = answer(&mut server);
    while refusal.0 == b'R' {
        refusal = answer(&mut server);
    }
    let text = String::from_utf8_lossy(&refusal.1).into_owned();
    assert!(
        refusal.0 == b'E' && text.contains("does not exist"),
        "{text}"
    );
}

/// The server's next message: its kind and what is in it.
fn answer(server: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 5];
    server.read_exact(&mut head).unwrap();
    let [kind, length @ ..] = head;
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    server.read_exact(&mut body).unwrap();
    (kind, body)
}
