//! Folders that survive a power cut: a new one is synced into its parent, and accessible only to its owner.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown},
    path::Path,
};

/// Creates a folder and its parents if they are missing, durably, and sets the folder's mode to 0700. A folder of another
/// user, such as a mounted volume for this user's group, keeps its mode.
///
/// # Errors
/// When it cannot be created, or is not a folder.
pub fn make(folder: &Path) -> io::Result<()> {
    make_missing(folder)?;
    match restrict(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

/// As [`make`], but refuses a folder of another user.
///
/// # Errors
/// When it cannot be created, is not a folder, or its mode cannot be set.
pub fn make_private(folder: &Path) -> io::Result<()> {
    make_missing(folder)?;
    restrict(folder)
}

/// Makes a folder's entries durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync(folder: &Path) -> io::Result<()> {
    // The parent of a relative name without a folder is the working directory.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// A file's folder; the working directory if its name has none.
pub fn of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a new file the owner of its folder: what root creates in a service's folder must belong to the service. Only root
/// can do this, and only root needs to.
pub fn hand_over(file: &File, folder: &Path) {
    if let Ok(owner) = fs::metadata(folder) {
        // It fails without the right to change owners.
        let _ = fchown(file, Some(owner.uid()), Some(owner.gid()));
    }
}

fn restrict(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
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
