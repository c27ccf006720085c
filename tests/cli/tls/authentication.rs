//! What a server may ask for: `require_auth` and `channel_binding` hold before any password is sent.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::stage::Stage;

const REQUIRED: &str = "Set the method to scram-sha-256 in the server's pg_hba.conf, or mend require_auth in the connection's url. No password was sent.";
const BINDING: &str = "channel_binding=require needs TLS, the method scram-sha-256 in pg_hba.conf, and an RSA or ECDSA certificate.";

/// Makes the admin's stored password an MD5 hash, which the methods `password` and `md5` take too.
fn with_md5(stage: &Stage) {
    stage
        .cluster
        .execute("SET password_encryption = 'md5'; ALTER ROLE vaultadmin PASSWORD 'admin-secret'");
}

#[test]
fn a_server_may_ask_only_for_what_is_allowed() {
    let stage = Stage::new("signed");
    with_md5(&stage);
    for (method, asked) in [
        ("password", "asks for the password in clear text"),
        ("md5", "asks for the password's MD5 hash"),
    ] {
        for (kind, mode) in [
            ("hostssl", "sslmode=require"),
            ("hostnossl", "sslmode=disable"),
        ] {
            stage.let_in(&format!("{kind} all all 127.0.0.1/32 {method}"));
            stage.check(mode).success();
            stage
                .check(&format!("{mode} require_auth={method}"))
                .success();
            stage.check(&format!("{mode} require_auth=!none")).success();
            for required in ["scram-sha-256", "none"] {
                let cause = format!(
                    "error communicating with the server: the server {asked}, which require_auth={required} does not allow"
                );
                stage.refuses(&format!("{mode} require_auth={required}"), &cause, REQUIRED);
            }
            // The server saw no password at all: it would have said that it is wrong, or let us in.
            stage.refuses(
                &format!("{mode} channel_binding=require"),
                "authentication error: server did not use channel binding",
                BINDING,
            );
        }
    }
}

#[test]
fn trust_and_scram_are_told_apart_too() {
    let stage = Stage::new("signed");
    for mode in ["sslmode=require", "sslmode=disable"] {
        stage.let_in("host all all 127.0.0.1/32 scram-sha-256");
        for required in ["scram-sha-256", "scram-sha-256,none", "!password,!md5"] {
            stage
                .check(&format!("{mode} require_auth={required}"))
                .success();
        }
        stage.refuses(
            &format!("{mode} require_auth=md5"),
            "error communicating with the server: the server asks for SCRAM-SHA-256, which require_auth=md5 does not allow",
            REQUIRED,
        );
        stage.let_in("host all all 127.0.0.1/32 trust");
        stage.check(&format!("{mode} require_auth=none")).success();
        stage.refuses(
            &format!("{mode} require_auth=scram-sha-256"),
            "error communicating with the server: the server lets us in without authentication, which require_auth=scram-sha-256 does not allow",
            REQUIRED,
        );
    }
    stage.refuses(
        "sslmode=disable channel_binding=require",
        "authentication error: server did not use channel binding",
        BINDING,
    );
}

#[test]
fn unix_sockets_are_watched_too() {
    let stage = Stage::new("signed");
    with_md5(&stage);
    stage.cluster.write(
        "pg_hba.conf",
        "local all postgres trust\nlocal all all password\n",
    );
    stage.cluster.restart();
    let url = |add: &str| {
        format!(
            "host={} port={} dbname=mydb user=vaultadmin {add}",
            stage.cluster.socket_dir().display(),
            stage.cluster.port()
        )
    };
    stage.check_url(&url("sslmode=verify-full")).success();
    let refused = stage.check_url(&url("require_auth=scram-sha-256")).exits(3);
    assert!(
        refused
            .stderr
            .contains("asks for the password in clear text"),
        "{refused}"
    );
}

#[test]
fn not_a_byte_follows_a_request_that_is_not_allowed() {
    let stage = Stage::new("signed");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut length = [0; 4];
        client.read_exact(&mut length).unwrap();
        let mut start_up = vec![0; u32::from_be_bytes(length) as usize - 4];
        client.read_exact(&mut start_up).unwrap();
        // AuthenticationCleartextPassword
        client.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        answer
    });
    let url = format!(
        "host=127.0.0.1 port={port} dbname=d user=u sslmode=disable require_auth=scram-sha-256"
    );
    stage.check_url(&url).exits(3);
    let answer = server.join().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "");
}
