//! What the parts of the server share about one connection: what it is at, and, with HTTP/1.1, what of a head hyper does
//! not say: whether it named two lengths.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
};

use http::{HeaderMap, header};
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::{
    buffers::{BufferRoom, SHORT_BYTES},
    raw_head::RawHead,
};

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
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
    /// Requests whose messages are being stored: more than one only with HTTP/2.
    storing: AtomicUsize,
    received: Mutex<Received>,
    buffers: BufferRoom,
    closing: Notify,
    settled: Arc<Notify>,
}

/// What was read and which request it belongs to.
#[derive(Debug, Default)]
struct Received {
    /// The head that comes after the last request.
    head: RawHead,
    /// The room of a long head. Its buffer stays with the connection, and so does this.
    long_head: Option<OwnedSemaphorePermit>,
    /// The same for a long body. Without room the connection ends after the answer.
    long_body: Option<OwnedSemaphorePermit>,
    /// Bytes of the present request's body that have not been read yet.
    body_left: u64,
    /// Whether bytes of a next request were read together with one before it: from then on nobody can tell where a head
    /// began.
    ahead: bool,
    /// How many these were.
    ahead_bytes: u64,
    /// Whether where the present request's body ends is not known here.
    chunked: bool,
    /// Whether hyper's buffer has grown, so that it has to go with the connection.
    grown: bool,
}

impl Connection {
    /// `settled` is told whenever none of its messages is being stored any more.
    pub(super) fn new(settled: Arc<Notify>, buffers: BufferRoom) -> Arc<Self> {
        let phase = AtomicU8::new(Phase::Head as u8);
        let storing = AtomicUsize::new(0);
        Arc::new(Self { phase, storing, received: Mutex::default(), buffers, closing: Notify::new(), settled })
    }

    /// The endpoint takes a request over. Whether its head named two lengths is known only here: hyper drops the
    /// `content-length` that it does not use. A head that was read together with the request before it cannot be seen
    /// whole, so it must not use a transfer coding; where a chunked body ends is not known here either, so the answer to
    /// one is the connection's last.
    pub(super) fn begin(&self, headers: &HeaderMap) -> bool {
        self.set(Phase::Busy);
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let head = mem::take(&mut received.head);
        let seen = head.behind().filter(|_| !received.ahead);
        let chunked = headers.contains_key(header::TRANSFER_ENCODING);
        let two_lengths = chunked && (seen.is_none() || head.names_content_length());
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let length: u64 = length.unwrap_or_default();
        let behind_head = seen.unwrap_or(0);
        received.ahead |= seen.is_none() || chunked || behind_head > length;
        received.chunked = chunked;
        if (chunked || length > SHORT_BYTES as u64) && received.long_body.is_none() {
            received.long_body = self.buffers.take_for_body();
            received.grown |= received.long_body.is_none();
        }
        if !chunked {
            let ahead_bytes = behind_head.saturating_sub(length);
            received.read_ahead(ahead_bytes, &self.buffers);
        }
        received.body_left = if received.ahead { 0 } else { length - behind_head };
        two_lengths
    }

    /// The endpoint has its answer.
    pub(super) fn answer(&self) {
        self.set(Phase::Answering);
    }

    /// At least one request is open.
    pub(super) fn busy(&self) {
        self.set(Phase::Busy);
    }

    /// No request is open any more.
    pub(super) fn idle(&self) {
        self.set(Phase::Idle);
    }

    /// Whether no complete head is there.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase(), Phase::Idle | Phase::Head)
    }

    /// A message has come whole and is being stored.
    pub(super) fn storing(&self) {
        self.storing.fetch_add(1, Ordering::AcqRel);
    }

    /// A message is stored, or refused.
    pub(super) fn stored(&self) {
        if self.storing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.settled.notify_one();
        }
    }

    /// Whether no message is being stored; an answer may be on its way.
    pub(super) fn may_go(&self) -> bool {
        self.storing.load(Ordering::Acquire) == 0
    }

    /// Asks the connection's task to end.
    pub(super) fn close(&self) {
        self.closing.notify_one();
    }

    /// Waits until somebody asks for the end and it may go.
    pub(super) async fn closed(&self) {
        loop {
            self.closing.notified().await;
            if self.may_go() {
                return;
            }
        }
    }

    pub(super) fn phase(&self) -> Phase {
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

    /// Room for a long head over HTTP/2, until it is dropped; none when there is no more.
    pub(super) fn take_for_head(&self) -> Option<OwnedSemaphorePermit> {
        self.buffers.take_for_head()
    }

    /// Whether a head was so long, or so much was sent ahead, that hyper's buffer has to go with the connection.
    pub(super) fn has_grown(&self) -> bool {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).grown
    }

    /// Bytes were read. What is left of a body, though it is answered already, belongs to no head. False when a head gets long
    /// and there is no room for it: the connection has to end.
    #[must_use]
    pub(super) fn arrived(&self, bytes: &[u8]) -> bool {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let left = usize::try_from(received.body_left).unwrap_or(usize::MAX);
        let (of_body, behind) = bytes.split_at(left.min(bytes.len()));
        received.body_left -= of_body.len() as u64;
        if behind.is_empty() {
            return true;
        }
        if !self.is_waiting() {
            received.ahead = true;
            return received.chunked || received.read_ahead(behind.len() as u64, &self.buffers);
        }
        self.set(Phase::Head);
        received.head.add(behind);
        received.head.length() <= SHORT_BYTES || received.grow(&self.buffers)
    }
}

impl Received {
    /// Bytes of a next request were read. False when they are many and there is no room for them.
    fn read_ahead(&mut self, bytes: u64, buffers: &BufferRoom) -> bool {
        self.ahead_bytes += bytes;
        self.ahead_bytes <= SHORT_BYTES as u64 || self.grow(buffers)
    }

    /// Takes the room of a long head. False when there is none.
    fn grow(&mut self, buffers: &BufferRoom) -> bool {
        self.grown = true;
        if self.long_head.is_none() {
            self.long_head = buffers.take_for_head();
        }
        self.long_head.is_some()
    }
}
