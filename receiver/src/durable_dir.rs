//! Folders that outlive a power cut: each one made is synced into its parent, and open to its owner alone.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::fs::{Gid, Uid, fchown};

/// Makes a folder and those above it where they are missing, durably, and sets the folder's own mode to 0700. One of
/// another user's, such as a volume that was mounted for this one's group, keeps its mode.
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

/// The folder that a file lies in: the working directory, where its name has none.
pub(crate) fn of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a new file the owner of its folder: what root makes for a service's folder must be the service's. Nobody but root
/// can, and for others nothing is to be done.
pub(crate) fn hand_over(file: &File, folder: &Path) {
    if let Ok(owner) = fs::metadata(folder) {
        // Who may not is no root.
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
