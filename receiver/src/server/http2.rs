//! HTTP/2 on a TLS connection, with what one client may ask of it: streams, header bytes, resets, and time.
//!
//! It rests on h2 itself: hyper's server has no way to send `100 Continue`, and some clients wait for it without end. h2 keeps
//! no deadline on a connection. One that has no request is closed as HTTP/1.1's is; one whose requests do not end, because
//! the client takes no answer, is closed too.

mod exchange;
mod header_block;
mod upload;

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use h2::{
    RecvStream,
    server::{Builder, SendResponse},
};
use http::Request;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, watch},
    time::Instant,
};

use self::header_block::WithRoom;
use super::{accept::Ending, connection::Connection, service::Service};
use crate::{config::Limits, log::MessageLog, patience};

/// Most requests at a time on one connection.
const STREAMS: u32 = 64;
/// Most requests that a client may take back before they were even looked at; at the next, the connection ends.
const RESETS: usize = 20;
/// Most streams that end for a fault of the client's; at the next, the connection ends.
const FAULTS: usize = 64;
/// Bytes of a body, and of all bodies of a connection, that a client may send before they are taken.
const WINDOWS: (u32, u32) = (256 << 10, 1 << 20);
/// Most bytes of answers that wait for one connection; they are short.
const SEND_BUFFER: usize = 64 << 10;
/// How long a connection that is to end has to say good-bye.
const GOOD_BYE: Duration = Duration::from_millis(100);

/// Serves up to [`STREAMS`] requests at a time. The first is due at this moment.
pub(super) async fn serve<S, L>(stream: S, service: Service<L>, limits: Limits, due: Instant, mut ending: Ending)
where
    S: AsyncRead + AsyncWrite + Unpin,
    L: MessageLog,
{
    let streams = Arc::new(Streams::new(service.connection().clone()));
    let connection = service.connection().clone();
    let leave = Notify::new();
    let stream = WithRoom::new(stream, connection.clone());
    let serving = accept(stream, limits, &leave, |request, reply| {
        let (stream, service) = (streams.open(), service.clone());
        tokio::spawn(async move {
            if let Err(error) = exchange::answer(request, reply, &service, limits.header_fields).await {
                tracing::debug!(%error, "a stream ended early");
            }
            drop(stream);
        });
    });
    // Before a request can come: one that came with the handshake's last flight is heard of too.
    let (mut stalled, mut serving) = (pin!(stalled(streams.open.subscribe(), limits, due)), pin!(serving));
    let good_bye = tokio::select! {
        // When the server ends, a connection without requests is asked to go as well, and still has its good-bye.
        biased;
        result = serving.as_mut() => return report(result),
        () = ending.begun() => {
            leave.notify_one();
            tokio::select! {
                result = serving.as_mut() => return report(result),
                () = streams.none() => GOOD_BYE,
                () = connection.closed() => GOOD_BYE,
                () = stalled.as_mut() => GOOD_BYE,
            }
        }
        // Another waits for the place.
        () = connection.closed() => Duration::ZERO,
        () = stalled.as_mut() => GOOD_BYE,
    };
    leave.notify_one();
    report(tokio::time::timeout(good_bye, serving).await.unwrap_or(Ok(())));
}

/// Takes requests until the connection ends. Once told to leave, it takes those that are under way and no more.
async fn accept(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    limits: Limits,
    leave: &Notify,
    mut begin: impl FnMut(Request<RecvStream>, SendResponse<Bytes>),
) -> Result<(), h2::Error> {
    let handshake = Builder::new()
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(Some(FAULTS))
        .initial_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .max_send_buffer_size(SEND_BUFFER)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .handshake(stream);
    let mut connection = handshake.await?;
    loop {
        tokio::select! {
            biased;
            () = leave.notified() => connection.graceful_shutdown(),
            accepted = connection.accept() => match accepted {
                Some(accepted) => {
                    let (request, reply) = accepted?;
                    begin(request, reply);
                }
                None => return Ok(()),
            },
        }
    }
}

fn report(result: Result<(), h2::Error>) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The open requests of a connection.
#[derive(Debug)]
struct Streams {
    connection: Arc<Connection>,
    open: watch::Sender<usize>,
}

/// An open request; it ends when its answer is with h2, or when the client takes it back.
#[derive(Debug)]
struct Stream(Arc<Streams>);

impl Streams {
    fn new(connection: Arc<Connection>) -> Self {
        Self { connection, open: watch::Sender::new(0) }
    }

    fn open(self: &Arc<Self>) -> Stream {
        self.open.send_modify(|open| {
            *open += 1;
            self.connection.busy();
        });
        Stream(self.clone())
    }

    /// Waits until no request is open.
    async fn none(&self) {
        // The sender is part of `self`, so it cannot be gone.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }
}

/// Waits until neither a request has come in time nor one has ended in time. The first is due at this moment.
async fn stalled(mut open: watch::Receiver<usize>, limits: Limits, mut due: Instant) {
    while let Ok(Ok(())) = tokio::time::timeout_at(due, open.changed()).await {
        let time = match *open.borrow_and_update() {
            0 => limits.idle_timeout,
            // To arrive, and to be answered.
            _ => limits.body_timeout * 2,
        };
        due = Instant::now() + patience::drawn(time);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| {
            *open -= 1;
            if *open == 0 {
                self.0.connection.idle();
            }
        });
    }
}
