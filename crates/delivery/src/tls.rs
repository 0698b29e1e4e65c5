//! TLS: which certificates are trusted. The platform's roots, and those that the caller adds; ring throughout.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;

/// Why certificates cannot be trusted in addition to the platform's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum RootsError {
    /// It is not PEM text.
    #[error("it is not PEM: {0}")]
    Pem(rustls::pki_types::pem::Error),
    /// There is no certificate in it.
    #[error("it holds no certificate")]
    Empty,
    /// A certificate cannot be used as a root.
    #[error("certificate {number} cannot be used as a root: {source}")]
    Root { number: usize, source: rustls::Error },
}

/// Reads the certificates of a PEM text, to be trusted besides the platform's.
///
/// # Errors
/// When there is none, or one that cannot be used.
pub fn roots_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(RootsError::Pem)?;
    if roots.is_empty() {
        return Err(RootsError::Empty);
    }
    let mut probe = RootCertStore::empty();
    for (index, root) in roots.iter().enumerate() {
        probe.add(root.clone()).map_err(|source| RootsError::Root { number: index + 1, source })?;
    }
    Ok(roots)
}

/// The configuration of a client. A machine without any roots (a bare container) still gets one: plain HTTP works there,
/// and every https server is then untrusted, which the error reports.
///
/// # Errors
/// When TLS cannot be set up at all.
pub fn client_config(extra_roots: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match Verifier::new_with_extra_roots(extra_roots.iter().cloned(), provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        Err(_) => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_roots() {
        assert!(matches!(roots_from_pem(b""), Err(RootsError::Empty)));
        assert!(matches!(roots_from_pem(b"no PEM at all"), Err(RootsError::Empty)));
        let broken = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        assert!(matches!(roots_from_pem(broken), Err(RootsError::Pem(_))));
        let no_certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(roots_from_pem(no_certificate), Err(RootsError::Root { number: 1, .. })));
    }
}
