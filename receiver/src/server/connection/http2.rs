//! HTTP/2 on a TLS connection, with limits for one client: streams, header bytes, resets, and time.
//!
//! It uses the h2 crate directly: hyper's server cannot send `100 Continue`, which some clients wait for without a timeout.
//! h2 has no deadlines. A connection without a request is closed as one of HTTP/1.1 is, and so is one whose requests do not end
//! because the client does not read its answers.

mod exchange;
mod header_block;
mod upload;

use std::time::Duration;

use h2::server::Builder;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use self::header_block::HeaderBlockLimit;
use super::{handle::ConnectionPhase, inspected_stream::InspectedStream};
use crate::{ingest::with_jitter, server::service::Service};

/// Maximum number of requests at a time on one connection.
const MAX_STREAMS: u32 = 64;
/// Maximum number of requests that a client may cancel before they are accepted; after that the connection ends.
const MAX_PENDING_RESETS: usize = 20;
/// Maximum number of streams that end because of an error of the client; after that the connection ends.
const MAX_ERROR_RESETS: usize = 64;
/// Bytes of a body that a client may send before they are read.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// Bytes of all bodies of a connection that a client may send before they are read.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
/// Maximum number of bytes of answers, which are short, that wait for one connection.
const MAX_SEND_BUFFER_BYTES: usize = 64 << 10;
/// How long a connection that is closing may take to send its GOAWAY.
const GOAWAY_TIMEOUT: Duration = Duration::from_millis(100);

/// Serves up to [`MAX_STREAMS`] requests at a time. The first must arrive by `due`.
pub(super) async fn serve<S>(stream: S, service: Service, mut due: Instant, draining: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (limits, connection) = (service.server.limits, service.connection.clone());
    let handshake = Builder::new()
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buffer_size(MAX_SEND_BUFFER_BYTES)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .handshake(InspectedStream::new(stream, HeaderBlockLimit::new(service.server.buffers.clone())));
    let mut h2 = tokio::select! {
        handshake = tokio::time::timeout_at(due, handshake) => match handshake {
            Ok(Ok(h2)) => h2,
            Ok(Err(error)) => return log_early_end(&error),
            Err(_) => return,
        },
        () = connection.closed() => return,
    };
    let (mut streams, mut is_draining) = (JoinSet::new(), false);
    loop {
        tokio::select! {
            biased;
            () = draining.cancelled(), if !is_draining => {
                is_draining = true;
                h2.graceful_shutdown();
                if streams.is_empty() {
                    due = Instant::now() + GOAWAY_TIMEOUT;
                }
            }
            // At a shutdown an idle connection is signalled too, and still sends its GOAWAY.
            () = connection.closed(), if !draining.is_cancelled() => return,
            Some(_) = streams.join_next() => {
                if streams.is_empty() {
                    connection.set_phase(ConnectionPhase::Idle);
                    due = Instant::now() + if is_draining { GOAWAY_TIMEOUT } else { with_jitter(limits.idle_timeout) };
                } else {
                    due = Instant::now() + with_jitter(limits.body_timeout * 2);
                }
            }
            accepted = h2.accept() => match accepted {
                Some(Ok((request, reply))) => {
                    connection.set_phase(ConnectionPhase::Busy);
                    // The request has to arrive, and its answer has to be read.
                    due = Instant::now() + with_jitter(limits.body_timeout * 2);
                    let service = service.clone();
                    streams.spawn(async move {
                        if let Err(error) = exchange::answer(request, reply, &service).await {
                            tracing::debug!(%error, "a stream ended early");
                        }
                    });
                }
                Some(Err(error)) => return log_early_end(&error),
                None => return,
            },
            () = tokio::time::sleep_until(due) => {
                if is_draining {
                    return;
                }
                is_draining = true;
                h2.graceful_shutdown();
                due = Instant::now() + GOAWAY_TIMEOUT;
            }
        }
    }
}

fn log_early_end(error: &h2::Error) {
    tracing::debug!(%error, "a connection ended early");
}
