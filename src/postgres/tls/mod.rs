//! TLS as libpq defines it (PostgreSQL documentation, "SSL Support"), over rustls and ring.

mod client;
mod verifier;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::environment::home;
use crate::failure::Failure;
use crate::model::connection_url::{SslMode, TlsParameters};
use verifier::{Check, Verifier};

/// What `sslrootcert` says for the certificates that the operating system trusts.
const SYSTEM: &str = "system";

/// Makes the connector for a mode other than `disable`, and says whether it checks the server's certificate. Reads
/// certificates and keys only now, when they are needed.
pub(super) fn connector(
    mode: SslMode,
    parameters: &TlsParameters,
) -> Result<(MakeRustlsConnect, bool)> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(mode, parameters, &provider)?;
    let verifies = verifier.checks_certificate();
    let verifier: Arc<dyn ServerCertVerifier> = Arc::new(verifier);
    let certificate = client::certificate(parameters, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(parameters))
        .context("ssl_min_protocol_version and ssl_max_protocol_version leave no version of TLS")?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match certificate {
        Some(pair) => builder.with_client_cert_resolver(pair),
        None => builder.with_no_client_auth(),
    };
    // PostgreSQL 17+ wants it where TLS begins at once, and nobody minds it elsewhere.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    config.enable_sni = !parameters.hides_name;
    Ok((MakeRustlsConnect::new(config), verifies))
}

fn versions(parameters: &TlsParameters) -> Vec<&'static SupportedProtocolVersion> {
    let mut versions = Vec::new();
    if !parameters.without_1_3 {
        versions.push(&TLS13);
    }
    if !parameters.without_1_2 {
        versions.push(&TLS12);
    }
    versions
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
        (Some(SYSTEM), _) => rustls_native_certs::load_native_certs().certs,
        (Some(file), _) => read_certificates(Path::new(file))?,
        (None, Some(file)) if file.exists() => read_certificates(&file)?,
        (None, file) if must_verify => {
            let file = file.unwrap_or_else(|| PathBuf::from("~/.postgresql/root.crt"));
            return Err(Failure::request(format!(
                "root certificate file \"{}\" does not exist",
                file.display()
            ))
            .hint("Name the certificate authority's file with sslrootcert=FILE in the connection's url, or use sslrootcert=system.")
            .into());
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
    Verifier::new(
        check,
        (store, roots),
        revoked(parameters)?,
        provider.clone(),
    )
}

/// The lists of revoked certificates: the named file and those of the named folder, else libpq's default file.
fn revoked(parameters: &TlsParameters) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let mut files: Vec<PathBuf> = parameters.revoked.iter().map(PathBuf::from).collect();
    if let Some(folder) = &parameters.revoked_folder {
        let problem = || format!("could not read the folder of revocation lists \"{folder}\"");
        for entry in fs::read_dir(folder).with_context(problem)? {
            files.push(entry.with_context(problem)?.path());
        }
    }
    if files.is_empty() {
        files.extend(libpq_file("root.crl").filter(|file| file.exists()));
    }
    let mut lists = Vec::new();
    for file in files {
        let read: Result<Vec<_>, _> =
            CertificateRevocationListDer::pem_file_iter(&file).and_then(Iterator::collect);
        lists.extend(read.with_context(|| {
            format!(
                "could not read the certificate revocation list \"{}\"",
                file.display()
            )
        })?);
    }
    Ok(lists)
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

/// A file in libpq's folder.
fn libpq_file(name: &str) -> Option<PathBuf> {
    home().map(|home| home.join(".postgresql").join(name))
}
