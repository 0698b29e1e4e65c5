//! The segments that should be there: a file that somebody else deletes is missed, though nothing writes to it.

use std::{
    collections::{BTreeSet, HashSet},
    io,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;

use super::segment::{Files, file_name};

/// Shared by the writer, which adds, and retention, which removes.
#[derive(Debug, Default)]
pub(super) struct Inventory(Mutex<BTreeSet<u64>>);

impl Inventory {
    /// The segments of a folder as they are now.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(Files::names(folder)?.into_iter().map(|(base, _)| base).collect())))
    }

    pub(super) fn add(&self, base: u64) {
        self.0.lock().insert(base);
    }

    /// To be called before the file goes, so that it is not missed.
    pub(super) fn remove(&self, base: u64) {
        self.0.lock().remove(&base);
    }

    /// The segments that should be in the folder and are not, oldest first.
    pub(super) fn missing(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        // In this order one that is made meanwhile is there.
        let expected = self.0.lock().clone();
        let there: HashSet<u64> = Files::names(folder)?.into_iter().map(|(base, _)| base).collect();
        let known = self.0.lock();
        // Retention may have removed some meanwhile.
        let missing = expected.into_iter().filter(|base| !there.contains(base) && known.contains(base));
        Ok(missing.map(|base| folder.join(file_name(base))).collect())
    }
}
