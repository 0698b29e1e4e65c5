//! An HTTP/1.1 connection's stream as hyper reads and writes it, with the deadlines that hyper does not have: hyper has no
//! idle timeout apart from the header timeout, and none for writing.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::{
    handle::{ConnectionHandle, ConnectionPhase},
    input::Input,
};
use crate::{config::Limits, ingest::with_jitter};

/// A stream with a deadline for each phase of its connection.
#[derive(Debug)]
pub(super) struct DeadlineStream<S> {
    stream: S,
    connection: Arc<ConnectionHandle>,
    input: Arc<Input>,
    limits: Limits,
    /// The phase of `due`; `None` once an answer has been written, so the next phase gets a deadline of its own.
    phase: Option<ConnectionPhase>,
    due: Instant,
    /// Set to `due` or earlier. It is reset only when it fires, so a request needs no timer of its own.
    timer: Pin<Box<Sleep>>,
}

impl<S> DeadlineStream<S> {
    /// The first head must arrive by `due`.
    pub(super) fn new(
        stream: S,
        connection: Arc<ConnectionHandle>,
        input: Arc<Input>,
        limits: Limits,
        due: Instant,
    ) -> Self {
        let timer = Box::pin(tokio::time::sleep_until(due));
        Self { stream, connection, input, limits, phase: Some(ConnectionPhase::Head), due, timer }
    }

    /// Fails if the phase has lasted too long. Otherwise the task is woken when it has.
    fn check_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let phase = self.connection.phase();
        let limit = match phase {
            ConnectionPhase::Idle => self.limits.idle_timeout,
            ConnectionPhase::Head => self.limits.header_timeout,
            ConnectionPhase::Answering => self.limits.body_timeout,
            ConnectionPhase::Busy => return Poll::Pending,
        };
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.due = Instant::now() + with_jitter(limit);
            if self.due < self.timer.deadline() {
                self.timer.as_mut().reset(self.due);
            }
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if Instant::now() >= self.due {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(self.due);
        }
    }

    /// The result of an operation, or a timeout while it is pending.
    fn or_timeout<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_pending() { self.check_deadline(cx).map(Err) } else { result }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DeadlineStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if matches!(read, Poll::Ready(Ok(()))) && !self.input.add(&buffer.filled()[before..]) {
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        }
        self.or_timeout(cx, read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.or_timeout(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // It is pending while TLS holds bytes that the client does not read.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() && self.connection.phase() == ConnectionPhase::Answering {
            self.connection.set_phase(ConnectionPhase::Idle);
            self.phase = None;
        }
        self.or_timeout(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.or_timeout(cx, closed)
    }
}
