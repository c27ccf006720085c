//! Client certificates, which the server demands in pg_hba.conf.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::certificates::{Authority, converted, openssl};
use super::stage::Stage;

/// A server that lets in by certificate alone.
fn stage() -> Stage {
    let stage = Stage::new("signed");
    stage.let_in("hostssl all all 127.0.0.1/32 cert");
    let pair = stage.authority.client("vaultadmin");
    stage.file("client.crt", &pair.certificate);
    stage.file("client.key", &pair.key);
    stage
}

#[test]
fn a_client_certificate_lets_in_whatever_its_key_s_form() {
    let stage = stage();
    let home = stage.sandbox.home();
    let sec1 = converted(&home.join("client.key"), &["ec"]);
    fs::copy(sec1, home.join("sec1.key")).unwrap();
    for key in ["client.key", "sec1.key"] {
        let parameters = format!("sslmode=require sslcert=~/client.crt sslkey=~/{key}");
        stage.check(&parameters).success();
        stage.psql(&parameters).success();
    }
    // Without any password, and from where libpq looks by itself.
    fs::remove_file(home.join("admin.password")).unwrap();
    fs::create_dir(home.join(".postgresql")).unwrap();
    fs::rename(
        home.join("client.crt"),
        home.join(".postgresql/postgresql.crt"),
    )
    .unwrap();
    fs::rename(
        home.join("client.key"),
        home.join(".postgresql/postgresql.key"),
    )
    .unwrap();
    stage.file("admin.password", "of no use\n");
    stage.check("sslmode=require").success();
    let hidden = stage.check("sslmode=require sslcertmode=disable");
    assert!(
        hidden
            .stderr
            .contains("requires a valid client certificate"),
        "{hidden}"
    );
}

#[test]
fn a_key_in_the_old_rsa_form() {
    let stage = stage();
    let home = stage.sandbox.home();
    let path = |name: &str| home.join(name).display().to_string();
    let (ca, ca_key) = (path("ca.crt"), path("ca.key"));
    // The authority signs by openssl here: rcgen makes no RSA keys.
    stage.authority.server("v1", &home);
    openssl(&[
        "req",
        "-new",
        "-nodes",
        "-subj",
        "/CN=vaultadmin",
        "-newkey",
        "rsa:2048",
        "-keyout",
        &path("r.key"),
        "-out",
        &path("r.csr"),
    ]);
    openssl(&[
        "x509",
        "-req",
        "-in",
        &path("r.csr"),
        "-days",
        "30",
        "-CA",
        &ca,
        "-CAkey",
        &ca_key,
        "-set_serial",
        "9",
        "-out",
        &path("r.crt"),
    ]);
    let pkcs1 = converted(&home.join("r.key"), &["rsa", "-traditional"]);
    assert!(
        fs::read_to_string(&pkcs1)
            .unwrap()
            .contains("BEGIN RSA PRIVATE KEY")
    );
    fs::copy(pkcs1, home.join("pkcs1.key")).unwrap();
    stage
        .check("sslmode=require sslcert=~/r.crt sslkey=~/pkcs1.key")
        .success();
}

#[test]
fn keys_that_cannot_be_used_are_told() {
    let stage = stage();
    let home = stage.sandbox.home();
    let encrypted = converted(
        &home.join("client.key"),
        &["pkcs8", "-topk8", "-passout", "pass:x"],
    );
    fs::copy(encrypted, home.join("encrypted.key")).unwrap();
    let with = |key: &str| format!("sslmode=require sslcert=~/client.crt sslkey=~/{key}");
    stage.refuses(
        &with("encrypted.key"),
        "private key \"~/encrypted.key\" is encrypted, and pgcreds reads no such keys",
        "Decrypt it into a file that only you can read: (umask 077; openssl pkey -in '~/encrypted.key' -out '~/encrypted.key.plain'), and name that with sslkey.",
    );
    fs::set_permissions(home.join("client.key"), Permissions::from_mode(0o644)).unwrap();
    stage.refuses(
        &with("client.key"),
        "private key \"~/client.key\" can be read by others",
        "Run: chmod 600 ~/client.key",
    );
    assert!(
        stage
            .psql(&with("client.key"))
            .stderr
            .contains("has group or world access")
    );
    stage.file("other.key", &stage.authority.client("vaultadmin").key);
    stage.refuses(
        &with("other.key"),
        "private key \"~/other.key\" is not that of the certificate \"~/client.crt\"",
        "Name the files that belong together with sslcert and sslkey.",
    );
    stage.refuses(
        "sslmode=require sslcert=~/client.crt",
        "there is a client certificate, \"~/client.crt\", and no key for it",
        "Name its key with sslkey=FILE in the connection's url.",
    );
}

#[test]
fn a_certificate_that_the_server_does_not_trust() {
    let stage = stage();
    stage.refuses(
        "sslmode=require",
        "connection requires a valid client certificate (SQLSTATE 28000)",
        "Check the username, the password's source and pg_hba.conf.",
    );
    let pair = Authority::new("other authority").client("vaultadmin");
    stage.file("client.crt", &pair.certificate);
    stage.file("client.key", &pair.key);
    let run = stage
        .check("sslmode=require sslcert=~/client.crt sslkey=~/client.key")
        .exits(3);
    assert!(
        run.stderr.contains("hint: The server does not trust the client's certificate: sslcert must be signed by an authority in its ssl_ca_file.\n"),
        "{run}"
    );
}
