//! What is said when TLS fails, and the ways to it that are not in the matrix.

use super::stage::Stage;

#[test]
fn refusals_say_what_to_change() {
    let stage = Stage::new("other name");
    let tls = |problem: &str| {
        format!("error performing TLS handshake: invalid peer certificate: {problem}")
    };
    stage.refuses(
        "sslmode=verify-full sslrootcert=~/other.crt",
        &tls("UnknownIssuer"),
        "Name the certificate authority's file with sslrootcert=FILE in the connection's url.",
    );
    stage.refuses(
        "sslmode=verify-full sslrootcert=~/ca.crt",
        &tls("certificate not valid for name \"db.example.test\"; certificate is only valid for DnsName(\"other.example.test\")"),
        "Connect with a host name that is in the certificate, or use sslmode=verify-ca.",
    );
    stage.refuses(
        "sslmode=verify-full",
        "root certificate file \"~/.postgresql/root.crt\" does not exist",
        "Name the certificate authority's file with sslrootcert=FILE in the connection's url, or use sslrootcert=system.",
    );
    stage.show("v1");
    stage.refuses(
        "sslmode=verify-full sslrootcert=~/ca.crt",
        &tls("Other(OtherError(UnsupportedCertVersion))"),
        "The server's certificate is X.509 v1, as made by openssl x509 -req without -extfile. Reissue it with -extfile, or use sslmode=require.",
    );
    stage.show("revoked");
    stage.refuses(
        "sslmode=verify-full sslrootcert=~/ca.crt sslcrl=~/ca.crl",
        &tls("Revoked"),
        "The certificate is on the list that sslcrl names: give the server a new one.",
    );
}

#[test]
fn revocation_lists_are_found_where_libpq_looks() {
    let stage = Stage::new("revoked");
    let folder = stage.sandbox.home().join("crls");
    std::fs::create_dir(&folder).unwrap();
    stage.file("crls/a.r0", &stage.authority.revocations());
    let verify = "sslmode=verify-full sslrootcert=~/ca.crt";
    assert!(
        stage
            .check(&format!("{verify} sslcrldir=~/crls"))
            .stderr
            .contains("certificate: Revoked")
    );
    std::fs::create_dir(stage.sandbox.home().join(".postgresql")).unwrap();
    stage.file(".postgresql/root.crl", &stage.authority.revocations());
    assert!(stage.check(verify).stderr.contains("certificate: Revoked"));
    stage.file(".postgresql/root.crt", &stage.authority.pem());
    assert!(
        stage
            .check("sslmode=require")
            .stderr
            .contains("certificate: Revoked")
    );
}

#[test]
fn prefer_goes_without_tls_where_the_server_wants_none() {
    let stage = Stage::new("signed");
    for (line, has_tls) in [
        ("hostnossl all all 127.0.0.1/32 scram-sha-256", false),
        ("hostssl all all 127.0.0.1/32 scram-sha-256", true),
    ] {
        stage.let_in(line);
        for mode in ["", "sslmode=prefer", "sslmode=allow"] {
            stage.check(mode).success();
            assert_eq!(stage.had_tls(), has_tls, "{line}, {mode}");
            let ssl = if has_tls { "t\n" } else { "f\n" };
            assert_eq!(stage.psql(mode).success().stdout, ssl, "{line}, {mode}");
        }
    }
    assert!(
        stage
            .check("sslmode=disable")
            .stderr
            .contains("SQLSTATE 28000")
    );
}

#[test]
fn direct_negotiation() {
    let stage = Stage::new("signed");
    let direct = "sslnegotiation=direct sslmode=verify-full sslrootcert=~/ca.crt";
    if stage.cluster.version() >= 17 {
        stage.check(direct).success();
        assert!(stage.had_tls());
        return;
    }
    stage.refuses(
        direct,
        "error performing TLS handshake: tls handshake eof",
        "The server hung up during the TLS handshake: sslnegotiation=direct needs PostgreSQL 17 or later.",
    );
}
