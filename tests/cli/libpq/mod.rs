//! The same words given to psql and to pgcreds lead to the same server, database and user.

mod stage;
mod table;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use stage::stage;
use table::{CASES, FAILURES};

#[test]
fn what_psql_reaches_pgcreds_reaches() {
    let stage = stage();
    for case in CASES {
        let (mine, place, his) = stage.both(case);
        assert_eq!(mine.code, 0, "{}:\n{mine}", case.0);
        assert_eq!(his.code, 0, "{}, psql:\n{his}", case.0);
        assert_eq!(place, his.stdout.trim_end(), "{}", case.0);
        assert_eq!(mine.stderr, "", "{}", case.0);
    }
    for (case, text) in FAILURES {
        let (mine, _, his) = stage.both(case);
        assert!(
            mine.code != 0 && mine.stderr.contains(text),
            "{}:\n{mine}",
            case.0
        );
        assert!(his.code != 0, "{}, psql:\n{his}", case.0);
    }
}

#[test]
fn other_kinds_of_addresses() {
    let stage = stage();
    // Where the machine has no IPv6, both fail.
    for case in [
        ("::1", "postgresql://vaultadmin@[::1]:PORT/mydb", &[][..]),
        (
            "::1 by keywords",
            "host=::1 port=PORT dbname=mydb user=vaultadmin",
            &[],
        ),
    ] {
        let (mine, place, his) = stage.both(&case);
        assert_eq!(mine.code == 0, his.code == 0, "{}:\n{mine}\n{his}", case.0);
        assert_eq!(place, his.stdout.trim_end(), "{}", case.0);
    }
    if cfg!(target_os = "linux") && stage.primary.version() >= 14 {
        let name = format!("@pgcreds-test-{}", stage.primary.port());
        let sockets = format!("{},{name}", stage.primary.socket_dir().display());
        stage.primary.write(
            "postgresql.auto.conf",
            &format!("unix_socket_directories = '{sockets}'\n"),
        );
        stage.primary.restart();
        let url: &'static str = format!("host={name} port=PORT dbname=mydb user=vaultadmin").leak();
        let (mine, place, his) = stage.both(&("abstract", url, &[]));
        assert_eq!((mine.code, his.code), (0, 0), "{mine}\n{his}");
        assert_eq!(place, his.stdout.trim_end());
    }
}

#[test]
fn a_standby_among_several_hosts_is_passed_by() {
    let stage = stage();
    let (port, standby) = (stage.primary.port(), stage.standby.port());
    for attributes in ["", "target_session_attrs=any", "load_balance_hosts=random"] {
        let url = format!(
            "postgresql://vaultadmin@127.0.0.1:{standby},127.0.0.1:{port}/mydb?{attributes}"
        );
        stage
            .sandbox
            .write_state(&format!("version = 1\n[connections.c]\nurl = \"{url}\"\n"));
        let check = stage
            .sandbox
            .pgcreds(["--format", "json", "connection", "check", "c"])
            .run();
        assert_eq!(check.json()["port"], port, "{attributes}: {check}");
    }
    let url = format!("postgresql://vaultadmin@127.0.0.1:{standby},127.0.0.1:1/mydb");
    stage
        .sandbox
        .write_state(&format!("version = 1\n[connections.c]\nurl = \"{url}\"\n"));
    let check = stage
        .sandbox
        .pgcreds(["connection", "check", "c"])
        .run()
        .exits(3);
    for part in [
        "at 127.0.0.1:1,",
        "the server is read-only",
        "Connection refused",
    ] {
        assert!(check.stderr.contains(part), "{part}: {check}");
    }
}

#[test]
fn a_server_that_starts_up_is_passed_by() {
    let stage = stage();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let starting = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut length = [0; 4];
        client.read_exact(&mut length).unwrap();
        let mut start_up = vec![0; u32::from_be_bytes(length) as usize - 4];
        client.read_exact(&mut start_up).unwrap();
        let fields = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0";
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        client
            .write_all(&[b"E", &length[..], fields].concat())
            .unwrap();
    });
    let port = stage.primary.port();
    let url = format!(
        "postgresql://vaultadmin@127.0.0.1:{starting},127.0.0.1:{port}/mydb?sslmode=disable"
    );
    stage
        .sandbox
        .write_state(&format!("version = 1\n[connections.c]\nurl = \"{url}\"\n"));
    let check = ["--format", "json", "connection", "check", "c"];
    let run = stage.sandbox.pgcreds(check).run();
    assert_eq!(run.json()["port"], port, "{run}");
    server.join().unwrap();
}

#[test]
fn requirepeer_names_the_server_s_user() {
    let stage = stage();
    let socket = stage.fill_in("host=SOCKETS port=PORT dbname=mydb user=vaultadmin");
    let check = |peer: &str| {
        let url = format!("{socket} requirepeer={peer}");
        stage
            .sandbox
            .write_state(&format!("version = 1\n[connections.c]\nurl = \"{url}\"\n"));
        stage.sandbox.pgcreds(["connection", "check", "c"]).run()
    };
    let owner =
        std::os::unix::fs::MetadataExt::uid(&fs::metadata(stage.primary.data_dir()).unwrap());
    let _ = check(&owner.to_string()).success();
    let refused = check("no-such-user").exits(3);
    assert!(
        refused
            .stderr
            .contains("and requirepeer=no-such-user forbids that"),
        "{refused}"
    );
}
