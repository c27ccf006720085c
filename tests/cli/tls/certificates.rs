//! Certificates, good and bad: by rcgen, and by openssl where that makes what rcgen does not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};

use crate::app_role::program;
use crate::harness::write_private;

/// The name that the server's certificates are for; no resolver knows it.
pub(super) const HOST: &str = "db.example.test";

/// The serial number of the certificate that is revoked.
const REVOKED: u64 = 666;

/// A certificate with its key, in PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// A certificate authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Authority {
        let mut params = named(&[], name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Its own certificate.
    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Pair {
        Pair {
            certificate: params.signed_by(key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// A certificate for a client, whose common name is the user's.
    pub(super) fn client(&self, user: &str) -> Pair {
        let mut params = named(&[], user);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params, &KeyPair::generate().unwrap())
    }

    /// The list that revokes the server's certificate `revoked`.
    pub(super) fn revocations(&self) -> String {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(REVOKED),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2021, 1, 1),
            next_update: date_time_ymd(2120, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }

    /// The server's certificate of that kind.
    pub(super) fn server(&self, kind: &str, folder: &Path) -> Pair {
        let good = || named(&[HOST, "127.0.0.1"], HOST);
        let p256 = || KeyPair::generate().unwrap();
        match kind {
            "signed" => self.sign(&good(), &p256()),
            "rsa" => self.sign(&good(), &openssl_key("RSA", folder)),
            // What signs a certificate, not its own key, decides whether it can be bound to: so it signs itself.
            "ed25519" => {
                let key = openssl_key("ED25519", folder);
                Pair {
                    certificate: good().self_signed(&key).unwrap().pem(),
                    key: key.serialize_pem(),
                }
            }
            "common name" => self.sign(&named(&[], HOST), &p256()),
            "other name" => self.sign(&named(&["other.example.test"], HOST), &p256()),
            "wildcard" => self.sign(&named(&["*.example.test"], "x"), &p256()),
            "expired" => {
                let mut params = good();
                params.not_after = date_time_ymd(2020, 1, 1);
                self.sign(&params, &p256())
            }
            "not yet valid" => {
                let mut params = good();
                params.not_before = date_time_ymd(2110, 1, 1);
                self.sign(&params, &p256())
            }
            "revoked" => {
                let mut params = good();
                params.serial_number = Some(SerialNumber::from(REVOKED));
                self.sign(&params, &p256())
            }
            "intermediate" => {
                let mut params = named(&[], "intermediate authority");
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
                let between = CertifiedIssuer::signed_by(params, p256(), &self.0).unwrap();
                let between = Authority(between);
                let mut pair = between.sign(&good(), &p256());
                pair.certificate.push_str(&between.pem());
                pair
            }
            "v1" => self.version_1(folder),
            "self-signed" => {
                // As openssl req -x509 makes it: CA:TRUE.
                let mut params = good();
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                let key = p256();
                Pair {
                    certificate: params.self_signed(&key).unwrap().pem(),
                    key: key.serialize_pem(),
                }
            }
            _ => panic!("no certificate \"{kind}\""),
        }
    }

    /// PostgreSQL's own recipe (documentation, "Creating Certificates"): openssl x509 -req without an extension makes version 1.
    fn version_1(&self, folder: &Path) -> Pair {
        let path = |name: &str| folder.join(name).display().to_string();
        let (key, request, certificate) = (path("v1.key"), path("v1.csr"), path("v1.crt"));
        fs::write(path("ca.crt"), self.pem()).unwrap();
        write_private(&folder.join("ca.key"), &self.0.key().serialize_pem());
        let subject = format!("/CN={HOST}");
        openssl(&[
            "req", "-new", "-nodes", "-subj", &subject, "-newkey", "rsa:2048", "-keyout", &key,
            "-out", &request,
        ]);
        let (ca, ca_key) = (path("ca.crt"), path("ca.key"));
        let sign = [
            "x509",
            "-req",
            "-in",
            &request,
            "-days",
            "30",
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-set_serial",
            "7",
            "-out",
            &certificate,
        ];
        openssl(&sign);
        if !is_version_1(&certificate) {
            // Since OpenSSL 3.4 version 1 has to be asked for.
            openssl(&[
                "req",
                "-x509",
                "-x509v1",
                "-in",
                &request,
                "-days",
                "30",
                "-CA",
                &ca,
                "-CAkey",
                &ca_key,
                "-out",
                &certificate,
            ]);
        }
        assert!(
            is_version_1(&certificate),
            "openssl made no version 1 certificate"
        );
        Pair {
            certificate: fs::read_to_string(certificate).unwrap(),
            key: fs::read_to_string(key).unwrap(),
        }
    }
}

fn is_version_1(certificate: &str) -> bool {
    openssl(&["x509", "-in", certificate, "-noout", "-text"]).contains("Version: 1 ")
}

fn named(names: &[&str], common_name: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

/// A key that rcgen does not make, or not in a form that OpenSSL reads.
fn openssl_key(algorithm: &str, folder: &Path) -> KeyPair {
    let path = folder.join("openssl.key");
    let path_text = path.display().to_string();
    openssl(&["genpkey", "-algorithm", algorithm, "-out", &path_text]);
    KeyPair::from_pem(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A client's key in another form: `["rsa", "-traditional"]` is PKCS#1.
pub(super) fn converted(key: &Path, command: &[&str]) -> PathBuf {
    let target = key.with_extension(command.concat());
    let (from, to) = (key.display().to_string(), target.display().to_string());
    openssl(&[command, &["-in", &from, "-out", &to]].concat());
    write_private(&target, &fs::read_to_string(&to).unwrap());
    target
}

/// What openssl prints.
#[track_caller]
pub(super) fn openssl(arguments: &[&str]) -> String {
    let output = Command::new(program("openssl", "openssl"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
