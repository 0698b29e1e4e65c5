//! The folder that holds everything the receiver keeps. One receiver at a time.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::folder;

/// How long to wait for the folder: a command that asks whether it is in use has it for a moment.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long to wait for a command that is writing the index to give it up; it looks after each batch.
const INDEX_PATIENCE: Duration = Duration::from_secs(5);
/// How often to try.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// The data folder, held against other receivers until dropped.
///
/// The lock is on the folder itself: no file can be deleted that would let a second receiver in, and a folder that takes
/// its name is another one. The file `lock` is locked too, for earlier versions of this program, and for file systems
/// (NFS) that do not lock folders.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _locks: [File; 2],
    index: Option<IndexLock>,
}

/// Held by whoever writes the index of a data folder: a receiver, or a command where no receiver runs.
#[derive(Debug)]
pub struct IndexLock(#[expect(dead_code, reason = "it is let go when it is dropped")] File);

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
        let began = Instant::now();
        loop {
            match lock(path).map_err(io)? {
                Some(locks) => return Ok(Self { path: path.to_owned(), _locks: locks, index: None }),
                None if began.elapsed() < PATIENCE => thread::sleep(TRY_EVERY),
                None => return Err(DataFolderError::InUse { folder: path.to_owned() }),
            }
        }
    }

    /// Takes the index over from a command that is writing it, which gives it up when it sees that the folder is in use.
    /// One that does not, such as a stopped process, is not waited for long: an index can be written by two.
    ///
    /// # Errors
    /// When the lock's file cannot be made.
    pub fn take_index(&mut self) -> io::Result<()> {
        let began = Instant::now();
        while self.index.is_none() && began.elapsed() < INDEX_PATIENCE {
            self.index = IndexLock::take(&self.path)?;
            if self.index.is_none() {
                thread::sleep(TRY_EVERY);
            }
        }
        Ok(())
    }

    /// Whether a receiver, or `log repair`, has the folder.
    pub fn is_in_use(path: &Path) -> bool {
        let is_locked = |name: &Path| File::open(name).is_ok_and(|file| !matches!(try_lock(&file, SHARED), Ok(true)));
        is_locked(path) || is_locked(&path.join("lock"))
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

impl IndexLock {
    /// Takes the lock of a data folder's index; `None` where another process has it.
    ///
    /// # Errors
    /// When the lock's file cannot be made.
    pub fn take(data: &Path) -> io::Result<Option<Self>> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(data.join("index.lock"))?;
        folder::hand_over(&file, data);
        Ok(try_lock(&file, EXCLUSIVE)?.then_some(Self(file)))
    }
}

const EXCLUSIVE: FlockOperation = FlockOperation::NonBlockingLockExclusive;
const SHARED: FlockOperation = FlockOperation::NonBlockingLockShared;

/// The locks of a folder and of the file in it; `None` where another process has one.
fn lock(path: &Path) -> io::Result<Option<[File; 2]>> {
    let folder = File::open(path)?;
    match try_lock(&folder, EXCLUSIVE) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        // NFS locks only what is open for writing, as a folder cannot be.
        Err(Errno::BADF | Errno::INVAL | Errno::NOLCK | Errno::NOTSUP) => {}
        Err(errno) => return Err(errno.into()),
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"))?;
    Ok(try_lock(&file, EXCLUSIVE)?.then_some([folder, file]))
}

/// Whether the lock could be had; it lasts until the file is closed.
fn try_lock(file: &File, operation: FlockOperation) -> Result<bool, Errno> {
    match flock(file, operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn no_deleted_file_lets_a_second_receiver_in() {
        let root = TempDir::new().unwrap();
        let path = root.path().join("data");
        let held = DataFolder::open(&path).unwrap();
        for deleted in [&[][..], &["lock"], &["lock"]] {
            for name in deleted {
                // The first try below has made it again.
                fs::remove_file(path.join(name)).unwrap_or_default();
            }
            assert!(DataFolder::is_in_use(&path), "{deleted:?}");
            assert!(matches!(DataFolder::open(&path), Err(DataFolderError::InUse { .. })), "{deleted:?}");
        }
        drop(held);
        assert!(!DataFolder::is_in_use(&path));
        drop(DataFolder::open(&path).unwrap());
    }

    #[test]
    fn a_receiver_of_an_earlier_version_keeps_this_one_out() {
        let root = TempDir::new().unwrap();
        let file = File::create(root.path().join("lock")).unwrap();
        assert!(try_lock(&file, EXCLUSIVE).unwrap());
        assert!(DataFolder::is_in_use(root.path()));
        assert!(matches!(DataFolder::open(root.path()), Err(DataFolderError::InUse { .. })));
    }

    #[test]
    fn asking_whether_it_is_in_use_keeps_nobody_out() {
        let root = TempDir::new().unwrap();
        let file = File::open(root.path()).unwrap();
        assert!(try_lock(&file, SHARED).unwrap());
        let asked = thread::scope(|scope| {
            let opening = scope.spawn(|| DataFolder::open(root.path()));
            drop(file);
            opening.join().unwrap()
        });
        drop(asked.unwrap());
    }
}
