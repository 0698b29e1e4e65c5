//! Whether the name of an open file or folder still leads to it. A process that holds a file open can write to it after it
//! was deleted, moved or replaced, and no call fails: what it writes is not found again after a restart.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// A file or folder, and the name under which it was opened. Keep the file open: only then is its inode not given to another
/// file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedFile {
    /// The name as it was given, for messages.
    name: PathBuf,
    /// The name from the root on, so that a move of any folder above is noticed.
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// A name that does not lead to what was opened under it, or leads to less of it.
#[derive(Debug, thiserror::Error)]
pub enum Displaced {
    /// Nothing has the name.
    #[error("{} is gone: it, or a folder above it, was deleted or moved while it was in use", .0.display())]
    Missing(PathBuf),
    /// Something else has the name.
    #[error("{} was replaced while it was in use: another file or folder has its name now", .0.display())]
    Replaced(PathBuf),
    /// The file has only this number of bytes left.
    #[error("{} was shortened while it was in use: what it held after byte {} is gone", .0.display(), .1)]
    Shortened(PathBuf, u64),
    /// The name cannot be looked up.
    #[error("cannot check that {} is still there: {}", .0.display(), .1)]
    Unknown(PathBuf, #[source] io::Error),
}

impl LinkedFile {
    /// The place of an open file or folder.
    ///
    /// # Errors
    /// When the file's metadata cannot be read.
    pub fn of(name: &Path, file: &File) -> io::Result<Self> {
        Ok(Self::with(name, &file.metadata()?))
    }

    /// The place of a file that something else, such as SQLite, has just opened under this name.
    ///
    /// # Errors
    /// When the name leads to nothing.
    pub fn of_name(name: &Path) -> io::Result<Self> {
        Ok(Self::with(name, &fs::metadata(name)?))
    }

    fn with(name: &Path, metadata: &Metadata) -> Self {
        let mut place =
            Self { name: name.to_owned(), path: name.to_owned(), device: metadata.dev(), inode: metadata.ino() };
        // Where the folders above may not be searched, the name as it was given is all there is.
        if let Ok(absolute) = std::path::absolute(name)
            && fs::metadata(&absolute).is_ok_and(|there| place.is(&there))
        {
            place.path = absolute;
        }
        place
    }

    /// Checks that the name leads to the file.
    ///
    /// # Errors
    /// When it does not, or that cannot be checked.
    pub fn check(&self) -> Result<(), Displaced> {
        match fs::metadata(&self.path) {
            Ok(there) if self.is(&there) => Ok(()),
            Ok(_) => Err(Displaced::Replaced(self.name.clone())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(Displaced::Missing(self.name.clone()))
            }
            Err(source) => Err(Displaced::Unknown(self.name.clone(), source)),
        }
    }

    fn is(&self, metadata: &Metadata) -> bool {
        (self.device, self.inode) == (metadata.dev(), metadata.ino())
    }
}

impl From<Displaced> for io::Error {
    fn from(displaced: Displaced) -> Self {
        Self::new(io::ErrorKind::NotFound, displaced)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_is_in_place_only_while_its_name_leads_to_it() {
        let missing = |checked| matches!(checked, Err(Displaced::Missing(_)));
        let replaced = |checked| matches!(checked, Err(Displaced::Replaced(_)));
        let fine = |checked: Result<(), Displaced>| checked.is_ok();
        type Change = fn(&Path);
        for (case, change, expected) in [
            ("nothing happens", (|_| {}) as Change, &fine as &dyn Fn(_) -> bool),
            ("it is deleted", |root| fs::remove_file(root.join("a/b/file")).unwrap(), &missing),
            ("it is moved", |root| fs::rename(root.join("a/b/file"), root.join("elsewhere")).unwrap(), &missing),
            ("its folder is moved", |root| fs::rename(root.join("a/b"), root.join("c")).unwrap(), &missing),
            ("a folder above is moved", |root| fs::rename(root.join("a"), root.join("c")).unwrap(), &missing),
            (
                "a folder above is moved, and a file is in its place",
                |root| {
                    fs::rename(root.join("a"), root.join("c")).unwrap();
                    fs::write(root.join("a"), "").unwrap();
                },
                &missing,
            ),
            (
                "a copy has its name",
                |root| {
                    fs::copy(root.join("a/b/file"), root.join("copy")).unwrap();
                    fs::rename(root.join("copy"), root.join("a/b/file")).unwrap();
                },
                &replaced,
            ),
            (
                "another folder with such a file has the folder's name",
                |root| {
                    fs::rename(root.join("a"), root.join("c")).unwrap();
                    fs::create_dir_all(root.join("a/b")).unwrap();
                    fs::write(root.join("a/b/file"), "").unwrap();
                },
                &replaced,
            ),
            (
                "the folder is moved, and a link leads to it",
                |root| {
                    fs::rename(root.join("a"), root.join("c")).unwrap();
                    symlink(root.join("c"), root.join("a")).unwrap();
                },
                &fine,
            ),
            (
                "it is moved and comes back",
                |root| {
                    fs::rename(root.join("a"), root.join("c")).unwrap();
                    fs::rename(root.join("c"), root.join("a")).unwrap();
                },
                &fine,
            ),
        ] {
            let root = TempDir::new().unwrap();
            fs::create_dir_all(root.path().join("a/b")).unwrap();
            let name = root.path().join("a/b/file");
            fs::write(&name, "").unwrap();
            let file = File::open(&name).unwrap();
            let place = LinkedFile::of(&name, &file).unwrap();
            change(root.path());
            let checked = place.check();
            assert!(expected(checked), "{case}");
        }
    }
}
