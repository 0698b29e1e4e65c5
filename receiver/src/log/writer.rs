//! The one writer: takes whatever is queued, writes it at once, syncs once, acknowledges all. At most one batch is in
//! flight.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    mem,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::{oneshot, watch};

use super::{
    AppendError, Position,
    record::{Record, Salt},
    segment::{HEAD, Segment},
};
use crate::metrics::LogMetrics;

/// What waits to be written.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    /// Most bytes that may wait or be in flight.
    limit: usize,
    salt: Salt,
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    in_flight: usize,
    in_flight_records: usize,
    closed: bool,
}

/// Encoded records, and who waits for each.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    waiting: Vec<(usize, oneshot::Sender<Result<Position, AppendError>>)>,
}

impl Queue {
    pub(super) fn new(limit: usize, salt: Salt) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), limit, salt }
    }

    /// Queues a record; the receiver hears when it is durable.
    pub(super) fn push(
        &self,
        record: &Record,
    ) -> Result<oneshot::Receiver<Result<Position, AppendError>>, AppendError> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        if state.in_flight + state.batch.bytes.len() + record.body.len() > self.limit {
            return Err(AppendError::Full);
        }
        let at = state.batch.bytes.len();
        record.encode(self.salt, &mut state.batch.bytes);
        state.batch.waiting.push((at, sender));
        drop(state);
        self.filled.notify_one();
        Ok(receiver)
    }

    /// Lets the writer end once the queue is empty.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// Records and bytes that wait or are in flight.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.in_flight_records + state.batch.waiting.len(), state.in_flight + state.batch.bytes.len())
    }

    /// Most bytes that may wait or be in flight.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Swaps what is queued for an empty batch; waits for it. False when closed and empty.
    fn take(&self, batch: &mut Batch) -> bool {
        let mut state = self.lock();
        (state.in_flight, state.in_flight_records) = (0, 0);
        while state.batch.waiting.is_empty() {
            if state.closed {
                return false;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        mem::swap(&mut state.batch, batch);
        (state.in_flight, state.in_flight_records) = (batch.bytes.len(), batch.waiting.len());
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open segment and all that its writer needs.
pub(super) struct Writer {
    pub(super) folder: PathBuf,
    pub(super) queue: Arc<Queue>,
    /// The segment that is written; none after a failed sync, until room is found for the next.
    open: Option<(u64, File)>,
    /// Position behind the last byte that was written, or tried to be.
    end: u64,
    /// Size at which the next segment is begun.
    segment_bytes: u64,
    durable: Arc<AtomicU64>,
    news: watch::Sender<Position>,
    metrics: Arc<LogMetrics>,
}

impl Writer {
    pub(super) fn new(
        folder: PathBuf,
        queue: Arc<Queue>,
        newest: Option<&Segment>,
        segment_bytes: u64,
        metrics: Arc<LogMetrics>,
    ) -> io::Result<Self> {
        let (open, end) = match newest {
            Some(segment) => {
                let file = OpenOptions::new().append(true).open(&segment.path)?;
                (Some((segment.base, file)), segment.end()?)
            }
            None => (None, 0),
        };
        let (news, _) = watch::channel(Position(end));
        Ok(Self { folder, queue, open, end, segment_bytes, durable: Arc::new(AtomicU64::new(end)), news, metrics })
    }

    pub(super) fn durable(&self) -> Arc<AtomicU64> {
        self.durable.clone()
    }

    pub(super) fn news(&self) -> watch::Receiver<Position> {
        self.news.subscribe()
    }

    /// Writes batches until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut batch = Batch::default();
        while self.queue.take(&mut batch) {
            self.metrics.begin_batch();
            let outcome = self.write(&batch.bytes).inspect_err(|error| {
                tracing::error!(%error, bytes = batch.bytes.len(), "the log could not be written; its messages were refused");
            });
            self.metrics.end_batch(batch.waiting.len(), batch.bytes.len(), outcome.is_ok());
            if outcome.is_ok() {
                self.durable.store(self.end, Ordering::Release);
                self.news.send_replace(Position(self.end));
            }
            for (at, waiting) in batch.waiting.drain(..) {
                let answer = match outcome {
                    Ok(start) => Ok(Position(start + at as u64)),
                    Err(_) => Err(AppendError::Failed),
                };
                // Whoever hung up does not need the answer; the record stays.
                let _ = waiting.send(answer);
            }
            batch.bytes.clear();
        }
    }

    /// Makes a batch durable and gives the position at which it begins.
    fn write(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let (base, mut file) = self.open_segment(bytes.len() as u64)?;
        let start = self.end;
        if let Err(error) = file.write_all(bytes) {
            // Nothing of the batch was acknowledged. If it cannot be cut off, the segment is given up.
            if file.set_len(start - base).is_ok() {
                self.open = Some((base, file));
            } else {
                self.end = start + bytes.len() as u64;
            }
            return Err(error);
        }
        self.end = start + bytes.len() as u64;
        let began = Instant::now();
        let synced = file.sync_data();
        self.metrics.synced(began.elapsed());
        if let Err(error) = synced {
            // After a failed sync the kernel may have dropped the pages: what this file holds is not known any more.
            let _ = file.set_len(start - base);
            return Err(error);
        }
        self.open = Some((base, file));
        Ok(start)
    }

    /// Takes the open segment out, or makes the next one when there is none or it is full.
    fn open_segment(&mut self, more: u64) -> io::Result<(u64, File)> {
        if let Some((base, file)) = self.open.take() {
            let length = self.end - base;
            if length + more <= self.segment_bytes || length <= HEAD as u64 {
                return Ok((base, file));
            }
        }
        let (segment, file) = Segment::create(&self.folder, self.end, self.queue.salt)?;
        self.end += HEAD as u64;
        Ok((segment.base, file))
    }
}
