//! Records on their way to the writer: whatever is queued at the same time makes one batch.

use std::mem;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::{
    AppendError, Position,
    record::{Record, Salt},
};

/// What waits to be written.
#[derive(Debug)]
pub(super) struct WriteQueue {
    state: Mutex<QueueState>,
    filled: Condvar,
    /// Maximum number of bytes that wait or are in flight.
    pub(super) limit: usize,
    pub(super) salt: Salt,
}

#[derive(Debug, Default)]
struct QueueState {
    batch: RecordBatch,
    /// Whether the batch should be written.
    flush_requested: bool,
    in_flight: usize,
    /// Whether the writer should check the age of its segment.
    roll_requested: bool,
    in_flight_records: usize,
    closed: bool,
}

/// A record that waits to be written.
pub(super) struct Queued<'q> {
    /// Resolves when it is durable.
    pub(super) durable: oneshot::Receiver<Result<Position, AppendError>>,
    /// Whether it is the first of a batch.
    pub(super) first: Option<Leader<'q>>,
}

/// What the first task of a batch does for all of it.
pub(super) struct Leader<'q> {
    /// To be dropped once the records that arrive at the same moment have joined the batch.
    pub(super) flush: FlushSignal<'q>,
    /// To be dropped on arrival: the thread that drops it wakes the waiting tasks, which costs a thread of the runtime a
    /// fraction of what it costs the writer.
    pub(super) answers: oneshot::Receiver<BatchResult>,
}

/// Wakes the writer when it is dropped, so also if the task that owns it is.
pub(super) struct FlushSignal<'q>(&'q WriteQueue);

impl Drop for FlushSignal<'_> {
    fn drop(&mut self) {
        self.0.state.lock().flush_requested = true;
        self.0.filled.notify_one();
    }
}

#[derive(Debug, Default)]
pub(super) struct RecordBatch {
    pub(super) bytes: Vec<u8>,
    pub(super) waiting: Vec<WaitingRecord>,
    /// The leader, which passes the results on.
    pub(super) first: Option<oneshot::Sender<BatchResult>>,
}

pub(super) type WaitingRecord = (usize, oneshot::Sender<Result<Position, AppendError>>);

/// The result of a batch. Every waiting task receives it when this is dropped.
#[derive(Debug)]
pub(super) struct BatchResult {
    /// Position of the batch; `None` if it is not durable.
    pub(super) start: Option<u64>,
    pub(super) waiting: Vec<WaitingRecord>,
}

impl Drop for BatchResult {
    fn drop(&mut self) {
        for (at, waiting) in self.waiting.drain(..) {
            let answer = self.start.map(|start| Position(start + at as u64)).ok_or(AppendError::Failed);
            // A client that hung up does not need the answer; the record stays.
            let _ = waiting.send(answer);
        }
    }
}

impl WriteQueue {
    pub(super) fn new(limit: usize, salt: Salt) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), limit, salt }
    }

    pub(super) fn push(&self, record: &Record) -> Result<Queued<'_>, AppendError> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        if state.in_flight + state.batch.bytes.len() + record.bytes() > self.limit {
            return Err(AppendError::Full);
        }
        let at = state.batch.bytes.len();
        record.encode(self.salt, &mut state.batch.bytes);
        // The writer takes the whole batch once it is flushed, so one signal per batch is enough.
        let first = state.batch.waiting.is_empty().then(|| {
            let (sender, answers) = oneshot::channel();
            state.batch.first = Some(sender);
            Leader { flush: FlushSignal(self), answers }
        });
        state.batch.waiting.push((at, sender));
        Ok(Queued { durable: receiver, first })
    }

    /// Lets the writer end once the queue is empty.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_one();
    }

    /// Lets the writer begin the next segment if the open one is old.
    pub(super) fn request_roll(&self) {
        self.state.lock().roll_requested = true;
        self.filled.notify_one();
    }

    pub(super) fn waiting(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.in_flight_records + state.batch.waiting.len(), state.in_flight + state.batch.bytes.len())
    }

    /// Waits for a batch and swaps it for an empty one. After [`Self::request_roll`] it may leave an empty one. False if the
    /// queue is closed and empty.
    pub(super) fn take(&self, batch: &mut RecordBatch) -> bool {
        let mut state = self.state.lock();
        (state.in_flight, state.in_flight_records) = (0, 0);
        while !state.flush_requested || state.batch.waiting.is_empty() {
            if state.closed {
                if state.batch.waiting.is_empty() {
                    return false;
                }
                break;
            }
            if mem::take(&mut state.roll_requested) {
                return true;
            }
            self.filled.wait(&mut state);
        }
        state.flush_requested = false;
        mem::swap(&mut state.batch, batch);
        (state.in_flight, state.in_flight_records) = (batch.bytes.len(), batch.waiting.len());
        true
    }
}
