//! The folder that holds everything the receiver keeps, for one receiver at a time.

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

use crate::durable_dir;

/// How long to wait for the folder: a command that checks whether it is in use holds it for a moment.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);
/// How long to wait until a command that is writing the index releases it, which it does after each batch.
const INDEX_LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// The data folder, locked against other receivers until dropped.
///
/// The lock is on the folder itself: deleting a file in it does not let a second receiver in. The file `lock` is locked too,
/// for earlier versions of this program, and for file systems (NFS) that do not lock folders.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _locks: [File; 2],
    index: Option<IndexLock>,
}

/// Held by the process that writes the index of a data folder: a receiver, or a command if no receiver is running.
#[derive(Debug)]
pub(crate) struct IndexLock(#[expect(dead_code, reason = "dropping it releases the lock")] File);

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataFolderError {
    #[error("cannot use the data folder {}: {source}", folder.display())]
    Io { folder: PathBuf, source: io::Error },
    #[error("the data folder {} is in use by another receiver; stop it, or give this one another `data_dir`", folder.display())]
    InUse { folder: PathBuf },
}

impl DataFolder {
    /// Creates the folder if there is none, sets its mode to 0700, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, DataFolderError> {
        let io = |source| DataFolderError::Io { folder: path.to_owned(), source };
        durable_dir::make(path).map_err(io)?;
        let began = Instant::now();
        loop {
            match lock(path).map_err(io)? {
                Some(locks) => return Ok(Self { path: path.to_owned(), _locks: locks, index: None }),
                None if began.elapsed() < LOCK_TIMEOUT => thread::sleep(LOCK_RETRY_INTERVAL),
                None => return Err(DataFolderError::InUse { folder: path.to_owned() }),
            }
        }
    }

    /// Locks the index. A command that is writing it releases it when it sees that the folder is in use. After a timeout, as
    /// for a suspended process, the index is written without the lock: SQLite allows two writers.
    pub(crate) fn take_index(&mut self) -> io::Result<()> {
        let began = Instant::now();
        while self.index.is_none() && began.elapsed() < INDEX_LOCK_TIMEOUT {
            self.index = IndexLock::take(&self.path)?;
            if self.index.is_none() {
                thread::sleep(LOCK_RETRY_INTERVAL);
            }
        }
        Ok(())
    }

    /// Whether a receiver or `log repair` has locked the folder.
    pub(crate) fn is_in_use(path: &Path) -> bool {
        let is_locked =
            |name: &Path| File::open(name).is_ok_and(|file| !matches!(try_lock(&file, SHARED_LOCK), Ok(true)));
        is_locked(path) || is_locked(&path.join("lock"))
    }

    pub(crate) fn log(&self) -> PathBuf {
        Self::log_in(&self.path)
    }

    pub(crate) fn index(&self) -> PathBuf {
        Self::index_in(&self.path)
    }

    #[cfg(feature = "relay")]
    pub(crate) fn relay_in(data: &Path) -> PathBuf {
        data.join("relay")
    }

    pub fn log_in(data: &Path) -> PathBuf {
        data.join("log")
    }

    pub(crate) fn index_in(data: &Path) -> PathBuf {
        data.join("index.sqlite")
    }
}

impl IndexLock {
    /// Locks the index of a data folder; `None` if another process has locked it.
    pub(crate) fn take(data: &Path) -> io::Result<Option<Self>> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(data.join("index.lock"))?;
        durable_dir::hand_over(&file, data);
        Ok(try_lock(&file, EXCLUSIVE_LOCK)?.then_some(Self(file)))
    }
}

const EXCLUSIVE_LOCK: FlockOperation = FlockOperation::NonBlockingLockExclusive;
const SHARED_LOCK: FlockOperation = FlockOperation::NonBlockingLockShared;

/// Locks a folder and the file in it; `None` if another process has locked one of them.
fn lock(path: &Path) -> io::Result<Option<[File; 2]>> {
    let folder = File::open(path)?;
    match try_lock(&folder, EXCLUSIVE_LOCK) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        // NFS locks only what is open for writing, which a folder cannot be.
        Err(Errno::BADF | Errno::INVAL | Errno::NOLCK | Errno::NOTSUP) => {}
        Err(errno) => return Err(errno.into()),
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"))?;
    Ok(try_lock(&file, EXCLUSIVE_LOCK)?.then_some([folder, file]))
}

/// Whether the lock is acquired; it is held until the file is closed.
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
        assert!(try_lock(&file, EXCLUSIVE_LOCK).unwrap());
        assert!(DataFolder::is_in_use(root.path()));
        assert!(matches!(DataFolder::open(root.path()), Err(DataFolderError::InUse { .. })));
    }

    #[test]
    fn asking_whether_it_is_in_use_keeps_nobody_out() {
        let root = TempDir::new().unwrap();
        let file = File::open(root.path()).unwrap();
        assert!(try_lock(&file, SHARED_LOCK).unwrap());
        let asked = thread::scope(|scope| {
            let opening = scope.spawn(|| DataFolder::open(root.path()));
            drop(file);
            opening.join().unwrap()
        });
        drop(asked.unwrap());
    }
}
