//! SQLite databases: opening one, its schema version, and whether its files are still in place.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rustix::fs::{Access as FileAccess, access};

use crate::{LinkedFile, durable_dir};

/// How long to wait for another process that has locked the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// `PRAGMA auto_vacuum`: free pages can be given back to the file system in steps.
pub const INCREMENTAL_VACUUM: i64 = 2;

/// What a database is opened for.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// Reading a file that another process may be writing.
    Read,
    /// Reading and writing a file that another process owns.
    Write,
    /// Owning the file: it is created if it is missing, and has a write-ahead log.
    Own {
        /// Whether a commit survives a power cut (`PRAGMA synchronous = FULL`), or only a crash of the process.
        durable: bool,
        /// Whether a new file can be shrunk later ([`INCREMENTAL_VACUUM`]). Afterwards only `VACUUM` changes that.
        shrinkable: bool,
    },
}

/// The schema version of a file (`PRAGMA user_version`), compared with the version that the program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaVersion {
    /// Nothing was written yet. A process that was killed before it created the tables leaves such a file too.
    Empty,
    /// An earlier version.
    Older(i64),
    /// The program's version.
    Current,
    /// A later version. Nothing in the file was changed.
    Newer(i64),
}

/// Creates the file if it is missing: mode 0600, with the owner of its folder. SQLite gives its side files the same.
///
/// # Errors
/// When it cannot be created, or this process must not write to it.
pub fn create_file(file: &Path) -> io::Result<()> {
    match OpenOptions::new().create_new(true).append(true).mode(0o600).open(file) {
        Ok(created) => durable_dir::hand_over(&created, durable_dir::of(file)),
        // It is not opened: closing it would release the locks that this process holds on it through SQLite.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => access(file, FileAccess::WRITE_OK)?,
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Opens a database, and compares its schema version with `version`. The caller creates or migrates the tables, and decides
/// what to do with the other versions.
///
/// # Errors
/// When it cannot be opened, is damaged, or is not a database.
pub fn open(file: &Path, access: Access, version: i64) -> rusqlite::Result<(Connection, SchemaVersion)> {
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Own { .. } => OpenFlags::default(),
    };
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let found = match connection.query_row("PRAGMA user_version", [], |row| row.get(0))? {
        0 => SchemaVersion::Empty,
        found if found < version => SchemaVersion::Older(found),
        found if found > version => SchemaVersion::Newer(found),
        _ => SchemaVersion::Current,
    };
    if let Access::Own { durable, shrinkable } = access
        && !matches!(found, SchemaVersion::Newer(_))
    {
        if shrinkable && found == SchemaVersion::Empty {
            // Before the first write, which the write-ahead log is.
            connection.pragma_update(None, "auto_vacuum", INCREMENTAL_VACUUM)?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
    }
    Ok((connection, found))
}

/// Begins a transaction that writes. It waits for other writers first. A transaction that only begins to write after it has
/// read fails at once, without waiting, if another process has written in between.
///
/// # Errors
/// When another process writes for longer than five seconds, or the file cannot be read.
pub fn begin_write(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// The files of an open database, and their folder.
#[derive(Debug)]
pub struct DatabaseFiles {
    file: PathBuf,
    places: Vec<LinkedFile>,
    folder: LinkedFile,
    /// Open, so that no other folder gets its inode. SQLite has the files open.
    _open_folder: File,
}

impl DatabaseFiles {
    /// The files as they are now, with those of the write-ahead log if there are any.
    ///
    /// # Errors
    /// When the file or its folder cannot be looked up.
    pub fn of(file: &Path) -> io::Result<Self> {
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

    /// The database file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Checks that all are in place.
    ///
    /// # Errors
    /// When one was deleted, moved or replaced.
    pub fn check(&self) -> io::Result<()> {
        self.places.iter().try_for_each(LinkedFile::check).map_err(io::Error::from)
    }

    /// Checks that the folder is in place, so that a new file would be in the right one.
    ///
    /// # Errors
    /// When it was deleted, moved or replaced.
    pub fn check_folder(&self) -> io::Result<()> {
        Ok(self.folder.check()?)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn nobody_writes_between_what_a_transaction_reads_and_writes() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("numbers.sqlite");
        let access = Access::Own { durable: false, shrinkable: false };
        let (mut first, _) = open(&file, access, 1).unwrap();
        first.execute_batch("CREATE TABLE number (value INTEGER)").unwrap();
        let (second, _) = open(&file, Access::Write, 1).unwrap();
        second.busy_timeout(Duration::ZERO).unwrap();
        let add = "INSERT INTO number SELECT count(*) FROM number";

        let transaction = begin_write(&mut first).unwrap();
        let count: i64 = transaction.query_row("SELECT count(*) FROM number", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0);
        assert!(second.execute(add, []).is_err(), "another process waits");
        transaction.execute(add, []).unwrap();
        transaction.commit().unwrap();
        second.execute(add, []).unwrap();
    }
}
