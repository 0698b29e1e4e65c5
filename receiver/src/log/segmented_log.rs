//! The default log: a folder of segment files, written by one thread.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::SystemTime,
};

use tokio::sync::watch;

use super::{
    AppendError, LogId, LogIdentity, LogReader, Position, Record, Recovery, Removed, Retention, RetentionPin,
    bounds::LogBounds,
    disk::{Disk, FileSystem},
    inventory::Inventory,
    placement::Placement,
    queue::{Leader, Queued, WriteQueue},
    recovery::recover,
    retention::Pins,
    segment::Segment,
    writer::{SegmentOptions, Writer},
};
use crate::metrics::LogMetrics;

/// A log in a folder of its own. Dropping it writes what is queued and waits for that.
#[derive(Debug)]
pub struct SegmentedLog {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    queue: Arc<WriteQueue>,
    bounds: Arc<LogBounds>,
    placement: Arc<Placement>,
    inventory: Arc<Inventory>,
    retention: Retention,
    pins: Pins,
    metrics: Arc<LogMetrics>,
    writer: Option<JoinHandle<()>>,
}

impl SegmentedLog {
    /// Opens or creates the log in a folder, repairs its end, and starts its writer. The caller ensures that no other
    /// process writes there.
    pub fn open(folder: &Path, options: SegmentOptions) -> io::Result<(Self, Recovery)> {
        Self::open_on(Arc::new(FileSystem), folder, options)
    }

    /// As [`Self::open`], on another disk than the machine's.
    pub fn open_on(disk: Arc<dyn Disk>, folder: &Path, options: SegmentOptions) -> io::Result<(Self, Recovery)> {
        storage::durable_dir::make(folder)?;
        let recovered = recover(&*disk, folder)?;
        let salt = match recovered.salt {
            Some(salt) => salt,
            None => draw_salt()?,
        };
        let queue = Arc::new(WriteQueue::new(options.queue_bytes, salt));
        let metrics = Arc::<LogMetrics>::default();
        let placement = Arc::new(Placement::new(disk.clone(), folder)?);
        let inventory = Arc::new(Inventory::of(folder)?);
        let files = (placement.clone(), inventory.clone());
        let writer =
            Writer::new(disk.clone(), folder.to_owned(), files, queue.clone(), options, &recovered, metrics.clone())?;
        let bounds = writer.bounds.clone();
        let thread = thread::Builder::new().name("log-writer".to_owned()).spawn(move || writer.run())?;
        let log = Self {
            disk,
            folder: folder.to_owned(),
            queue,
            bounds,
            placement,
            inventory,
            retention: options.retention,
            pins: Pins::default(),
            metrics,
            writer: Some(thread),
        };
        Ok((log, recovered.report))
    }

    /// Appends a record. Once the future returns a position, the record is durable.
    pub async fn append(&self, record: &Record) -> Result<Position, AppendError> {
        let Queued { durable, first } = self.queue.push(record)?;
        if let Some(Leader { flush, answers }) = first {
            // Requests that are ready now are pushed before this goes on, and share the sync.
            tokio::task::yield_now().await;
            drop(flush);
            drop(answers.await);
        }
        durable.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Reads what is durable, from the first record at or after a position.
    pub fn read(&self, from: Position) -> io::Result<LogReader> {
        Ok(LogReader::new(self.folder.clone(), from, Some(self.bounds.clone())))
    }

    /// Checks that what is written is found again after a restart.
    pub fn check_place(&self) -> io::Result<()> {
        self.placement.check()
    }

    /// Repairs the log in a folder as [`Self::open`] does, without appending to it. The caller ensures that no other
    /// process writes there.
    pub fn repair(folder: &Path) -> io::Result<Recovery> {
        Ok(recover(&FileSystem, folder)?.report)
    }

    /// Notifies about every new durable end, and when retention has moved the start.
    pub fn subscribe(&self) -> watch::Receiver<Position> {
        self.bounds.subscribe()
    }

    pub fn end(&self) -> Position {
        Position(self.bounds.durable())
    }

    /// Where the log begins: retention removed what was before.
    pub fn start(&self) -> Position {
        Position(self.bounds.start())
    }

    pub fn identity(&self) -> LogIdentity {
        LogIdentity { id: Some(LogId::of(self.queue.salt)), end: self.end(), folder: self.folder.clone() }
    }

    /// Which log is in a folder, and how far it reaches.
    pub fn identity_of(folder: &Path) -> io::Result<LogIdentity> {
        let segments = Segment::list(folder)?;
        let id = segments.first().map(|segment| LogId::of(segment.salt));
        let end = segments.last().map_or(Ok(0), Segment::end)?;
        Ok(LogIdentity { id, end: Position(end), folder: folder.to_owned() })
    }

    /// Removes the segments that are too old or too many, and lets the writer seal the open one if it is old. To be
    /// called regularly, by one caller at a time.
    pub fn retain(&self, now: SystemTime) -> io::Result<Removed> {
        if self.retention.is_unlimited() {
            return Ok(Removed::default());
        }
        // Another log may have the folder's name, and what it holds is not this one's to remove.
        self.placement.check_folder()?;
        self.queue.request_roll();
        let shared = (&*self.bounds, &*self.inventory);
        self.retention.apply(&*self.disk, &self.folder, shared, self.pins.lowest(), now)
    }

    /// The segments that somebody else has deleted or moved, oldest first.
    pub fn missing(&self) -> io::Result<Vec<PathBuf>> {
        self.inventory.missing(&self.folder)
    }

    /// Keeps what lies from a position on until the hold moves on: for a consumer that may miss nothing, from the
    /// cursor that it has on disk.
    pub fn pin(&self, from: Position) -> RetentionPin {
        self.pins.add(from)
    }

    pub(crate) fn metrics(&self) -> &LogMetrics {
        &self.metrics
    }

    /// Whether the writer still runs; only a fault of the program ends it.
    pub(crate) fn is_writing(&self) -> bool {
        self.writer.as_ref().is_some_and(|writer| !writer.is_finished())
    }

    pub fn queued(&self) -> (usize, usize) {
        self.queue.waiting()
    }

    pub fn queue_limit(&self) -> usize {
        self.queue.limit
    }

    pub fn size(&self) -> io::Result<u64> {
        fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
    }

    /// Reads a log that another process may be writing, up to its last whole record.
    pub fn read_folder(folder: &Path, from: Position) -> LogReader {
        LogReader::new(folder.to_owned(), from, None)
    }

    pub fn end_of(folder: &Path) -> io::Result<Position> {
        let newest = Segment::list(folder)?.into_iter().next_back();
        newest.map_or(Ok(Position(0)), |segment| segment.end().map(Position))
    }
}

impl Drop for SegmentedLog {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has dropped its waiting senders, which refuses their messages.
            let _ = writer.join();
        }
    }
}

fn draw_salt() -> io::Result<[u8; 8]> {
    let mut salt = [0; 8];
    getrandom::fill(&mut salt)?;
    Ok(salt)
}
