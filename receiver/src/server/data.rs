//! The folder that holds everything the receiver keeps. One receiver at a time.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::folder;

/// The data folder, held against other receivers until dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataFolderError {
    /// It cannot be made, opened or locked.
    #[error("cannot use the data folder {}: {source}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has it.
    #[error("the data folder {} is in use by another receiver; stop it, or give this one another `data_dir`", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
}

impl DataFolder {
    /// Makes the folder if there is none, tightens its mode to 0700, and locks it.
    ///
    /// # Errors
    /// When it cannot be made or written, or another process holds it.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        let io = |source| DataFolderError::Io { folder: path.to_owned(), source };
        folder::make(path).map_err(io)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"));
        let lock = lock.map_err(io)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(DataFolderError::InUse { folder: path.to_owned() }),
            Err(errno) => Err(io(errno.into())),
        }
    }

    /// Whether a receiver, or a command that changes something, has the folder.
    pub fn is_in_use(path: &Path) -> bool {
        let lock = File::open(path.join("lock"));
        lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_err())
    }

    /// Where the log lies.
    pub fn log(&self) -> PathBuf {
        Self::log_in(&self.path)
    }

    /// Where the index lies.
    pub fn index(&self) -> PathBuf {
        Self::index_in(&self.path)
    }

    /// Where the relay keeps what is due, in a data folder.
    #[cfg(feature = "relay")]
    pub fn relay_in(data: &Path) -> PathBuf {
        data.join("relay")
    }

    /// Where the log lies in a data folder.
    pub fn log_in(data: &Path) -> PathBuf {
        data.join("log")
    }

    /// Where the index lies in a data folder.
    pub fn index_in(data: &Path) -> PathBuf {
        data.join("index.sqlite")
    }
}
