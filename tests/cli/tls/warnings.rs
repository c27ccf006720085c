//! A server that could be anybody: pgcreds says so, once, with the setting that mends it.

use super::certificates::HOST;
use super::stage::Stage;

const WARNING: &str = "warning: connection \"c\" does not check that it is db.example.test who answers; set sslmode=verify-full in its url\n";

/// The connection string to an address that reaches this machine, and yet is no loopback address.
fn far(stage: &Stage, parameters: &str) -> String {
    stage
        .url(parameters)
        .replace("hostaddr=127.0.0.1", "hostaddr=0.0.0.0")
}

#[test]
fn an_unverified_server_elsewhere_is_told_of_once() {
    let stage = Stage::new("signed");
    for parameters in [
        "",
        "sslmode=disable",
        "sslmode=require",
        // Who strips TLS from it, strips the check with it.
        "sslmode=prefer sslrootcert=~/ca.crt",
    ] {
        let run = stage.check_url(&far(&stage, parameters)).success();
        assert_eq!(run.stderr, WARNING, "{parameters}");
    }
    for parameters in [
        "sslmode=require sslrootcert=~/ca.crt",
        "sslmode=verify-ca sslrootcert=~/ca.crt",
        "sslmode=verify-full sslrootcert=~/ca.crt",
        "sslmode=require channel_binding=require",
    ] {
        let run = stage.check_url(&far(&stage, parameters)).success();
        assert_eq!(run.stderr, "", "{parameters}");
    }
}

#[test]
fn several_sessions_of_a_run_are_one_warning() {
    let stage = Stage::new("signed");
    stage.check_url(&far(&stage, "sslmode=require")).success();
    let role = "\n[roles.app]\nconnection = \"c\"\nmember_of = [\"app_rw\"]\n";
    stage.sandbox.write_state(&(stage.sandbox.state() + role));
    let run = stage
        .sandbox
        .pgcreds(["--quiet", "exec", "app", "--", "true"])
        .run()
        .success();
    assert_eq!(run.stderr, WARNING);
    let json = stage
        .sandbox
        .pgcreds(["connection", "check", "c", "--format", "json"])
        .run();
    assert_eq!(json.json()["host"], HOST, "the warning is not on stdout");
}

#[test]
fn this_machine_needs_no_proof() {
    let stage = Stage::new("signed");
    let (port, sockets) = (stage.cluster.port(), stage.cluster.socket_dir());
    for url in [
        format!("postgresql://vaultadmin@127.0.0.1:{port}/mydb"),
        format!("postgresql://vaultadmin@localhost:{port}/mydb"),
        format!(
            "host={} port={port} user=vaultadmin dbname=mydb",
            sockets.display()
        ),
    ] {
        assert_eq!(stage.check_url(&url).success().stderr, "", "{url}");
    }
}
