//! A man in the middle: he has the server's certificate, which everybody can get, and not its key.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, Stream};

use super::certificates::{HOST, Pair};
use super::stage::Stage;

/// Shows one certificate with the key of another: rustls itself would not.
#[derive(Debug)]
struct Forged(Arc<CertifiedKey>);

impl ResolvesServerCert for Forged {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Serves one connection, and returns its port and what the client then said in it.
fn impostor(certificate: &str, key: &str) -> (u16, JoinHandle<Vec<u8>>) {
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let forged = Forged(Arc::new(CertifiedKey::new(
        chain,
        any_supported_type(&key).unwrap(),
    )));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(forged));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.read_exact(&mut [0; 8]).unwrap();
        client.write_all(b"S").unwrap();
        let mut session = ServerConnection::new(Arc::new(config)).unwrap();
        let mut heard = Vec::new();
        // It ends with an error when the client hangs up.
        let _ = Stream::new(&mut session, &mut client).read_to_end(&mut heard);
        heard
    });
    (port, server)
}

#[test]
fn the_right_certificate_with_the_wrong_key() {
    for kind in ["signed", "rsa", "v1"] {
        let stage = Stage::new("signed");
        let home = stage.sandbox.home();
        let Pair { certificate, .. } = stage.authority.server(kind, &home);
        let Pair { key, .. } = stage
            .authority
            .server(if kind == "v1" { "rsa" } else { kind }, &home);
        for parameters in [
            "sslmode=require",
            "sslmode=require channel_binding=require",
            "sslmode=require ssl_max_protocol_version=TLSv1.2",
            "sslmode=verify-full sslrootcert=~/ca.crt",
            "sslmode=verify-full sslrootcert=~/server.crt",
        ] {
            stage.file("server.crt", &certificate);
            let (port, server) = impostor(&certificate, &key);
            let home = home.display().to_string();
            let url = format!(
                "host={HOST} hostaddr=127.0.0.1 port={port} dbname=mydb user=vaultadmin {}",
                parameters.replace('~', &home)
            );
            let run = stage.check_url(&url).exits(3);
            let is_version_1 = kind == "v1" && parameters.contains("ca.crt");
            let cause = if is_version_1 {
                "UnsupportedCertVersion"
            } else {
                "BadSignature\nhint: The server does not have the certificate's key"
            };
            assert!(run.stderr.contains(cause), "{kind}, {parameters}:\n{run}");
            assert_eq!(server.join().unwrap(), b"", "{kind}, {parameters}");
        }
    }
}
