//! The files of an open SQLite database, and whether they are still where they were.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use super::LinkedFile;
use crate::durable_dir;

/// SQLite's file, the files next to it, and their folder.
#[derive(Debug)]
pub(crate) struct DatabaseFiles {
    file: PathBuf,
    places: Vec<LinkedFile>,
    folder: LinkedFile,
    /// Open, so that no other folder gets its inode. SQLite has the files open.
    _open_folder: File,
}

impl DatabaseFiles {
    /// The files as they are now; those of the write-ahead log, where they are there.
    ///
    /// # Errors
    /// When the file or its folder cannot be looked at.
    pub(crate) fn of(file: &Path) -> io::Result<Self> {
        let open_folder = File::open(durable_dir::of(file))?;
        let folder = LinkedFile::of(durable_dir::of(file), &open_folder)?;
        let mut places = vec![LinkedFile::of_name(file)?];
        for suffix in ["-wal", "-shm"] {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            places.extend(LinkedFile::of_name(Path::new(&name)).ok());
        }
        Ok(Self { file: file.to_owned(), places, folder, _open_folder: open_folder })
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether all are in their places.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.places.iter().try_for_each(LinkedFile::check).map_err(io::Error::from)
    }

    /// Whether the folder is, so that a new file would be in the right one.
    pub(crate) fn check_folder(&self) -> io::Result<()> {
        Ok(self.folder.check()?)
    }
}
