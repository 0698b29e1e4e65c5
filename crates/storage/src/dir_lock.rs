//! The exclusive lock on a folder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::io::Errno;

/// An exclusive lock on a folder, held until it is dropped.
///
/// The folder itself is locked, so that deleting a file in it does not release the lock. The file `lock` in it is locked
/// too, for earlier versions of the programs, and for file systems (NFS) that do not lock folders.
#[derive(Debug)]
pub struct DirLock {
    folder: File,
    file: File,
}

impl DirLock {
    /// Locks a folder; `None` if another process has locked it.
    ///
    /// # Errors
    /// When the folder cannot be opened or locked, or its lock file cannot be created.
    pub fn take(folder: &Path) -> io::Result<Option<Self>> {
        let opened = File::open(folder)?;
        match try_lock(&opened) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) if is_unsupported(&error) => {}
            Err(error) => return Err(error),
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join("lock"))?;
        Ok(try_lock(&file)?.then_some(Self { folder: opened, file }))
    }

    /// Whether a process has locked the folder.
    pub fn is_taken(folder: &Path) -> bool {
        // A shared lock, so that two processes that ask at the same time do not see each other.
        let is_locked = |name: &Path| File::open(name).is_ok_and(|file| file.try_lock_shared().is_err());
        is_locked(folder) || is_locked(&folder.join("lock"))
    }
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing is not enough: a child that another thread starts right now has a copy of the file for a moment, which
        // would keep the lock. If unlocking fails, closing still releases it.
        let _ = (self.folder.unlock(), self.file.unlock());
    }
}

/// Locks a file exclusively until it is closed; `false` if another process has locked it.
///
/// # Errors
/// When the file system does not support it.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// NFS locks only what is open for writing, which a folder cannot be.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::BADF | Errno::INVAL | Errno::NOLCK | Errno::NOTSUP))
}
