//! The client's own certificate and key.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error, InconsistentKeys};
use zeroize::Zeroizing;

use super::{libpq_file, read_certificates};
use crate::failure::Failure;
use crate::files::{self, Owners};
use crate::model::connection_url::TlsParameters;
use crate::shell::word;

/// The client's certificate with its key: named ones, else libpq's default files where they exist.
pub(super) fn certificate(
    parameters: &TlsParameters,
    provider: &CryptoProvider,
) -> Result<Option<Arc<SingleCertAndKey>>> {
    if parameters.hides_certificate {
        return Ok(None);
    }
    let default = |name: &str| libpq_file(name).filter(|file| file.exists());
    let named = |file: &Option<String>| file.as_ref().map(PathBuf::from);
    let Some(certificate) = named(&parameters.certificate).or_else(|| default("postgresql.crt"))
    else {
        return Ok(None);
    };
    let key = named(&parameters.key)
        .or_else(|| default("postgresql.key"))
        .with_context(|| {
            let certificate = certificate.display();
            Failure::request(format!(
                "there is a client certificate, \"{certificate}\", and no key for it"
            ))
            .hint("Name its key with sslkey=FILE in the connection's url.")
        })?;
    let key_text = read_private(&key)?;
    let chain = read_certificates(&certificate)?;
    let signer = provider
        .key_provider
        .load_private_key(parse_key(&key, &key_text)?);
    let signer =
        signer.with_context(|| format!("could not use the private key \"{}\"", key.display()))?;
    let pair = CertifiedKey::new(chain, signer);
    // webpki reads no X.509 v1 certificates: whether the key fits those is left to the server.
    if let Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) = pair.keys_match() {
        let (certificate, key) = (certificate.display(), key.display());
        return Err(Failure::request(format!(
            "private key \"{key}\" is not that of the certificate \"{certificate}\""
        ))
        .hint("Name the files that belong together with sslcert and sslkey.")
        .into());
    }
    Ok(Some(Arc::new(pair.into())))
}

/// Reads the key's file. libpq's rule: 0600 or less, or 0640 or less where root owns it.
fn read_private(key: &Path) -> Result<Zeroizing<String>> {
    let file = files::open(key, Owners::Placed).map_err(|error| {
        let what = format!("could not read the private key \"{}\"", key.display());
        files::explain(error, Failure::request(what))
    })?;
    let metadata = file.metadata()?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        let problem = format!("private key \"{}\" can be read by others", key.display());
        return Err(Failure::request(problem)
            .hint(format!("Run: chmod 600 {}", word(key)))
            .into());
    }
    let text = io::read_to_string(file);
    let text =
        text.with_context(|| format!("could not read the private key \"{}\"", key.display()))?;
    Ok(Zeroizing::new(text))
}

/// Reads a key; of an encrypted one it says so.
fn parse_key(key: &Path, text: &str) -> Result<PrivateKeyDer<'static>> {
    let path = key.display();
    let is_encrypted = text.contains("ENCRYPTED");
    if is_encrypted {
        return Err(Failure::request(format!("private key \"{path}\" is encrypted, and pgcreds reads no such keys"))
            .hint(format!("Decrypt it into a file that only you can read: (umask 077; openssl pkey -in '{path}' -out '{path}.plain'), and name that with sslkey."))
            .into());
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes()).with_context(|| {
        Failure::request(format!("could not read the private key \"{path}\""))
            .hint("It must be a PEM file: PKCS#8, PKCS#1 or SEC1.")
    })
}
