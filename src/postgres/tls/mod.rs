//! TLS as libpq defines it (PostgreSQL documentation, "SSL Support"), over rustls and ring.

mod verifier;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::environment::home;
use crate::model::connection_url::{SslMode, TlsParameters};
use verifier::{Check, Verifier};

/// What `sslrootcert` says for the certificates that the operating system trusts.
const SYSTEM: &str = "system";

/// Makes the connector for a mode other than `disable`. Reads certificates and keys only now, when they are needed.
pub(super) fn connector(mode: SslMode, parameters: &TlsParameters) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = Arc::new(verifier(mode, parameters, &provider)?);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("could not set TLS up")?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match client_certificate(parameters)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .context("could not use the client certificate")?,
        None => builder.with_no_client_auth(),
    };
    // PostgreSQL 17+ wants it where TLS begins at once, and nobody minds it elsewhere.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

/// As in libpq, a root file makes `require` (and less) check the chain; without one only the two `verify` modes check, and
/// fail for want of it.
fn verifier(
    mode: SslMode,
    parameters: &TlsParameters,
    provider: &Arc<CryptoProvider>,
) -> Result<Verifier> {
    let default = libpq_file("root.crt");
    let file = parameters.root_certificates.as_deref();
    let must_verify = matches!(mode, SslMode::VerifyCa | SslMode::VerifyFull);
    let roots = match (file, default) {
        (Some(SYSTEM), _) if mode != SslMode::VerifyFull => {
            bail!(
                "sslrootcert=system goes with sslmode=verify-full only: everybody can get a certificate from a public authority"
            )
        }
        (Some(SYSTEM), _) => rustls_native_certs::load_native_certs().certs,
        (Some(file), _) => read_certificates(Path::new(file))?,
        (None, Some(file)) if file.exists() => read_certificates(&file)?,
        (None, file) if must_verify => {
            let file = file.unwrap_or_else(|| PathBuf::from("~/.postgresql/root.crt"));
            bail!(
                "root certificate file \"{}\" does not exist; name one with sslrootcert=FILE, or sslrootcert=system",
                file.display()
            );
        }
        (None, _) => return Ok(Verifier::of_signature_only(provider.clone())),
    };
    let check = if mode == SslMode::VerifyFull {
        Check::ChainAndName
    } else {
        Check::Chain
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let revoked = match &parameters.revoked {
        Some(file) => CertificateRevocationListDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .with_context(|| {
                format!("could not read the certificate revocation list \"{file}\"")
            })?,
        None => Vec::new(),
    };
    Verifier::new(check, (store, roots), revoked, provider.clone())
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .with_context(|| format!("could not read certificates from \"{}\"", file.display()))?;
    if certificates.is_empty() {
        bail!("there is no certificate in \"{}\"", file.display());
    }
    Ok(certificates)
}

/// The client's certificate and key: named ones, else libpq's default files where they exist.
fn client_certificate(
    parameters: &TlsParameters,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>> {
    let default = |name: &str| libpq_file(name).filter(|file| file.exists());
    let named = |file: &Option<String>| file.as_ref().map(PathBuf::from);
    let Some(certificate) = named(&parameters.certificate).or_else(|| default("postgresql.crt"))
    else {
        return Ok(None);
    };
    let key = named(&parameters.key)
        .or_else(|| default("postgresql.key"))
        .with_context(|| {
            format!(
                "there is a client certificate, \"{}\", and no sslkey for it",
                certificate.display()
            )
        })?;
    refuse_readable_key(&key)?;
    let chain = read_certificates(&certificate)?;
    let problem = || {
        format!(
            "could not read the private key \"{}\" (an encrypted one cannot be used)",
            key.display()
        )
    };
    let key = PrivateKeyDer::from_pem_file(&key).with_context(problem)?;
    Ok(Some((chain, key)))
}

/// libpq's rule: 0600 or less, or 0640 or less where root owns it.
fn refuse_readable_key(key: &Path) -> Result<()> {
    let metadata = fs::metadata(key)
        .with_context(|| format!("could not look at the private key \"{}\"", key.display()))?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        bail!(
            "private key \"{}\" can be read by others; run: chmod 600 '{}'",
            key.display(),
            key.display()
        );
    }
    Ok(())
}

/// A file in libpq's folder.
fn libpq_file(name: &str) -> Option<PathBuf> {
    home().map(|home| home.join(".postgresql").join(name))
}
