//! TLS to the endpoint. Its certificate is always verified before a credential is sent.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use delivery::{CertificateProblem, client_config, roots_from_pem};
use rustls::{Error, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::transport_error::TransportError;

pub(crate) struct Tls {
    pub(super) http1: TlsConnector,
    /// Offers HTTP/1.1 as well.
    pub(super) http2: TlsConnector,
}

/// Certificates cannot be read, or TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// The file is not a PEM file with certificates.
    #[error("cannot use the certificates in {}: {source}", path.display())]
    Certificates { path: PathBuf, source: delivery::RootsError },
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

impl Tls {
    /// Trusts the platform's authorities, and those of a PEM file.
    pub(crate) fn new(ca: Option<&Path>) -> Result<Self, RootsError> {
        let roots = ca.map_or(Ok(Vec::new()), |path| {
            let pem = fs::read(path).map_err(|source| RootsError::File { path: path.to_owned(), source })?;
            roots_from_pem(&pem).map_err(|source| RootsError::Certificates { path: path.to_owned(), source })
        })?;
        let config = client_config(&roots).map_err(RootsError::Setup)?;
        let offering = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            TlsConnector::from(Arc::new(config))
        };
        Ok(Self { http1: offering(&[b"http/1.1"]), http2: offering(&[b"h2", b"http/1.1"]) })
    }
}

/// Opens TLS on a connection.
pub(super) async fn handshake(
    connector: &TlsConnector,
    host: &str,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, TransportError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TransportError::Tls {
        why: "the URL's host is not a name that a certificate can have".to_owned(),
    })?;
    connector.connect(name, tcp).await.map_err(|error| failure(&error))
}

fn failure(error: &io::Error) -> TransportError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    if let Some(problem) = tls.and_then(CertificateProblem::of) {
        return TransportError::Certificate { why: format!("{} ({})", problem.reason, problem.advice) };
    }
    match tls {
        Some(Error::InvalidMessage(_)) => {
            TransportError::Tls { why: "the server does not speak TLS; try http:// in the URL".to_owned() }
        }
        Some(Error::PeerIncompatible(_) | Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)) => {
            TransportError::Tls {
                why: "the endpoint offers neither TLS 1.2 nor TLS 1.3 with current ciphers".to_owned(),
            }
        }
        _ => TransportError::Tls { why: error.to_string() },
    }
}
