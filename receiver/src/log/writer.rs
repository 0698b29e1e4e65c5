//! The one writer: takes whatever is queued, writes it at once, syncs once, acknowledges all. At most one batch is in
//! flight.

use std::{
    io, mem,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{
    AppendError, Position,
    disk::{Disk, LogFile},
    extent::Extent,
    record::{Record, Salt},
    recovery::Recovered,
    segment::{HEAD, Segment},
    segments::SegmentOptions,
};
use crate::metrics::LogMetrics;

/// Room that a batch keeps for the next one; what large messages needed is given back.
const KEPT_BYTES: usize = 1 << 20;

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
    /// Whether the batch is to be written.
    called: bool,
    in_flight: usize,
    /// Whether the writer is to look at the age of its segment.
    nudged: bool,
    in_flight_records: usize,
    closed: bool,
}

/// A record that waits to be written.
pub(super) struct Queued<'q> {
    /// Hears when it is durable.
    pub(super) durable: oneshot::Receiver<Result<Position, AppendError>>,
    /// Whether it is the first of a batch.
    pub(super) first: Option<First<'q>>,
}

/// What the first of a batch has to do for all of it.
pub(super) struct First<'q> {
    /// To be dropped when those have joined the batch that come at the same moment.
    pub(super) call: Call<'q>,
    /// To be dropped when it is there: whoever waits is woken from the thread that drops it, and one of the runtime's
    /// own wakes its tasks at a fraction of what it costs the writer.
    pub(super) answers: oneshot::Receiver<Answers>,
}

/// Calls the writer when it is dropped, and so also where whoever holds it is dropped.
pub(super) struct Call<'q>(&'q Queue);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.lock().called = true;
        self.0.filled.notify_one();
    }
}

/// Encoded records, and who waits for each.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    waiting: Vec<Waiting>,
    /// Who gives the answers, once they are there.
    first: Option<oneshot::Sender<Answers>>,
}

/// Where in its batch a record begins, and who waits for it.
type Waiting = (usize, oneshot::Sender<Result<Position, AppendError>>);

/// What became of a batch. Everybody who waits hears it when this is dropped, wherever that is.
#[derive(Debug)]
pub(super) struct Answers {
    /// Where the batch begins; none if it is not durable.
    start: Option<u64>,
    waiting: Vec<Waiting>,
}

impl Drop for Answers {
    fn drop(&mut self) {
        for (at, waiting) in self.waiting.drain(..) {
            let answer = self.start.map(|start| Position(start + at as u64)).ok_or(AppendError::Failed);
            // Whoever hung up does not need the answer; the record stays.
            let _ = waiting.send(answer);
        }
    }
}

