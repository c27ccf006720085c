//! The server's clock decides, whatever the client's says and however the admin's sessions write times.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::harness::Admin;
use crate::lease_stage::{APP_ROLE, Credentials, MEMBER_ROLE, Stage, issue_json, sandbox_at};

/// Passes connections on; in what the server says, one text stands for another of the same length.
fn alter(server_port: u16, from: &'static str, to: &'static str) -> u16 {
    assert_eq!(from.len(), to.len());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", server_port)).unwrap();
            let (requests, answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || pass(requests, server, "", ""));
            std::thread::spawn(move || pass(answers, client, from, to));
        }
    });
    port
}

/// Passes one direction on until it ends.
fn pass(mut source: TcpStream, mut target: TcpStream, from: &str, to: &str) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = source.read(&mut chunk) {
        let mut start = 0;
        while let Some(at) = find(&chunk[start..length], from) {
            chunk[start + at..start + at + to.len()].copy_from_slice(to.as_bytes());
            start += at + to.len();
        }
        if target.write_all(&chunk[..length]).is_err() {
            return;
        }
    }
}

/// Where a text is in bytes.
fn find(bytes: &[u8], text: &str) -> Option<usize> {
    let text = text.as_bytes();
    let mut windows = bytes.windows(text.len().max(1));
    windows.position(|window| !text.is_empty() && window == text)
}

/// The year by the server's clock, as times begin with it.
fn year(stage: &Stage) -> &'static str {
    stage
        .cluster
        .value("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-')")
        .leak()
}

#[test]
fn all_times_come_from_what_the_server_says() {
    let stage = Stage::new(Admin::CreateRole, "");
    let port = alter(stage.cluster.port(), year(&stage), "2044-");
    let sandbox = sandbox_at(port, APP_ROLE);
    let issued = Credentials(
        sandbox
            .pgcreds(issue_json(&["app-role"]))
            .run()
            .success()
            .json(),
    );
    let marker = stage.logins().remove(0).marker;
    for key in ["issued_at", "expires_at", "max_expires_at"] {
        // The last day of a year may end in the next one.
        assert!(
            ["2044-", "2045-"].contains(&&issued.text(key)[..5]),
            "{issued:?}"
        );
    }
    assert_eq!(stage.logins()[0].end, issued.text("expires_at"));
    assert!(
        marker.contains(&format!("\"issued_at\":\"{}\"", issued.text("issued_at"))),
        "{marker}"
    );
}

#[test]
fn times_are_the_servers_within_their_precision() {
    let stage = Stage::new(Admin::CreateRole, APP_ROLE);
    let now = || {
        stage
            .cluster
            .value("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
    };
    let before = now();
    let issued = stage.issue(&["app-role"]);
    let after = now();
    let issued_at = issued.text("issued_at");
    assert!(
        before.as_str() <= issued_at && issued_at <= after.as_str(),
        "{before} {issued_at} {after}"
    );
}

#[test]
fn odd_settings_of_the_admin_change_no_time() {
    let stage = Stage::new(Admin::CreateRole, &format!("{APP_ROLE}{MEMBER_ROLE}"));
    for settings in [
        "SET timezone = 'Asia/Kolkata'; ALTER ROLE vaultadmin SET datestyle = 'SQL, DMY'",
        "SET timezone = 'America/St_Johns'; ALTER ROLE vaultadmin SET datestyle = 'German'",
        "SET timezone = '<-13>13'; ALTER ROLE vaultadmin SET datestyle = 'Postgres, MDY'",
        "SET timezone = 'UTC'; ALTER ROLE vaultadmin SET standard_conforming_strings = off",
        "SET intervalstyle = 'sql_standard'; ALTER ROLE vaultadmin SET bytea_output = 'escape'",
    ] {
        stage
            .cluster
            .execute(&format!("ALTER ROLE vaultadmin {settings}"));
        for role in ["app-role", "member"] {
            let issued = stage.issue(&[role, "--ttl", "30m"]);
            stage.execute_as(&issued, "SELECT 1").unwrap();
            assert_eq!(
                stage.logins()[0].end,
                issued.text("expires_at"),
                "{settings}"
            );
            let renew = [
                "lease",
                "renew",
                issued.id(),
                "--ttl",
                "2h",
                "--format",
                "json",
            ];
            let renewed = stage.sandbox.pgcreds(renew).run().success().json();
            assert_eq!(
                renewed["expires_at"],
                stage.logins()[0].end.as_str(),
                "{settings}"
            );
            let minutes = "SELECT extract(epoch FROM rolvaliduntil - now())::int / 60 FROM pg_roles WHERE rolname LIKE 'pgc\\_%'";
            assert!(
                ["119", "120"].contains(&stage.cluster.value(minutes).as_str()),
                "{settings}"
            );
            assert_eq!(
                stage.sandbox.pgcreds(["sweep"]).run().to_string(),
                "[exit 0]\n"
            );
            stage.expire_and_sweep_all();
        }
    }
}
