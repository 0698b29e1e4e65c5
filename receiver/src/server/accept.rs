//! The accept loop, and each connection's way to its protocol: TLS where the rules have it, HTTP/2 by its choice alone.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use rustls::{AlertDescription, Error as TlsError};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::{
    connections::Connections, current::Current, hello::Hello, http1, http2, peer::canonical, request_line::RequestLine,
    service::Service,
};
use crate::{
    config::{Config, Limits},
    log::MessageLog,
    metrics::{ConnectionFailure, Metrics},
    patience,
};

/// How long to wait when the operating system has no descriptor left for a new connection.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Tells a connection's task that the server ends. The server waits until all of them are dropped.
#[derive(Clone, Debug)]
pub(super) struct Ending(watch::Receiver<bool>);

impl Ending {
    /// Waits until the server ends.
    pub(super) async fn begun(&mut self) {
        // A server that is gone has ended too.
        let _ = self.0.wait_for(|ends| *ends).await;
    }
}

/// Accepts connections until `shutdown`, then lets those that have a request finish. Gives the number of those that had
/// to be cut.
pub(super) async fn run<L: MessageLog>(
    listener: TcpListener,
    current: Arc<Current<L>>,
    connections: Arc<Connections>,
    metrics: Arc<Metrics>,
    config: &Config,
    shutdown: impl Future<Output = ()>,
) -> usize {
    let end = watch::Sender::new(false);
    let ending = Ending(end.subscribe());
    // The guard writes what is left when the server ends.
    let (line, _payloads) = RequestLine::new(config.log_payloads, metrics);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, canonical(peer)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
                continue;
            }
        };
        let connection = connections.connect();
        let place = tokio::select! {
            place = connections.enter(connection.clone()) => place,
            () = &mut shutdown => break,
        };
        let service = Service::new(current.clone(), connection, peer, line.clone());
        let (limits, ending) = (config.limits, ending.clone());
        tokio::spawn(async move {
            serve(stream, peer, service, limits, ending).await;
            drop(place);
        });
    }
    drop((listener, ending));
    end.send_replace(true);
    connections.close_waiting();
    match tokio::time::timeout(config.limits.drain_timeout, end.closed()).await {
        Ok(()) => 0,
        Err(_) => connections.count(),
    }
}

async fn serve<L: MessageLog>(
    stream: TcpStream,
    peer: SocketAddr,
    service: Service<L>,
    limits: Limits,
    ending: Ending,
) {
    // Answers are one small write each; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let due = Instant::now() + patience::drawn(limits.header_timeout);
    match service.tls() {
        None => http1::serve(stream, service, limits, due, ending).await,
        // Apart, or every connection without TLS would keep the room that this needs.
        Some(tls) => Box::pin(serve_tls(tls, stream, peer, service, limits, due, ending)).await,
    }
}

async fn serve_tls<L: MessageLog>(
    tls: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    service: Service<L>,
    limits: Limits,
    due: Instant,
    ending: Ending,
) {
    let handshake = tokio::time::timeout_at(due, tls.accept(Hello::new(stream)));
    let mut stream = tokio::select! {
        handshake = handshake => match handshake {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                let verdict = ConnectionFailure::Tls;
                service.metrics().connection_failed(verdict);
                // So ends also who only looks whether the port is open.
                if error.kind() == io::ErrorKind::UnexpectedEof {
                    return tracing::debug!(%peer, %error, "a TLS handshake failed");
                }
                return tracing::info!(verdict = verdict.reason(), reason = handshake_failure(&error), %peer);
            }
            Err(_) => {
                service.metrics().connection_failed(ConnectionFailure::Tls);
                return tracing::debug!(%peer, "a TLS handshake took too long");
            }
        },
        () = service.connection().closed() => return,
    };
    stream.get_mut().0.end();
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http2::serve(stream, service, limits, due, ending).await;
    } else {
        http1::serve(stream, service, limits, due, ending).await;
    }
}

/// Why a TLS handshake failed, for the log.
fn handshake_failure(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match tls {
        Some(TlsError::InvalidMessage(_)) => {
            "what came is not TLS; its URL may begin with http:// and not https://".to_owned()
        }
        Some(TlsError::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            // So rustls and others say that an authority did not sign it.
            | AlertDescription::DecryptError
            | AlertDescription::UnknownCA),
        )) => format!("the client does not accept the certificate ({alert:?})"),
        Some(TlsError::PeerIncompatible(why)) => {
            format!("client and receiver have no version or cipher in common ({why:?})")
        }
        _ => error.to_string(),
    }
}
