//! What a start finds in the log's folder, and mends: a torn tail is cut, damage in the middle is only reported.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{
    Entry, LogReader, Position,
    segment::{HEAD, Segment},
};

/// What was found and done at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes cut from the end: a record that was never acknowledged.
    pub cut: u64,
    /// Damaged places in the newest segment, left as they are and skipped by every reader.
    pub damaged: Vec<(Position, Position)>,
    /// Files without a whole head, removed: a segment that was being made.
    pub removed: Vec<PathBuf>,
}

/// Mends the newest segment; older ones were whole before it was made. Gives the segment, if there is one.
pub(super) fn recover(folder: &Path) -> io::Result<(Option<Segment>, Recovery)> {
    let mut recovery = Recovery::default();
    let segments = Segment::list(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !segments.iter().any(|segment| segment.path == path) && fs::metadata(&path)?.len() < HEAD as u64 {
            fs::remove_file(&path)?;
            recovery.removed.push(path);
        }
    }
    let Some(newest) = segments.into_iter().next_back() else { return Ok((None, recovery)) };

    let mut reader = LogReader::new(folder.to_owned(), Position(newest.base + HEAD as u64), None);
    let mut end = newest.base + HEAD as u64;
    while let Some(entry) = reader.next_entry()? {
        match entry {
            Entry::Record { next, .. } => end = next.0,
            Entry::Damaged { at, next } => recovery.damaged.push((at, next)),
        }
    }
    let file = OpenOptions::new().write(true).open(&newest.path)?;
    recovery.cut = newest.end()?.saturating_sub(end);
    if recovery.cut > 0 {
        file.set_len(end - newest.base)?;
    }
    // What is there may have reached only the page cache before a kill; from here on it counts as durable.
    file.sync_all()?;
    crate::folder::sync(folder)?;
    Ok((Some(newest), recovery))
}
