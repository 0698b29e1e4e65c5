//! One connection as hyper reads and writes it, with the deadlines and the look at the raw head that hyper does not
//! have: an idle time apart from the header's, and whether a head named two lengths.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{HeaderMap, header};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::{Instant, Sleep},
};

/// How long a connection may stay in each phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Between two requests.
    Idle,
    /// The first byte of a head is due or has come.
    Head,
    /// The endpoint has the request; it keeps its own deadline.
    Busy,
    /// The answer is being written.
    Answering,
}

/// What the parts of the server share about a connection.
#[derive(Debug)]
pub(super) struct Connection {
    phase: AtomicU8,
    received: Mutex<Received>,
    closing: Notify,
    idle: Arc<Notify>,
}

/// What was read and which request it belongs to.
#[derive(Debug, Default)]
struct Received {
    /// The bytes since the end of the last request, until the next one begins.
    head: Vec<u8>,
    /// Bytes of the present request's body that have not been read yet.
    body_left: u64,
    /// Whether bytes of a next request were read together with one before it: from then on nobody can tell where a head
    /// began.
    ahead: bool,
}

impl Connection {
    /// `idle` is told whenever it has no request any more.
    pub(super) fn new(idle: Arc<Notify>) -> Arc<Self> {
        let phase = AtomicU8::new(Phase::Head as u8);
        Arc::new(Self { phase, received: Mutex::default(), closing: Notify::new(), idle })
    }

    /// The endpoint takes a request over. Whether its head named two lengths is known only here: hyper drops the
    /// `content-length` that it does not use. A head that was read together with the request before it cannot be seen
    /// whole, so it must not use a transfer coding; where a chunked body ends is not known here either, so the answer to
    /// one is the connection's last.
    pub(super) fn begin(&self, headers: &HeaderMap) -> bool {
        self.set(Phase::Busy);
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let end = received.head.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        let seen = end.filter(|_| !received.ahead);
        let two_lengths = headers.contains_key(header::TRANSFER_ENCODING)
            && seen.is_none_or(|end| names_content_length(&received.head[..end]));
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let length: u64 = length.unwrap_or_default();
        let behind_head = seen.map_or(0, |end| (received.head.len() - end) as u64);
        received.ahead |= seen.is_none() || behind_head > length;
        received.body_left = length.saturating_sub(behind_head);
        received.head.clear();
        two_lengths
    }

    /// The endpoint has its answer.
    pub(super) fn answer(&self) {
        self.set(Phase::Answering);
    }

    /// Whether no complete head is there.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase(), Phase::Idle | Phase::Head)
    }

    /// Asks the connection's task to end.
    pub(super) fn close(&self) {
        self.closing.notify_one();
    }

    /// Waits until somebody asks for the end.
    pub(super) async fn closed(&self) {
        self.closing.notified().await;
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            _ => Phase::Answering,
        }
    }

    fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    fn arrived(&self, bytes: &[u8]) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_waiting() {
            self.set(Phase::Head);
            received.head.extend_from_slice(bytes);
        } else {
            received.ahead |= bytes.len() as u64 > received.body_left;
            received.body_left = received.body_left.saturating_sub(bytes.len() as u64);
        }
    }
}

fn names_content_length(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"content-length")
    })
}

/// A stream with the deadlines of its connection's phase.
#[derive(Debug)]
pub(super) struct Timed<S> {
    stream: S,
    connection: Arc<Connection>,
    deadlines: Deadlines,
    /// The phase that `due` belongs to.
    phase: Phase,
    due: Instant,
    /// Armed for `due` or earlier: it is set back only when it fires, so a request costs no timer.
    timer: Pin<Box<Sleep>>,
}

impl<S> Timed<S> {
    pub(super) fn new(stream: S, connection: Arc<Connection>, deadlines: Deadlines) -> Self {
        let due = Instant::now() + deadlines.header;
        let timer = Box::pin(tokio::time::sleep_until(due));
        Self { stream, connection, deadlines, phase: Phase::Head, due, timer }
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
        if phase != self.phase {
            self.phase = phase;
            self.due = Instant::now() + limit;
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

    fn written(&self) {
        if self.connection.phase() == Phase::Answering {
            self.connection.set(Phase::Idle);
            self.connection.idle.notify_one();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match read {
            Poll::Ready(Ok(())) => self.connection.arrived(&buffer.filled()[before..]),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.check_deadline(cx).map(Err),
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if wrote.is_pending() {
            return self.check_deadline(cx).map(Err);
        }
        self.written();
        wrote
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        if wrote.is_pending() {
            return self.check_deadline(cx).map(Err);
        }
        self.written();
        wrote
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::names_content_length;

    #[test]
    fn a_length_is_known_by_its_name() {
        for (head, expected) in [
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nCONTENT-LENGTH:3\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nX: Content-Length: 3\r\n\r\n", false),
            ("", false),
        ] {
            assert_eq!(names_content_length(head.as_bytes()), expected, "{head:?}");
        }
    }
}
