//! Replaces a file atomically: the new content is synced under another name, then renamed.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::Path,
};

use crate::durable_dir;

/// Gives a file this content, with the owner and group of `like`, and with its mode limited to `mask`.
///
/// # Errors
/// When `like` cannot be read, or the file cannot be written, synced, renamed or given its owner.
pub fn replace(file: &Path, content: &[u8], like: &Path, mask: u32) -> io::Result<()> {
    let like = fs::metadata(like)?;
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".new");
    let new = file.with_file_name(name);
    let written = write(&new, content, &like, mask).and_then(|()| fs::rename(&new, file));
    if written.is_err() {
        // The incomplete file is useless; the error is what matters.
        let _ = fs::remove_file(&new);
    }
    written?;
    durable_dir::sync(durable_dir::of(file))
}

fn write(new: &Path, content: &[u8], like: &fs::Metadata, mask: u32) -> io::Result<()> {
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
    file.write_all(content)?;
    let now = file.metadata()?;
    if (now.uid(), now.gid()) != (like.uid(), like.gid()) {
        // Else a receiver that runs as another user than this command could not read it any more.
        fchown(&file, Some(like.uid()), Some(like.gid()))?;
    }
    file.set_permissions(Permissions::from_mode(like.mode() & mask & 0o777))?;
    file.sync_all()
}
