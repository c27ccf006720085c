//! Checks a server's certificate as libpq does: webpki's verdict, widened where it refuses what libpq accepts.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::oid::db::rfc5912::ID_CE_SUBJECT_ALT_NAME;
use x509_cert::der::{Decode as _, Encode as _};

/// How much of a certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// That somebody trusted signed it (`verify-ca`).
    Chain,
    /// That, and the host's name (`verify-full`).
    ChainAndName,
}

/// The verifier of one connector. Whatever it checks of the certificate, the handshake's signature is always verified: else
/// channel binding would bind to a certificate that anybody can replay.
#[derive(Debug)]
pub(super) struct Verifier {
    chain: Option<(Check, Arc<WebPkiServerVerifier>)>,
    /// The very certificates of the root file: one of them is trusted as the server's own, too.
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Accepts every certificate (`require` without a root file).
    pub(super) fn of_signature_only(provider: Arc<CryptoProvider>) -> Self {
        Self {
            chain: None,
            trusted: Vec::new(),
            provider,
        }
    }

    /// Checks the chain against `roots`. Fails when there is nothing to trust.
    pub(super) fn new(
        check: Check,
        (store, trusted): (RootCertStore, Vec<CertificateDer<'static>>),
        revoked: Vec<CertificateRevocationListDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self> {
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone())
            .with_crls(revoked)
            .allow_unknown_revocation_status()
            .build()
            .context("could not use the root certificates")?;
        Ok(Self {
            chain: Some((check, chain)),
            trusted,
            provider,
        })
    }

    /// Whether it looks at the certificate at all.
    pub(super) fn checks_certificate(&self) -> bool {
        self.chain.is_some()
    }

    /// Whether the server shows a certificate that stands in the root file itself, as self-signed ones do.
    fn is_trusted_itself(&self, certificate: &CertificateDer<'_>) -> bool {
        self.trusted
            .iter()
            .any(|trusted| trusted.as_ref() == certificate.as_ref())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some((check, chain)) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        let verdict = chain.verify_server_cert(certificate, intermediates, name, ocsp, now);
        let Err(Error::InvalidCertificate(problem)) = verdict else {
            return verdict;
        };
        let is_about_name = matches!(
            problem,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        );
        let is_good = match check {
            _ if problem == CertificateError::Revoked => false,
            _ if self.is_trusted_itself(certificate) && !is_about_name => {
                check_dates(certificate, now)?;
                if *check == Check::ChainAndName {
                    check_name(certificate, name)?;
                }
                true
            }
            Check::Chain => is_about_name,
            Check::ChainAndName => is_about_name && has_common_name(certificate, name),
        };
        if is_good {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(problem))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let verdict = verify_tls12_signature(message, certificate, signature, algorithms);
        self.or_with_bare_key(verdict, message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let verdict = verify_tls13_signature(message, certificate, signature, algorithms);
        self.or_with_bare_key(verdict, message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl Verifier {
    /// webpki does not read X.509 v1 certificates, which PostgreSQL's own recipe makes; their key is good all the same.
    fn or_with_bare_key(
        &self,
        verdict: Result<HandshakeSignatureValid, Error>,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let is_unread = matches!(
            &verdict,
            Err(Error::InvalidCertificate(problem)) if *problem != CertificateError::BadSignature
        );
        if !is_unread {
            return verdict;
        }
        let key = parse(certificate)
            .and_then(|certificate| {
                certificate
                    .tbs_certificate
                    .subject_public_key_info
                    .to_der()
                    .ok()
            })
            .map(SubjectPublicKeyInfoDer::from);
        match key {
            Some(key) => verify_tls13_signature_with_raw_key(
                message,
                &key,
                signature,
                &self.provider.signature_verification_algorithms,
            ),
            None => verdict,
        }
    }
}

fn parse(certificate: &CertificateDer<'_>) -> Option<Certificate> {
    Certificate::from_der(certificate).ok()
}

fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let problem = |problem| Err(Error::InvalidCertificate(problem));
    let Some(certificate) = parse(certificate) else {
        return problem(CertificateError::BadEncoding);
    };
    let validity = certificate.tbs_certificate.validity;
    let [not_before, not_after] = [validity.not_before, validity.not_after]
        .map(|end| UnixTime::since_unix_epoch(end.to_unix_duration()));
    let time = now;
    if now < not_before {
        return problem(CertificateError::NotValidYetContext { time, not_before });
    }
    if now > not_after {
        return problem(CertificateError::ExpiredContext { time, not_after });
    }
    Ok(())
}

/// Fails unless a certificate is for this host, by its alternative names or, where it has none, by its common name.
fn check_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
    if has_common_name(certificate, name) {
        return Ok(());
    }
    let parsed = ParsedCertificate::try_from(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::NotValidForName))?;
    verify_server_name(&parsed, name)
}

/// libpq's fallback for certificates without any alternative name: the subject's common name is the host's.
fn has_common_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let Some(certificate) = parse(certificate) else {
        return false;
    };
    let certificate = certificate.tbs_certificate;
    let mut extensions = certificate.extensions.iter().flatten();
    if extensions.any(|extension| extension.extn_id == ID_CE_SUBJECT_ALT_NAME) {
        return false;
    }
    let attributes = certificate.subject.0.iter().flat_map(|name| name.0.iter());
    let mut common_names = attributes.filter(|attribute| attribute.oid == COMMON_NAME);
    let host = name.to_str();
    // The value is a string type of ASN.1: its content is the name.
    common_names.any(|attribute| {
        attribute
            .value
            .value()
            .eq_ignore_ascii_case(host.as_bytes())
    })
}
