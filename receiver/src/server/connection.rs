//! What the parts of the server share about one connection: what it is at, and, with HTTP/1.1, the look at the raw head
//! that hyper does not have: whether a head named two lengths.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU8, AtomicUsize, Ordering},
};

use http::{HeaderMap, header};
use tokio::sync::Notify;

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
    closing: Notify,
    settled: Arc<Notify>,
}

/// What was read and which request it belongs to.
#[derive(Debug, Default)]
struct Received {
    /// The bytes since the end of the last request, up to the empty line that ends a head.
    head: Vec<u8>,
    /// How many bytes were read behind that line; none while it has not come.
    behind_head: Option<u64>,
    /// Bytes of the present request's body that have not been read yet.
    body_left: u64,
    /// Whether bytes of a next request were read together with one before it: from then on nobody can tell where a head
    /// began.
    ahead: bool,
}

impl Connection {
    /// `settled` is told whenever none of its messages is being stored any more.
    pub(super) fn new(settled: Arc<Notify>) -> Arc<Self> {
        let phase = AtomicU8::new(Phase::Head as u8);
        let storing = AtomicUsize::new(0);
        Arc::new(Self { phase, storing, received: Mutex::default(), closing: Notify::new(), settled })
    }

    /// The endpoint takes a request over. Whether its head named two lengths is known only here: hyper drops the
    /// `content-length` that it does not use. A head that was read together with the request before it cannot be seen
    /// whole, so it must not use a transfer coding; where a chunked body ends is not known here either, so the answer to
    /// one is the connection's last.
    pub(super) fn begin(&self, headers: &HeaderMap) -> bool {
        self.set(Phase::Busy);
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = received.behind_head.take().filter(|_| !received.ahead);
        let chunked = headers.contains_key(header::TRANSFER_ENCODING);
        let two_lengths = chunked && (seen.is_none() || names_content_length(&received.head));
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let length: u64 = length.unwrap_or_default();
        let behind_head = seen.unwrap_or(0);
        received.ahead |= seen.is_none() || chunked || behind_head > length;
        received.body_left = if received.ahead { 0 } else { length - behind_head };
        received.head.clear();
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

    /// Bytes were read. What is left of a body, though it is answered already, belongs to no head.
    pub(super) fn arrived(&self, bytes: &[u8]) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let left = usize::try_from(received.body_left).unwrap_or(usize::MAX);
        let (of_body, behind) = bytes.split_at(left.min(bytes.len()));
        received.body_left -= of_body.len() as u64;
        if behind.is_empty() {
            return;
        }
        if !self.is_waiting() {
            received.ahead = true;
            return;
        }
        self.set(Phase::Head);
        if !received.ahead {
            received.add(behind);
        }
    }
}

impl Received {
    /// Keeps what belongs to the head, and counts the rest: a body may be a thousand times as long.
    fn add(&mut self, mut bytes: &[u8]) {
        if let Some(behind) = &mut self.behind_head {
            *behind += bytes.len() as u64;
            return;
        }
        let before = self.head.len();
        if before == 0 {
            // Empty lines before a head are no part of it (RFC 9112, section 2.2).
            let line_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
            bytes = &bytes[bytes.iter().take_while(|byte| line_break(byte)).count()..];
        }
        let new = if before == 0 { end_of_head(bytes) } else { None };
        self.head.extend_from_slice(&bytes[..new.unwrap_or(bytes.len())]);
        let end = new.or_else(|| {
            // It may have begun in what was there before.
            let from = before.saturating_sub(END_OF_HEAD.len() - 1);
            end_of_head(&self.head[from..]).map(|end| from + end)
        });
        if let Some(end) = end {
            self.behind_head = Some((before + bytes.len() - end) as u64);
            self.head.truncate(end);
        }
    }
}

/// The empty line behind a head, with the line break before it.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Where a head ends that begins here.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, END_OF_HEAD).map(|at| at + END_OF_HEAD.len())
}

fn names_content_length(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"content-length")
    })
}

#[cfg(test)]
mod tests {
    use super::{Received, names_content_length};

    #[test]
    fn a_head_is_kept_to_its_end_and_what_follows_is_counted_however_they_arrive() {
        let (head, body) = ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "{\r\n\r\n}");
        let whole = [head, body].concat();
        for first in 0..=whole.len() {
            for second in first..=whole.len() {
                let mut received = Received::default();
                let parts = [&whole[..first], &whole[first..second], &whole[second..]];
                parts.iter().filter(|part| !part.is_empty()).for_each(|part| received.add(part.as_bytes()));
                let kept = (received.head.as_slice(), received.behind_head);
                assert_eq!(kept, (head.as_bytes(), Some(body.len() as u64)), "{first} {second}");
            }
        }
        let mut late = Received::default();
        ["\r\n", "\r", "\n\r\n", &whole].iter().for_each(|part| late.add(part.as_bytes()));
        assert_eq!(late.head, head.as_bytes(), "behind empty lines");
        let mut unended = Received::default();
        unended.add(&head.as_bytes()[..head.len() - 1]);
        assert_eq!(unended.behind_head, None);
    }

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
