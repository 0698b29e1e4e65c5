//! Folders that outlive a power cut: each one made is synced into its parent, and open to its owner alone.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// Makes a folder and those above it where they are missing, durably, and sets the folder's own mode to 0700.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    make_missing(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Makes a folder's entries durable.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    // The parent of a relative name without a folder is the working directory.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
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
