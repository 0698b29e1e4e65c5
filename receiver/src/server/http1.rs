//! HTTP/1.1 on a connection.

use std::{convert::Infallible, error::Error as _, io, pin::pin, sync::Arc};

use http::{HeaderValue, Request, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{
    accept::Ending,
    service::Service,
    timed::{Deadlines, Timed},
};
use crate::{config::Limits, log::MessageLog, metrics::ConnectionFailure};

/// Most header fields that hyper takes by itself. It keeps room for so many; told a number, even this one, it fills the room
/// anew for every request.
const FIELDS: usize = 100;

/// Serves one request after the other. The first head is due at this moment.
pub(super) async fn serve<S, L>(stream: S, service: Service<L>, limits: Limits, due: Instant, mut ending: Ending)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    L: MessageLog,
{
    let deadlines = Deadlines { header: limits.header_timeout, idle: limits.idle_timeout, write: limits.body_timeout };
    let (connection, metrics, peer) = (service.connection().clone(), service.metrics().clone(), service.connected());
    let stream = TokioIo::new(Timed::new(stream, connection.clone(), deadlines, due));
    let service = Arc::new(service);
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        async move {
            let two_lengths = service.connection().begin(request.headers());
            let mut response = service.answer(request, two_lengths).await;
            if service.connection().has_grown() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            service.connection().answer();
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    if limits.header_fields != FIELDS {
        builder.max_headers(limits.header_fields);
    }
    let serving = builder
        .timer(TokioTimer::new())
        // Answers are so small that copying one behind its head costs less than handing over both.
        .writev(false)
        // Who has sent all may close that side before the answer comes.
        .half_close(true)
        // `Timed` keeps the header's deadline, and an idle one apart from it.
        .header_read_timeout(None)
        .max_header_size(limits.header_bytes)
        // Else it would let each connection's buffer grow to 400 KiB, and a head no further.
        .max_buf_size(limits.header_bytes)
        .serve_connection(stream, answer);
    let mut serving = pin!(serving);
    let mut ends = false;
    let result = loop {
        tokio::select! {
            result = serving.as_mut() => break result,
            () = connection.closed() => break Ok(()),
            () = ending.begun(), if !ends => {
                ends = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = result {
        let broken = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        if error.is_parse() {
            metrics.connection_failed(ConnectionFailure::Head);
            let status = if error.is_parse_too_large() { 431 } else { 400 };
            tracing::info!(verdict = ConnectionFailure::Head.reason(), status, reason = %error, %peer);
        } else if broken.is_some_and(|broken| broken.kind() == io::ErrorKind::OutOfMemory) {
            metrics.connection_failed(ConnectionFailure::CrowdedOut);
            tracing::debug!(%peer, "a connection was closed because there was no room for its head");
        } else {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}
