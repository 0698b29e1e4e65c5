//! The outbox's folder: accessible only to its owner, durable before anything is stored in it, and locked by one writer.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::OutboxError;

/// A folder that is locked against other writers. The folder itself is locked, so that deleting a file does not release
/// it; the file `lock` is locked too, for earlier versions of this program and for file systems (NFS) without locks on
/// folders.
#[derive(Debug)]
pub(super) struct FolderLock {
    folder: File,
    file: File,
    /// SQLite's file: its name, device and inode.
    database: Option<(PathBuf, u64, u64)>,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that another thread starts right now has a copy of it for a moment, which
        // would keep the lock. If unlocking fails, closing still releases it.
        let _ = (self.folder.unlock(), self.file.unlock());
    }
}

impl FolderLock {
    /// Remembers the file that must stay in place.
    pub(super) fn watch(&mut self, database: &Path) -> io::Result<()> {
        let name = std::path::absolute(database)?;
        let there = fs::metadata(&name)?;
        self.database = Some((name, there.dev(), there.ino()));
        Ok(())
    }

    /// Whether the file is still in place. What is written to a deleted, moved or replaced file is lost.
    pub(super) fn is_in_place(&self) -> bool {
        self.database.as_ref().is_none_or(|(name, device, inode)| {
            fs::metadata(name).is_ok_and(|there| (there.dev(), there.ino()) == (*device, *inode))
        })
    }
}

/// Creates the folder if it is missing, sets its mode to 0700, and locks it.
pub(super) fn lock(folder: &Path) -> Result<FolderLock, OutboxError> {
    let failed = |source| OutboxError::Folder { folder: folder.to_owned(), source };
    create(folder).map_err(failed)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let in_use = || OutboxError::InUse { folder: folder.to_owned() };
    let locked = File::open(folder).map_err(failed)?;
    // NFS does not lock folders; the file is locked in any case.
    if matches!(locked.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(in_use());
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join("lock"));
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { folder: locked, file, database: None }),
        Err(TryLockError::WouldBlock) => Err(in_use()),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Makes a folder's entries durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    // The parent of a relative name without a folder is the working directory.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn create(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new(""));
    create(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync(parent),
    }
}
