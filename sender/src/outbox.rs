//! The outbox: deliveries and their attempts on disk, in a folder with one SQLite file.
//!
//! Writes are durable when they return: a process that is killed loses no delivery and repeats at most the attempts in
//! flight. It contains no credentials: bodies are stored without their client secret, and credentials and secret URLs are
//! references that are resolved when a delivery is taken.

mod dead_letters;
mod destination;
mod destinations;
mod enqueue;
mod job;
mod prune;
mod queue;
mod reader;
mod status;
mod tables;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use delivery::{DestinationGroups, UrlError};
use schemas::reference::ReferenceError;
use storage::{DirLock, LinkedFile, durable_dir};

pub use self::{
    destination::{Address, Destination},
    enqueue::{DestinationId, Enqueue, Label, NewDelivery},
    job::JobId,
    prune::Pruned,
    reader::{Attempt, Filter, OutboxReader, StatusCount, StoredDelivery, Which},
    status::Status,
};
use crate::credentials::CredentialError;

pub const DEFAULT_FOLDER: &str = "flowingly/outbox";

/// The SQLite file in the folder.
const DATABASE_FILE: &str = "outbox.sqlite";

/// An outbox, locked against other writers until it is dropped.
#[derive(Debug)]
pub struct Outbox {
    reader: OutboxReader,
    groups: DestinationGroups,
    /// Numbers of the deliveries that were taken and not completed.
    in_flight: HashSet<u64>,
    longest_wait: Option<Duration>,
    destinations: HashMap<i64, Arc<Destination>>,
    folder: PathBuf,
    /// SQLite's file, which must stay in place.
    file: LinkedFile,
    /// Last, so that the file is closed before another writer may open it.
    _lock: DirLock,
}

impl Outbox {
    /// Opens the outbox in a folder, or creates one. Deliveries that were in flight when another process ended are due
    /// again.
    ///
    /// # Errors
    /// When the folder cannot be created or written, another process writes to the outbox, or its file is damaged or newer
    /// than this program.
    pub fn open(folder: &Path) -> Result<Self, OutboxError> {
        let failed = |source| OutboxError::Folder { folder: folder.to_owned(), source };
        // A folder of another user is refused: it holds the bodies of messages.
        durable_dir::make_private(folder).map_err(failed)?;
        let lock = DirLock::take(folder).map_err(failed)?;
        let lock = lock.ok_or_else(|| OutboxError::InUse { folder: folder.to_owned() })?;
        let reader = OutboxReader::create(folder)?;
        let file = LinkedFile::of_name(&folder.join(DATABASE_FILE)).map_err(failed)?;
        let mut outbox = Self {
            reader,
            groups: DestinationGroups::default(),
            in_flight: HashSet::new(),
            longest_wait: None,
            destinations: HashMap::new(),
            folder: folder.to_owned(),
            file,
            _lock: lock,
        };
        outbox.schedule(None)?;
        Ok(outbox)
    }

    /// Reads the outbox in a folder, also while another process writes to it.
    ///
    /// # Errors
    /// When there is no outbox, or it cannot be read.
    pub fn read(folder: &Path) -> Result<OutboxReader, OutboxError> {
        OutboxReader::open(folder)
    }

    /// Reads this outbox.
    pub fn reader(&self) -> &OutboxReader {
        &self.reader
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Schedules the pending deliveries of one job, or with `None` all pending deliveries. No delivery may be in flight.
    pub fn schedule(&mut self, job: Option<JobId>) -> Result<(), OutboxError> {
        let mut groups = DestinationGroups::default();
        if let Some(longest) = self.longest_wait {
            groups.limit_wait(longest);
        }
        self.reader.each_pending(job, |id, destination, flow, due| {
            groups.push(id, destination, flow, due);
        })?;
        (self.groups, self.in_flight) = (groups, HashSet::new());
        Ok(())
    }

    /// Checks that its file was not deleted, moved or replaced, because then what is written is lost.
    fn check_place(&self) -> Result<(), OutboxError> {
        self.file.check().map_err(|_| OutboxError::Displaced { folder: self.folder.clone() })
    }

    /// Number of deliveries that are scheduled: waiting or in flight.
    pub fn scheduled(&self) -> usize {
        self.groups.len()
    }
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The folder cannot be made, opened or locked.
    #[error("cannot use the outbox in {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    /// Another process writes to it.
    #[error("the outbox in {} is in use by another process", folder.display())]
    InUse { folder: PathBuf },
    /// Its file was deleted, moved or replaced while it was in use.
    #[error(
        "the outbox in {} is gone: it, or a folder above it, was deleted, moved or replaced while it was in use. Nothing \
         more is sent, because the result would be lost; restore it and run the command again",
        folder.display()
    )]
    Displaced { folder: PathBuf },
    #[error("there is no outbox in {}", folder.display())]
    Missing { folder: PathBuf },
    /// It was written by a newer version of this program.
    #[error(
        "the outbox in {} has schema version {found}, and this program supports up to {known}; use the newer program",
        folder.display()
    )]
    Newer {
        folder: PathBuf,
        /// Schema version of the file.
        found: i64,
        /// The newest supported schema version.
        known: i64,
    },
    /// SQLite says no: a full disk, a damaged file.
    #[error("the outbox cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// A destination's URL is not available.
    #[error("the URL of the destination `{destination}` is not available: {source}")]
    Reference { destination: Arc<str>, source: ReferenceError },
    /// A destination's URL cannot be posted to.
    #[error("the URL of the destination `{destination}` cannot be used: {source}")]
    Url { destination: Arc<str>, source: UrlError },
    #[error("the credentials of the destination `{destination}` is not available: {source}")]
    Credentials { destination: Arc<str>, source: CredentialError },
    /// A message for a destination with a client secret has no place for one.
    #[error("a message for `{destination}` has no place for the client secret")]
    NoPlaceForSecret { destination: Arc<str> },
}
