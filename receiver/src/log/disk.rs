//! What the log does to its folder: every change goes through a [`Disk`], so that a test can write them down, take them
//! back as a power cut would, or make one fail. Reading goes around it.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use storage::{Displaced, LinkedFile, durable_dir};

/// A file of the log, open for appending, or its folder.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    path: PathBuf,
    place: LinkedFile,
    /// Bytes that it has at least, unless somebody else shortens it.
    least_bytes: AtomicU64,
}

impl LogFile {
    fn new(file: File, path: &Path) -> io::Result<Self> {
        let place = LinkedFile::of(path, &file)?;
        Ok(Self { place, file, path: path.to_owned(), least_bytes: AtomicU64::new(0) })
    }

    /// What was written to it: from now on it has at least this many bytes.
    pub fn expect_bytes(&self, bytes: u64) {
        self.least_bytes.store(bytes, Ordering::Relaxed);
    }

    fn check_length(&self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length < self.least_bytes.load(Ordering::Relaxed) {
            return Err(Displaced::Shortened(self.path.clone(), length).into());
        }
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Changes to the log's folder. Each call fails as the operating system's does.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Makes a file, mode 0600, where there is none.
    fn create(&self, path: &Path) -> io::Result<LogFile>;
    /// Opens a file that is there.
    fn open(&self, path: &Path) -> io::Result<LogFile>;
    /// Opens a folder, for [`Self::check_place`] alone.
    fn open_folder(&self, path: &Path) -> io::Result<LogFile>;
    /// Checks that the name of an open file or folder still leads to it, and that nobody has shortened it. What is written
    /// to one that was deleted, moved, replaced or shortened is not found again.
    fn check_place(&self, file: &LogFile) -> io::Result<()>;
    /// Writes at the file's end, unless somebody has shortened it. After another error any part may have been written.
    fn append(&self, file: &LogFile, bytes: &[u8]) -> io::Result<()>;
    /// Writes at the file's beginning.
    fn write_at_start(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file to a length in bytes; a shorter one stays as it is.
    fn truncate(&self, file: &LogFile, length: u64) -> io::Result<()>;
    /// Makes what is in the file durable, its length too.
    fn sync(&self, file: &LogFile) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Gives a file another name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a name. A file that is open can still be read.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystem;

impl Disk for FileSystem {
    fn create(&self, path: &Path) -> io::Result<LogFile> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        LogFile::new(file, path)
    }

    fn open(&self, path: &Path) -> io::Result<LogFile> {
        LogFile::new(OpenOptions::new().append(true).open(path)?, path)
    }

    fn open_folder(&self, path: &Path) -> io::Result<LogFile> {
        LogFile::new(File::open(path)?, path)
    }

    fn check_place(&self, file: &LogFile) -> io::Result<()> {
        file.place.check()?;
        file.check_length()
    }

    fn append(&self, file: &LogFile, bytes: &[u8]) -> io::Result<()> {
        file.check_length()?;
        (&file.file).write_all(bytes)
    }

    fn write_at_start(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.write_all_at(bytes, 0)
    }

    fn truncate(&self, file: &LogFile, length: u64) -> io::Result<()> {
        if file.file.metadata()?.len() > length { file.file.set_len(length) } else { Ok(()) }
    }

    fn sync(&self, file: &LogFile) -> io::Result<()> {
        file.file.sync_data()
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        durable_dir::sync(folder)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}
