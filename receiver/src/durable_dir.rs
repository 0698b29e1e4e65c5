//! Folders that survive a power cut: a new one is synced into its parent, and accessible only to its owner.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::fs::{Gid, Uid, fchown};

/// Creates a folder and its parents if they are missing, durably, and sets the folder's mode to 0700. A folder of another
/// user, such as a mounted volume for this user's group, keeps its mode.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    make_missing(folder)?;
    match fs::set_permissions(folder, fs::Permissions::from_mode(0o700)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

/// Makes a folder's entries durable.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    // The parent of a relative name without a folder is the working directory.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// A file's folder; the working directory if its name has none.
pub(crate) fn of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a new file the owner of its folder: what root creates in a service's folder must belong to the service. Only root
/// can do this, and only root needs to.
pub(crate) fn hand_over(file: &File, folder: &Path) {
    if let Ok(owner) = fs::metadata(folder) {
        // It fails without the right to change owners.
        let _ = fchown(file, Some(Uid::from_raw(owner.uid())), Some(Gid::from_raw(owner.gid())));
    }
}

fn make_missing(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new(""));
    make_missing(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync(parent),
    }
}
