//! The files that a configuration was read from, with their metadata from just before, to detect changes.
//!
//! Files are looked up by name and through symbolic links, which detects a replaced or renamed file and a mounted secret
//! whose folder link is switched, on every file system and without a watch.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// The metadata of each file; `None` for one that did not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(BTreeMap<PathBuf, Option<Stamp>>);

/// Differs after a file was written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Sources {
    /// Records a file that is about to be read. Only the first call for a file counts.
    pub(crate) fn note(&mut self, file: &Path) {
        if !self.0.contains_key(file) {
            self.0.insert(file.to_owned(), Stamp::of(file));
        }
    }

    /// The same files with their present metadata.
    #[must_use]
    pub fn now(&self) -> Self {
        Self(self.0.keys().map(|file| (file.clone(), Stamp::of(file))).collect())
    }

    /// These, and the files of `other` with their present metadata.
    #[must_use]
    pub fn and_now(mut self, other: &Self) -> Self {
        other.0.keys().for_each(|file| self.note(file));
        self
    }
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let found = fs::metadata(file).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn every_way_to_change_a_file_is_seen() {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("one")).unwrap();
        fs::create_dir_all(at("two")).unwrap();
        fs::write(at("one/secret"), "a").unwrap();
        fs::write(at("two/secret"), "b").unwrap();
        symlink("one", at("mounted")).unwrap();
        let mut sources = Sources::default();
        ["plain", "mounted/secret"].iter().for_each(|name| sources.note(&at(name)));
        let changes: [(&str, &dyn Fn()); 5] = [
            ("it appears", &|| fs::write(at("plain"), "one").unwrap()),
            ("it is written", &|| fs::write(at("plain"), "longer").unwrap()),
            ("another is renamed to it", &|| {
                fs::write(at("new"), "longer").unwrap();
                fs::rename(at("new"), at("plain")).unwrap();
            }),
            ("the folder's link is turned", &|| {
                symlink("two", at("turned")).unwrap();
                fs::rename(at("turned"), at("mounted")).unwrap();
            }),
            ("it disappears", &|| fs::remove_file(at("plain")).unwrap()),
        ];
        for (case, change) in changes {
            assert_eq!(sources.now(), sources, "before {case}");
            change();
            let now = sources.now();
            assert_ne!(now, sources, "{case}");
            sources = now;
        }
    }
}
