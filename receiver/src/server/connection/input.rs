//! What hyper has read of an HTTP/1.1 connection: which request the bytes belong to, whether a head has two lengths, and
//! whether hyper's buffer may grow.

use std::{mem, sync::Arc};

use http::{HeaderMap, header};
use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    buffers::{BufferLimits, SHORT_BYTES},
    handle::{ConnectionHandle, ConnectionPhase},
    raw_head::RawHead,
};
use crate::ingest::body::content_length;

/// The input of a connection, shared by its stream and its requests.
#[derive(Debug)]
pub(super) struct Input {
    connection: Arc<ConnectionHandle>,
    buffers: BufferLimits,
    received: Mutex<Received>,
}

#[derive(Debug, Default)]
struct Received {
    /// The head after the last request.
    head: RawHead,
    /// Held for a long head. The buffer stays with the connection, and so does the permit.
    long_head: Option<OwnedSemaphorePermit>,
    /// The same for a long body. Without it the connection closes after the answer.
    long_body: Option<OwnedSemaphorePermit>,
    /// Bytes of the current request's body that have not been read yet.
    body_left: u64,
    /// Whether bytes of a later request were read together with an earlier one: from then on it is unknown where heads begin.
    is_ahead: bool,
    /// The number of these bytes.
    ahead_bytes: u64,
    /// Whether the end of the current request's body is unknown here.
    is_chunked: bool,
    /// Whether hyper's buffer has grown, so the connection must close to free it.
    has_grown: bool,
}

impl Input {
    pub(super) fn new(connection: Arc<ConnectionHandle>, buffers: BufferLimits) -> Arc<Self> {
        Arc::new(Self { connection, buffers, received: Mutex::default() })
    }

    /// A request goes to its endpoint. Returns whether its head has, or may have, two lengths. A head that was read together
    /// with the request before it was not seen completely, so it must not use a transfer coding. The end of a chunked body
    /// is unknown here, so the connection closes after the answer to one.
    pub(super) fn begin_request(&self, headers: &HeaderMap) -> bool {
        self.connection.set_phase(ConnectionPhase::Busy);
        let mut received = self.received.lock();
        let head = mem::take(&mut received.head);
        let after_head = head.bytes_after().filter(|_| !received.is_ahead);
        let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
        let has_two_lengths = is_chunked && (after_head.is_none() || head.names_content_length());
        let length = content_length(headers).unwrap_or_default();
        let bytes_after = after_head.unwrap_or(0);
        received.is_ahead |= after_head.is_none() || is_chunked || bytes_after > length;
        received.is_chunked = is_chunked;
        if (is_chunked || length > SHORT_BYTES as u64) && received.long_body.is_none() {
            received.long_body = self.buffers.try_reserve_body();
            received.has_grown |= received.long_body.is_none();
        }
        if !is_chunked {
            let ahead_bytes = bytes_after.saturating_sub(length);
            received.read_ahead(ahead_bytes, &self.buffers);
        }
        received.body_left = if received.is_ahead { 0 } else { length - bytes_after };
        has_two_lengths
    }

    /// Whether hyper's buffer has grown, so the connection must close to free it.
    pub(super) fn has_grown(&self) -> bool {
        self.received.lock().has_grown
    }

    /// Bytes were read. False if a head is long and may not grow the buffer, so the connection must close.
    #[must_use]
    pub(super) fn add(&self, bytes: &[u8]) -> bool {
        let mut received = self.received.lock();
        // The rest of a body belongs to no head, even if it was answered already.
        let left = usize::try_from(received.body_left).unwrap_or(usize::MAX);
        let (of_body, after_body) = bytes.split_at(left.min(bytes.len()));
        received.body_left -= of_body.len() as u64;
        if after_body.is_empty() {
            return true;
        }
        if !self.connection.is_idle() {
            received.is_ahead = true;
            return received.is_chunked || received.read_ahead(after_body.len() as u64, &self.buffers);
        }
        self.connection.set_phase(ConnectionPhase::Head);
        received.head.add(after_body);
        received.head.length() <= SHORT_BYTES || received.grow(&self.buffers)
    }
}

impl Received {
    /// Bytes of a later request were read. False if they need a larger buffer and it may not grow.
    fn read_ahead(&mut self, bytes: u64, buffers: &BufferLimits) -> bool {
        self.ahead_bytes += bytes;
        self.ahead_bytes <= SHORT_BYTES as u64 || self.grow(buffers)
    }

    /// Reserves the memory of a long head. False if the limit is reached.
    fn grow(&mut self, buffers: &BufferLimits) -> bool {
        self.has_grown = true;
        if self.long_head.is_none() {
            self.long_head = buffers.try_reserve_head();
        }
        self.long_head.is_some()
    }
}
