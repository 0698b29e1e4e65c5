//! The folder that holds everything the receiver keeps, for one receiver at a time.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use storage::{DirLock, durable_dir, try_lock};

/// How long to wait for the folder: a command that checks whether it is in use holds it for a moment.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);
/// How long to wait until a command that is writing the index releases it, which it does after each batch.
const INDEX_LOCK_TIMEOUT: Duration = Duration::from_secs(5);
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// The data folder, locked against other receivers until dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: DirLock,
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
            match DirLock::take(path).map_err(io)? {
                Some(lock) => return Ok(Self { path: path.to_owned(), _lock: lock, index: None }),
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
        DirLock::is_taken(path)
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

    pub(crate) fn refusals_in(data: &Path) -> PathBuf {
        data.join("refused.json")
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
        Ok(try_lock(&file)?.then_some(Self(file)))
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
        assert!(try_lock(&file).unwrap());
        assert!(DataFolder::is_in_use(root.path()));
        assert!(matches!(DataFolder::open(root.path()), Err(DataFolderError::InUse { .. })));
    }

    #[test]
    fn asking_whether_it_is_in_use_keeps_nobody_out() {
        let root = TempDir::new().unwrap();
        let file = File::open(root.path()).unwrap();
        file.try_lock_shared().unwrap();
        let asked = thread::scope(|scope| {
            let opening = scope.spawn(|| DataFolder::open(root.path()));
            drop(file);
            opening.join().unwrap()
        });
        drop(asked.unwrap());
    }
}