impl Queue {
    pub(super) fn new(limit: usize, salt: Salt) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), limit, salt }
    }

    /// Queues a record.
    pub(super) fn push(&self, record: &Record) -> Result<Queued<'_>, AppendError> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        if state.in_flight + state.batch.bytes.len() + record.bytes() > self.limit {
            return Err(AppendError::Full);
        }
        let at = state.batch.bytes.len();
        record.encode(self.salt, &mut state.batch.bytes);
        // The writer takes a batch that is called, and all of it, so one call for each is enough.
        let first = state.batch.waiting.is_empty().then(|| {
            let (sender, answers) = oneshot::channel();
            state.batch.first = Some(sender);
            First { call: Call(self), answers }
        });
        state.batch.waiting.push((at, sender));
        Ok(Queued { durable: receiver, first })
    }

    /// Lets the writer end once the queue is empty.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// Lets the writer begin the next segment if the open one is old.
    pub(super) fn nudge(&self) {
        self.lock().nudged = true;
        self.filled.notify_one();
    }

    /// Records and bytes that wait or are in flight.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.in_flight_records + state.batch.waiting.len(), state.in_flight + state.batch.bytes.len())
    }

    /// The log's salt.
    pub(super) fn salt(&self) -> Salt {
        self.salt
    }

    /// Most bytes that may wait or be in flight.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Swaps what is queued for an empty batch; waits for it, or gives an empty one after a nudge. False when closed
    /// and empty.
    fn take(&self, batch: &mut Batch) -> bool {
        let mut state = self.lock();
        (state.in_flight, state.in_flight_records) = (0, 0);
        while !state.called || state.batch.waiting.is_empty() {
            if state.closed {
                if state.batch.waiting.is_empty() {
                    return false;
                }
                break;
            }
            if mem::take(&mut state.nudged) {
                return true;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.called = false;
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
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) queue: Arc<Queue>,
    pub(super) extent: Arc<Extent>,
    pub(super) options: SegmentOptions,
    /// The segment that is written; none after a failed sync, until room is found for the next.
    open: Option<Open>,
    /// Position behind the last byte that was written, or tried to be.
    end: u64,
    metrics: Arc<LogMetrics>,
}

struct Open {
    base: u64,
    file: LogFile,
    /// When its first record arrived, as far as is known.
    begun: Timestamp,
}

impl Writer {
    /// Goes on where the log ended.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        queue: Arc<Queue>,
        options: SegmentOptions,
        recovered: &Recovered,
        metrics: Arc<LogMetrics>,
    ) -> io::Result<Self> {
        let open = match &recovered.newest {
            Some((segment, first)) => Some(Open {
                base: segment.base,
                file: disk.open(&segment.path)?,
                begun: first.unwrap_or_else(Timestamp::now),
            }),
            None => None,
        };
        let extent = Arc::new(Extent::new(recovered.start, recovered.end));
        Ok(Self { disk, folder, queue, extent, options, open, end: recovered.end, metrics })
    }

    /// Writes batches until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut batch = Batch::default();
        while self.queue.take(&mut batch) {
            if batch.waiting.is_empty() {
                self.seal_if_old();
                continue;
            }
            self.metrics.begin_batch();
            let outcome = self.write(&batch.bytes).inspect_err(|error| {
                tracing::error!(%error, bytes = batch.bytes.len(), "the log could not be written; its messages were refused");
            });
            self.metrics.end_batch(batch.waiting.len(), batch.bytes.len(), outcome.is_ok());
            if outcome.is_ok() {
                self.extent.move_durable(self.end);
            }
            let answers = Answers { start: outcome.ok(), waiting: mem::take(&mut batch.waiting) };
            if let Some(first) = batch.first.take() {
                // If the first hung up, the answers are dropped, and so given, here.
                let _ = first.send(answers);
            }
            batch.bytes.clear();
            batch.bytes.shrink_to(KEPT_BYTES);
        }
    }

    /// Makes a batch durable and gives the position at which it begins.
    fn write(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let mut open = self.open_segment(bytes.len() as u64)?;
        let start = self.end;
        if start == open.base + HEAD as u64 {
            open.begun = Timestamp::now();
        }
        if let Err(error) = self.disk.append(&open.file, bytes) {
            // Nothing of the batch was acknowledged. If it cannot be cut off, the segment is given up.
            if self.disk.cut(&open.file, start - open.base).is_ok() {
                self.open = Some(open);
            } else {
                self.end = start + bytes.len() as u64;
            }
            return Err(error);
        }
        self.end = start + bytes.len() as u64;
        let began = Instant::now();
        let synced = self.disk.sync(&open.file);
        self.metrics.synced(began.elapsed());
        if let Err(error) = synced {
            // After a failed sync the kernel may have dropped the pages: what this file holds is not known any more.
            let _ = self.disk.cut(&open.file, start - open.base);
            return Err(error);
        }
        self.open = Some(open);
        Ok(start)
    }

    /// Takes the open segment out, or makes the next one when there is none or it is full or old.
    fn open_segment(&mut self, more: u64) -> io::Result<Open> {
        if let Some(open) = self.open.take() {
            let length = self.end - open.base;
            let full = length + more > self.options.segment_bytes;
            if length <= HEAD as u64 || !(full || self.is_old(&open)) {
                return Ok(open);
            }
        }
        // A try that failed may have left its file: each has a base, and so a name, of its own.
        let base = self.end;
        self.end += HEAD as u64;
        let (_, file) = Segment::create(&*self.disk, &self.folder, base, self.queue.salt)?;
        Ok(Open { base, file, begun: Timestamp::now() })
    }

    /// Begins the next segment where retention waits for this one to be sealed.
    fn seal_if_old(&mut self) {
        let has_records = |open: &Open| self.end > open.base + HEAD as u64;
        if self.open.as_ref().is_some_and(|open| has_records(open) && self.is_old(open)) {
            match self.open_segment(0) {
                Ok(next) => {
                    self.open = Some(next);
                    self.extent.move_durable(self.end);
                }
                Err(error) => tracing::error!(%error, "the next segment of the log could not be begun"),
            }
        }
    }

    fn is_old(&self, open: &Open) -> bool {
        let age = Timestamp::now().duration_since(open.begun);
        self.options.retention.segment_age().is_some_and(|most| age.as_secs_f64() > most.as_secs_f64())
    }
}
