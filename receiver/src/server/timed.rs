//! A connection's stream as hyper reads and writes it, with the deadlines that hyper does not have, an idle time apart
//! from the header's among them, and with words for the heads that hyper refuses by itself.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::{
    connection::{Connection, Phase},
    refusal,
};
use crate::patience;

/// How long a connection may stay in each phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

/// A stream with the deadlines of its connection's phase.
#[derive(Debug)]
pub(super) struct Timed<S> {
    stream: S,
    /// What hyper says by itself, in our words, less what is written of it.
    refusal: Vec<u8>,
    connection: Arc<Connection>,
    deadlines: Deadlines,
    /// The phase that `due` belongs to; none once an answer has been written, for what comes then is due anew.
    phase: Option<Phase>,
    due: Instant,
    /// Armed for `due` or earlier: it is set back only when it fires, so a request costs no timer.
    timer: Pin<Box<Sleep>>,
}

impl<S> Timed<S> {
    /// The first head is due at this moment.
    pub(super) fn new(stream: S, connection: Arc<Connection>, deadlines: Deadlines, due: Instant) -> Self {
        let timer = Box::pin(tokio::time::sleep_until(due));
        Self { stream, refusal: Vec::new(), connection, deadlines, phase: Some(Phase::Head), due, timer }
    }

    /// Fails once the phase has lasted too long; otherwise sees to being woken when it has.
    fn check_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let phase = self.connection.phase();
        let limit = match phase {
            Phase::Idle => self.deadlines.idle,
            Phase::Head => self.deadlines.header,
            Phase::Answering => self.deadlines.write,
            Phase::Busy => return Poll::Pending,
        };
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.due = Instant::now() + patience::drawn(limit);
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

    /// All that hyper had to write is gone.
    fn written(&mut self) {
        if self.connection.phase() == Phase::Answering {
            self.connection.idle();
            self.phase = None;
        }
    }

    /// Whether hyper refuses a head, and these bytes are all that it says; then they are said in our words instead.
    fn takes_refusal(&mut self, bytes: &[u8]) -> bool {
        if !self.connection.is_waiting() {
            return false;
        }
        let refusal = refusal::worded(bytes);
        let taken = refusal.is_some();
        self.refusal.extend(refusal.into_iter().flatten());
        taken
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match read {
            Poll::Ready(Ok(())) if !self.connection.arrived(&buffer.filled()[before..]) => {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.check_deadline(cx).map(Err),
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> Timed<S> {
    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.refusal) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => drop(self.refusal.drain(..written)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return self.check_deadline(cx).map(Err),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes_refusal(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if wrote.is_pending() { self.check_deadline(cx).map(Err) } else { wrote }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = slices
            && self.takes_refusal(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        if wrote.is_pending() { self.check_deadline(cx).map(Err) } else { wrote }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_pending() {
            // TLS holds what the client does not take.
            return self.check_deadline(cx).map(Err);
        }
        self.written();
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        if closed.is_pending() { self.check_deadline(cx).map(Err) } else { closed }
    }
}
