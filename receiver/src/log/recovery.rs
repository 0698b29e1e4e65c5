//! What a start, or `log repair`, finds in the log's folder and repairs. Nothing that may have been a record is destroyed:
//! it is moved to a file of its own, next to the segments.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Entry, LogReader, Position,
    disk::Disk,
    record::Salt,
    segment::{Files, SEGMENT_HEADER_BYTES, Segment, position_in},
};

/// Endings of files moved aside; their names begin with the position of their first byte.
const CUT_SUFFIX: &str = ".cut";
pub(super) const UNREADABLE_SUFFIX: &str = ".unreadable";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Recovery {
    /// Bytes taken off the end, into the file named in `aside`: most often a record that was never acknowledged.
    pub cut: u64,
    /// Damaged places in the newest segment, left as they are and skipped by every reader.
    pub damaged: Vec<(Position, Position)>,
    /// Files without a whole header and without a record, removed: a segment that was being created.
    pub removed: Vec<PathBuf>,
    /// Segments whose damaged header was rewritten; their records are whole.
    pub heads: Vec<PathBuf>,
    /// Files that now hold what was taken out of the log.
    pub aside: Vec<PathBuf>,
}

impl Recovery {
    /// Whether there was nothing to do and nothing to report.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a log continues.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// The segment to continue with, and when its first record arrived.
    pub(super) newest: Option<(Segment, Option<Timestamp>)>,
    pub(super) salt: Option<Salt>,
    pub(super) start: u64,
    /// Position just past the last byte.
    pub(super) end: u64,
    pub(super) report: Recovery,
}

/// Repairs the headers and the newest segment's end; older segments were whole before it was created.
pub(super) fn recover(disk: &dyn Disk, folder: &Path) -> io::Result<Recovered> {
    let mut recovered = Recovered::default();
    let files = Files::in_folder(folder)?;
    if files.segments.is_empty() && files.unreadable.is_empty() {
        return Ok(recovered);
    }
    for (base, path) in &files.unreadable {
        let length = fs::metadata(path)?.len();
        if length <= SEGMENT_HEADER_BYTES as u64 {
            disk.remove(path)?;
            recovered.report.removed.push(path.clone());
        } else {
            let mut names = (0..).map(|number| aside(folder, *base, number, UNREADABLE_SUFFIX));
            let free = names.find(|path| !path.exists()).expect("numbers do not end");
            disk.rename(path, &free)?;
            recovered.report.aside.push(free);
            // Positions are never given twice: consumers remember them.
            recovered.end = recovered.end.max(base + length);
        }
    }
    for segment in files.segments.iter().filter(|segment| !segment.header_is_valid) {
        segment.rewrite_header(disk)?;
        recovered.report.heads.push(segment.path.clone());
    }
    recovered.start = files.segments.first().map_or(recovered.end, |segment| segment.base);
    if let Some(newest) = files.segments.into_iter().next_back() {
        recovered.salt = Some(newest.salt);
        recover_end(disk, folder, newest, &mut recovered)?;
    }
    // What is there may have reached only memory before a kill; from here on it counts as durable.
    disk.sync_folder(folder)?;
    Ok(recovered)
}

fn recover_end(disk: &dyn Disk, folder: &Path, newest: Segment, recovered: &mut Recovered) -> io::Result<()> {
    let mut reader = LogReader::new(folder.to_owned(), Position(newest.base + SEGMENT_HEADER_BYTES as u64), None);
    let (mut end, mut first) = (newest.base + SEGMENT_HEADER_BYTES as u64, None);
    while let Some(entry) = reader.next_entry()? {
        match entry {
            Entry::Record { next, record, .. } => {
                first.get_or_insert(record.header.received_at);
                end = next.0;
            }
            Entry::Damaged { at, next } => recovered.report.damaged.push((at, next)),
        }
    }
    let file = disk.open(&newest.path)?;
    let (last, moved_aside) = (newest.end()?, recovered.end);
    let mut goes_on = last.max(end) >= moved_aside;
    if last > end {
        match save(disk, folder, &newest, end, last) {
            Ok(saved) => {
                disk.truncate(&file, end - newest.base)?;
                recovered.report.cut = last - end;
                recovered.report.aside.push(saved);
            }
            // No room to move it: it stays where it is, and the log goes on in another segment.
            Err(_) => {
                recovered.report.damaged.push((Position(end), Position(last)));
                goes_on = false;
                end = last;
            }
        }
    }
    disk.sync(&file)?;
    recovered.end = moved_aside.max(end);
    if goes_on {
        recovered.newest = Some((newest, first));
    }
    Ok(())
}

/// Copies a segment's end into a file of its own, durably.
fn save(disk: &dyn Disk, folder: &Path, segment: &Segment, from: u64, to: u64) -> io::Result<PathBuf> {
    let mut bytes = vec![0; usize::try_from(to - from).map_err(io::Error::other)?];
    File::open(&segment.path)?.read_exact_at(&mut bytes, from - segment.base)?;
    let mut number = 0;
    let file = loop {
        match disk.create(&aside(folder, from, number, CUT_SUFFIX)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            other => break other?,
        }
    };
    let saved = disk.append(&file, &bytes).and_then(|()| disk.sync(&file)).and_then(|()| disk.sync_folder(folder));
    if let Err(error) = saved {
        // Half a copy helps nobody; the original is still where it was.
        let _ = disk.remove(file.path());
        return Err(error);
    }
    Ok(file.path().to_owned())
}

/// The name of a file moved aside; the number tells apart those of one position.
fn aside(folder: &Path, position: u64, number: u32, suffix: &str) -> PathBuf {
    folder.join(format!("{position:020}.{number}{suffix}"))
}

/// The files moved aside, each with the position of its first byte, oldest first.
pub(super) fn moved_aside(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.with_extension("").with_extension("");
        if path.extension().is_some_and(|suffix| suffix == &CUT_SUFFIX[1..] || suffix == &UNREADABLE_SUFFIX[1..])
            && let Some(position) = position_in(&stem, "")
        {
            found.push((position, path));
        }
    }
    found.sort();
    Ok(found)
}
