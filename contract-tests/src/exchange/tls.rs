//! TLS towards the endpoint. Its certificate is always checked: a credential goes to nobody who cannot say who he is.

use std::{io, path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, Error,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::no_answer::NoAnswer;
use crate::endpoint::Endpoint;

/// How TLS is done.
pub(crate) struct Tls {
    http1: TlsConnector,
    http2: TlsConnector,
}

/// Certificates cannot be read, or TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The file is no PEM file with certificates.
    #[error("cannot read certificates from {path}: {why}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        why: String,
    },
    /// The platform's certificates cannot be had.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

impl Tls {
    /// Trusts what the platform trusts, and the authorities of a PEM file.
    pub(crate) fn new(ca: Option<&Path>) -> Result<Self, RootsError> {
        let roots = match ca {
            None => Vec::new(),
            Some(path) => {
                let unreadable = |why: String| RootsError::File { path: path.display().to_string(), why };
                let read = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
                let roots: Result<Vec<_>, _> = read.collect();
                let roots = roots.map_err(|error| unreadable(error.to_string()))?;
                if roots.is_empty() {
                    return Err(unreadable("it holds none".to_owned()));
                }
                roots
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = if roots.is_empty() {
            Verifier::new(Arc::clone(&provider))
        } else {
            Verifier::new_with_extra_roots(roots, Arc::clone(&provider))
        };
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config
            .map_err(RootsError::Setup)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.map_err(RootsError::Setup)?))
            .with_no_client_auth();
        let offering = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            TlsConnector::from(Arc::new(config))
        };
        Ok(Self { http1: offering(&[b"http/1.1"]), http2: offering(&[b"h2", b"http/1.1"]) })
    }

    pub(super) async fn http1(&self, endpoint: &Endpoint, tcp: TcpStream) -> Result<TlsStream<TcpStream>, NoAnswer> {
        shake_hands(&self.http1, endpoint, tcp).await
    }

    pub(super) async fn http2(&self, endpoint: &Endpoint, tcp: TcpStream) -> Result<TlsStream<TcpStream>, NoAnswer> {
        shake_hands(&self.http2, endpoint, tcp).await
    }
}

async fn shake_hands(
    connector: &TlsConnector,
    endpoint: &Endpoint,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, NoAnswer> {
    let name = ServerName::try_from(endpoint.host().to_owned())
        .map_err(|_| NoAnswer::Tls { why: "the URL's host is no name that a certificate can hold".to_owned() })?;
    connector.connect(name, tcp).await.map_err(|error| failure(&error))
}

fn failure(error: &io::Error) -> NoAnswer {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(why)) => NoAnswer::Certificate { why: certificate(why) },
        Some(Error::InvalidMessage(_)) => {
            NoAnswer::Tls { why: "what answered does not speak TLS; try http:// in the URL".to_owned() }
        }
        Some(Error::PeerIncompatible(_) | Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)) => {
            NoAnswer::Tls { why: "the endpoint offers neither TLS 1.2 nor TLS 1.3 with ciphers of today".to_owned() }
        }
        _ => NoAnswer::Tls { why: error.to_string() },
    }
}

fn certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => {
            "its authority is not known here (is the chain complete? an own authority is given with --ca)".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it does not name the URL's host".to_owned()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is that of an authority (CA:TRUE), which is none for a server; make it with CA:FALSE".to_owned()
        }
        other => other.to_string(),
    }
}
