//! The one writer: takes whatever is queued, writes it at once, syncs once, acknowledges all. At most one batch is in
//! flight.

use std::{io, mem, path::PathBuf, sync::Arc, time::Instant};

use jiff::Timestamp;

use super::{
    Retention,
    bounds::LogBounds,
    disk::{Disk, LogFile},
    inventory::Inventory,
    placement::Placement,
    queue::{BatchResult, RecordBatch, WriteQueue},
    recovery::Recovered,
    segment::{SEGMENT_HEADER_BYTES, Segment},
};
use crate::metrics::LogMetrics;

/// Room that a batch keeps for the next one; what large messages needed is given back.
const KEPT_BYTES: usize = 1 << 20;

/// Sizes of a log, in bytes, and how long it keeps messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentOptions {
    /// Size at which the next segment is begun; 64 MiB by default.
    pub segment_bytes: u64,
    /// Maximum number of bytes that wait to be written; beyond it messages are refused. 32 MiB by default.
    pub queue_bytes: usize,
    /// How long messages are kept; forever by default.
    pub retention: Retention,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, queue_bytes: 32 << 20, retention: Retention::default() }
    }
}

/// The open segment and all that its writer needs.
pub(super) struct Writer {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) queue: Arc<WriteQueue>,
    pub(super) bounds: Arc<LogBounds>,
    placement: Arc<Placement>,
    inventory: Arc<Inventory>,
    pub(super) options: SegmentOptions,
    /// The segment that is written; `None` after a failed sync, until there is room for the next.
    open: Option<ActiveSegment>,
    /// Position just past the last byte that was written, or attempted.
    end: u64,
    metrics: Arc<LogMetrics>,
}

struct ActiveSegment {
    base: u64,
    file: Arc<LogFile>,
    /// When its first record arrived, as far as is known.
    begun: Timestamp,
}

impl Writer {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        (placement, inventory): (Arc<Placement>, Arc<Inventory>),
        queue: Arc<WriteQueue>,
        options: SegmentOptions,
        recovered: &Recovered,
        metrics: Arc<LogMetrics>,
    ) -> io::Result<Self> {
        let open = match &recovered.newest {
            Some((segment, first)) => {
                let file = Arc::new(disk.open(&segment.path)?);
                file.expect_bytes(recovered.end - segment.base);
                Some(ActiveSegment { base: segment.base, file, begun: first.unwrap_or_else(Timestamp::now) })
            }
            None => None,
        };
        placement.set(open.as_ref().map(|open| &open.file));
        let bounds = Arc::new(LogBounds::new(recovered.start, recovered.end));
        Ok(Self { disk, folder, queue, bounds, placement, inventory, options, open, end: recovered.end, metrics })
    }

    /// Writes batches until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut batch = RecordBatch::default();
        while self.queue.take(&mut batch) {
            if batch.waiting.is_empty() {
                self.seal_if_old();
                continue;
            }
            self.metrics.begin_batch();
            let outcome = self.write(&batch.bytes);
            if let Err(error) = &outcome {
                self.report(error, batch.bytes.len());
            }
            self.metrics.end_batch(batch.waiting.len(), batch.bytes.len(), outcome.is_ok());
            if outcome.is_ok() {
                self.bounds.advance_end(self.end);
            }
            let answers = BatchResult { start: outcome.ok(), waiting: mem::take(&mut batch.waiting) };
            if let Some(first) = batch.first.take() {
                // If the first hung up, the answers are dropped, and so given, here.
                let _ = first.send(answers);
            }
            batch.bytes.clear();
            batch.bytes.shrink_to(KEPT_BYTES);
        }
    }

    /// Logs why a batch was refused. That the log is not in its place is logged once, not for each batch.
    fn report(&self, error: &io::Error, bytes: usize) {
        self.placement.set(self.open.as_ref().map(|open| &open.file));
        if self.placement.check().is_ok() {
            tracing::error!(%error, bytes, "the log could not be written; its messages were refused");
        }
    }

    /// Makes a batch durable and gives the position at which it begins.
    fn write(&mut self, bytes: &[u8]) -> io::Result<u64> {
        if self.placement.is_displaced() {
            self.placement.check()?;
        }
        let mut open = self.open_segment(bytes.len() as u64)?;
        let start = self.end;
        if start == open.base + SEGMENT_HEADER_BYTES as u64 {
            open.begun = Timestamp::now();
        }
        if let Err(error) = self.disk.append(&open.file, bytes) {
            self.take_back(open, start, bytes.len() as u64);
            return Err(error);
        }
        self.end = start + bytes.len() as u64;
        open.file.expect_bytes(self.end - open.base);
        let began = Instant::now();
        let synced = self.disk.sync(&open.file);
        self.metrics.synced(began.elapsed());
        if let Err(error) = synced {
            // After a failed sync the kernel may have dropped the pages: what this file holds is not known any more.
            let _ = self.disk.truncate(&open.file, start - open.base);
            return Err(error);
        }
        if let Err(error) = self.placement.check() {
            // It is on the disk, and nobody would find it there.
            self.take_back(open, start, bytes.len() as u64);
            return Err(error);
        }
        self.open = Some(open);
        Ok(start)
    }

    /// Cuts off a batch of which nothing was acknowledged. If that fails, the segment is given up.
    fn take_back(&mut self, open: ActiveSegment, start: u64, bytes: u64) {
        open.file.expect_bytes(start - open.base);
        if self.disk.truncate(&open.file, start - open.base).is_ok() {
            self.end = start;
            self.open = Some(open);
        } else {
            self.end = start + bytes;
        }
    }

    /// Takes the open segment out, or makes the next one when there is none or it is full or old.
    fn open_segment(&mut self, more: u64) -> io::Result<ActiveSegment> {
        if let Some(open) = self.open.take() {
            let length = self.end - open.base;
            let full = length + more > self.options.segment_bytes;
            if length <= SEGMENT_HEADER_BYTES as u64 || !(full || self.is_old(&open)) {
                return Ok(open);
            }
            // If the log is not in its place, this segment may still come back.
            if let Err(error) = self.placement.check() {
                self.open = Some(open);
                return Err(error);
            }
        }
        self.placement.check_folder()?;
        // A try that failed may have left its file: each has a base, and so a name, of its own.
        let base = self.end;
        self.end += SEGMENT_HEADER_BYTES as u64;
        let (_, file) = Segment::create(&*self.disk, &self.folder, base, self.queue.salt)?;
        let file = Arc::new(file);
        self.inventory.add(base);
        self.placement.set(Some(&file));
        Ok(ActiveSegment { base, file, begun: Timestamp::now() })
    }

    /// Begins the next segment where retention waits for this one to be sealed.
    fn seal_if_old(&mut self) {
        let has_records = |open: &ActiveSegment| self.end > open.base + SEGMENT_HEADER_BYTES as u64;
        if self.open.as_ref().is_some_and(|open| has_records(open) && self.is_old(open)) {
            match self.open_segment(0) {
                Ok(next) => {
                    self.open = Some(next);
                    self.bounds.advance_end(self.end);
                }
                // That the log is not in its place was logged.
                Err(_) if self.placement.is_displaced() => {}
                Err(error) => tracing::error!(%error, "the next segment of the log could not be begun"),
            }
        }
    }

    fn is_old(&self, open: &ActiveSegment) -> bool {
        let age = Timestamp::now().duration_since(open.begun);
        self.options.retention.segment_age().is_some_and(|most| age.as_secs_f64() > most.as_secs_f64())
    }
}
