//! TLS handshakes, with a deadline and a limit: rustls keeps a client's hello until it is complete, up to 64 KiB of it.

use std::io;

use rustls::{AlertDescription, Error as TlsError};
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::inspected_stream::{Inspect, InspectedStream};
use crate::{metrics::ConnectionFailure, server::service::Service};

/// Maximum number of bytes that are read until a handshake is complete. A client without a certificate of its own sends 0.5 to
/// 3 KiB. After the client's last flight rustls reads on until it has the first record of a message, of up to 16 KiB.
const MAX_HANDSHAKE_BYTES: usize = 32 << 10;

#[derive(Debug)]
pub(super) struct HandshakeLimit {
    /// Bytes that the handshake may still read; `None` once it is complete.
    left: Option<usize>,
}

/// Takes a TLS handshake. `None` if it fails, takes too long, or the connection is to close.
pub(super) async fn accept(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    service: &Service,
    due: Instant,
) -> Option<TlsStream<InspectedStream<TcpStream, HandshakeLimit>>> {
    let stream = InspectedStream::new(stream, HandshakeLimit { left: Some(MAX_HANDSHAKE_BYTES) });
    let handshake = tokio::select! {
        handshake = tokio::time::timeout_at(due, acceptor.accept(stream)) => handshake,
        () = service.connection.closed() => return None,
    };
    let (peer, failure) = (service.peer, ConnectionFailure::TlsHandshake);
    match handshake {
        Ok(Ok(mut stream)) => {
            stream.get_mut().0.inspector.left = None;
            return Some(stream);
        }
        // A port scan ends like this too.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            tracing::debug!(%peer, %error, "a TLS handshake failed");
        }
        Ok(Err(error)) => tracing::info!(verdict = failure.reason(), reason = handshake_failure(&error), %peer),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
    service.server.metrics.connection_failed(failure);
    None
}

fn handshake_failure(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match tls {
        Some(TlsError::InvalidMessage(_)) => {
            "the client did not send TLS; its URL may begin with http:// instead of https://".to_owned()
        }
        Some(TlsError::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            // rustls and others send it for a certificate that no authority has signed.
            | AlertDescription::DecryptError
            | AlertDescription::UnknownCA),
        )) => format!("the client does not accept the certificate ({alert:?})"),
        Some(TlsError::PeerIncompatible(why)) => {
            format!("the client and the receiver have no version or cipher in common ({why:?})")
        }
        _ => error.to_string(),
    }
}

impl Inspect for HandshakeLimit {
    fn inspect(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(bytes.len()).ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(())
    }
}
