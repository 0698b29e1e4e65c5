//! HTTP/1.1 on a connection.

use std::{convert::Infallible, error::Error as _, io, pin::pin, sync::Arc};

use http::{HeaderValue, Request, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{deadlines::DeadlineStream, handle::ConnectionPhase, input::Input};
use crate::{metrics::ConnectionFailure, server::service::Service};

/// Maximum number of header fields that hyper reads by default, with memory on the stack. With any other number, this one
/// included, it allocates for every request.
const HYPER_HEADER_FIELDS: usize = 100;

/// Serves one request after the other. The first head must arrive by `due`.
pub(super) async fn serve<S>(stream: S, service: Service, due: Instant, draining: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (connection, server, peer) = (service.connection.clone(), service.server.clone(), service.peer);
    let input = Input::new(connection.clone(), server.buffers.clone());
    let stream = DeadlineStream::new(stream, connection.clone(), input.clone(), server.limits, due);
    let service = Arc::new(service);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, input) = (service.clone(), input.clone());
        async move {
            let has_two_lengths = input.begin_request(request.headers());
            let mut response = service.answer(request, has_two_lengths).await;
            if input.has_grown() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            service.connection.set_phase(ConnectionPhase::Answering);
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    if server.limits.header_fields != HYPER_HEADER_FIELDS {
        builder.max_headers(server.limits.header_fields);
    }
    let serving = builder
        .timer(TokioTimer::new())
        // Answers are so small that copying one after its head costs less than passing on both.
        .writev(false)
        // A client that has sent everything may close its side before the answer.
        .half_close(true)
        // `DeadlineStream` has the header timeout.
        .header_read_timeout(None)
        .max_header_size(server.limits.header_bytes)
        // Otherwise the buffer of each connection could grow to 400 KiB, although a head cannot.
        .max_buf_size(server.limits.header_bytes)
        .serve_connection(TokioIo::new(stream), answer);
    let mut serving = pin!(serving);
    let mut is_draining = false;
    let result = loop {
        tokio::select! {
            result = serving.as_mut() => break result,
            () = connection.closed() => break Ok(()),
            () = draining.cancelled(), if !is_draining => {
                is_draining = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    let Err(error) = result else { return };
    let broken = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    if error.is_parse() {
        let failure = ConnectionFailure::UnreadableHead;
        server.metrics.connection_failed(failure);
        let status = if error.is_parse_too_large() { 431 } else { 400 };
        tracing::info!(verdict = failure.reason(), status, reason = %error, %peer);
    } else if broken.is_some_and(|broken| broken.kind() == io::ErrorKind::OutOfMemory) {
        server.metrics.connection_failed(ConnectionFailure::Evicted);
        tracing::debug!(%peer, "a connection was closed because the limit of long heads is reached");
    } else {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
