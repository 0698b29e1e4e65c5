//! The outbox: deliveries on disk until it is known what came of each, and every attempt at them.
//!
//! A folder with one SQLite file. What it says was written is on the disk: a process that is killed at any moment loses
//! no delivery, and repeats at most the attempts that were in flight. It holds no credential: a client secret's place
//! in a body is kept, emptied, and credentials are references that are followed when a delivery is taken. A URL that is
//! a secret itself is given as a reference too ([`Address::Reference`]).

mod backlog;
mod dead_letters;
mod destination;
mod destinations;
mod emptied;
mod folder;
mod intake;
mod job;
mod ledger;
mod prune;
mod status;
mod tables;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use schemas::reference::ReferenceError;

pub use self::{
    destination::{Address, Destination},
    emptied::{Emptied, NotEmptied},
    intake::{DestinationId, Intake, Label, NewDelivery},
    job::JobId,
    ledger::{Attempt, Filter, Ledger, StoredDelivery, Tally, Which},
    prune::Pruned,
    status::{LastAnswer, Status, StatusWord},
};
use crate::{
    credentials::CredentialError,
    delivery::{HeaderError, Lanes, TargetError},
};

/// Where commands keep their outbox unless they are told otherwise.
pub const DEFAULT_FOLDER: &str = "flowingly/outbox";

/// The SQLite file in the folder.
const FILE: &str = "outbox.sqlite";

/// An outbox, held against other writers until it is dropped.
#[derive(Debug)]
pub struct Outbox {
    ledger: Ledger,
    lanes: Lanes,
    /// Numbers of the deliveries that were taken and not settled.
    in_flight: HashSet<u64>,
    longest_wait: Option<Duration>,
    destinations: HashMap<i64, Arc<Destination>>,
    folder: PathBuf,
    /// Last, so that the file is closed before another writer may open it.
    hold: folder::Hold,
}

impl Outbox {
    /// Opens the outbox in a folder, or makes one. What was in flight when another process ended is due again.
    ///
    /// # Errors
    /// When the folder cannot be made or written, another process writes to the outbox, or its file is damaged or newer
    /// than this program.
    pub fn open(folder: &Path) -> Result<Self, OutboxError> {
        let mut hold = folder::hold(folder)?;
        let ledger = Ledger::create(folder)?;
        hold.watch(&folder.join(FILE)).map_err(|source| OutboxError::Folder { folder: folder.to_owned(), source })?;
        let mut outbox = Self {
            ledger,
            lanes: Lanes::new(),
            in_flight: HashSet::new(),
            longest_wait: None,
            destinations: HashMap::new(),
            folder: folder.to_owned(),
            hold,
        };
        outbox.schedule(None)?;
        Ok(outbox)
    }

    /// Reads the outbox in a folder, beside a process that writes to it or alone.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn read(folder: &Path) -> Result<Ledger, OutboxError> {
        Ledger::open(folder)
    }

    /// What is written in it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Confines what is handed out to the deliveries of one job, or with `None` to all that are pending. Nothing may be
    /// in flight.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn schedule(&mut self, job: Option<JobId>) -> Result<(), OutboxError> {
        let mut lanes = Lanes::new();
        if let Some(longest) = self.longest_wait {
            lanes.limit_wait(longest);
        }
        self.ledger.each_pending(job, |id, destination, flow, due| {
            lanes.push(id, destination, flow, due);
        })?;
        (self.lanes, self.in_flight) = (lanes, HashSet::new());
        Ok(())
    }

    /// Whether its file is still where it was when it was opened.
    ///
    /// # Errors
    /// When it was deleted, moved or replaced: what is written is lost.
    fn check_place(&self) -> Result<(), OutboxError> {
        if self.hold.is_in_place() { Ok(()) } else { Err(OutboxError::Displaced { folder: self.folder.clone() }) }
    }

    /// How many deliveries are scheduled: waiting or in flight.
    pub fn scheduled(&self) -> usize {
        self.lanes.len()
    }
}

/// Why an outbox cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The folder cannot be made, opened or locked.
    #[error("cannot use the outbox in {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process writes to it.
    #[error("the outbox in {} is in use by another process", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// Its file was deleted, moved or replaced while it was in use.
    #[error(
        "the outbox in {} is gone: it, or a folder above it, was deleted, moved or replaced while it was in use. Nothing \
         more is sent, since what came of it would be lost; bring it back and run the command again",
        folder.display()
    )]
    Displaced {
        /// The folder.
        folder: PathBuf,
    },
    /// There is none.
    #[error("there is no outbox in {}", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// It was written by a newer version of this program.
    #[error("the outbox in {} has form {found}, and this program knows forms up to {known}", folder.display())]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// The form of the file.
        found: i64,
        /// The newest form that is known here.
        known: i64,
    },
    /// SQLite says no: a full disk, a damaged file.
    #[error("the outbox cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// A destination's URL cannot be had.
    #[error("the URL of the destination `{destination}` cannot be had: {source}")]
    Reference {
        /// The destination's name.
        destination: Arc<str>,
        /// Why not.
        source: ReferenceError,
    },
    /// A destination's URL cannot be posted to.
    #[error("the URL of the destination `{destination}` cannot be used: {source}")]
    Target {
        /// The destination's name.
        destination: Arc<str>,
        /// Why not.
        source: TargetError,
    },
    /// A destination's credentials cannot be had.
    #[error("the credentials of the destination `{destination}` cannot be had: {source}")]
    Credentials {
        /// The destination's name.
        destination: Arc<str>,
        /// Why not.
        source: CredentialError,
    },
    /// A destination's credentials cannot stand in a header.
    #[error("the credentials of the destination `{destination}` cannot be sent: {source}")]
    Header {
        /// The destination's name.
        destination: Arc<str>,
        /// Why not.
        source: HeaderError,
    },
    /// A message for a destination with a client secret has no place for one.
    #[error("a message for `{destination}` has no place for the client secret")]
    NoPlaceForSecret {
        /// The destination's name.
        destination: Arc<str>,
    },
}
