//! Connections: from an accepted socket to TLS, HTTP/1.1 or HTTP/2, with deadlines, memory limits and eviction.

pub(super) mod buffers;
mod deadlines;
pub(super) mod eviction;
pub(super) mod handle;
mod http1;
mod http2;
mod input;
mod inspected_stream;
mod raw_head;
mod tls;

use tokio::{net::TcpStream, time::Instant};
use tokio_util::sync::CancellationToken;

use super::service::Service;
use crate::ingest::with_jitter;

/// Serves a connection until it ends. When the server is `draining`, the connection ends after the requests that it has.
pub(super) async fn serve(stream: TcpStream, service: Service, draining: CancellationToken) {
    // Each answer is one small write; waiting to fill a packet would only delay it.
    let _ = stream.set_nodelay(true);
    let due = Instant::now() + with_jitter(service.server.limits.header_timeout);
    let tls = service.server.config.load().tls.clone();
    match tls {
        None => http1::serve(stream, service, due, draining).await,
        // Boxed, or every connection without TLS would take the memory that this needs.
        Some(acceptor) => Box::pin(serve_tls(&acceptor, stream, service, due, draining)).await,
    }
}

async fn serve_tls(
    acceptor: &tokio_rustls::TlsAcceptor,
    stream: TcpStream,
    service: Service,
    due: Instant,
    draining: CancellationToken,
) {
    let Some(stream) = tls::accept(acceptor, stream, &service, due).await else { return };
    // HTTP/2 only if the client chooses it by ALPN.
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http2::serve(stream, service, due, draining).await;
    } else {
        http1::serve(stream, service, due, draining).await;
    }
}
