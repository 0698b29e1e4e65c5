//! The outbox's folder: open to its owner alone, on the disk before anything is kept in it, and held by one writer.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use super::OutboxError;

/// A folder that is held against other writers.
#[derive(Debug)]
pub(super) struct Hold(File);

impl Drop for Hold {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that another thread starts just now has a copy of it for a moment, and
        // would go on holding. Where it cannot be let go here, closing does it.
        let _ = self.0.unlock();
    }
}

/// Makes the folder where it is missing, sets its mode to 0700, and holds it until that is dropped.
pub(super) fn hold(folder: &Path) -> Result<Hold, OutboxError> {
    let failed = |source| OutboxError::Folder { folder: folder.to_owned(), source };
    make(folder).map_err(failed)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join("lock"));
    let lock = lock.map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(Hold(lock)),
        Err(TryLockError::WouldBlock) => Err(OutboxError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Makes a folder's entries durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    // The parent of a relative name without a folder is the working directory.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn make(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new(""));
    make(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync(parent),
    }
}
