//! Reading a whole log to say in what state it is. Nothing is changed.

use std::{fs, io, ops::Range, path::Path};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Entry, LogReader, Position,
    recovery::{UNREADABLE_SUFFIX, moved_aside},
    segment::{Files, SEGMENT_HEADER_BYTES},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogReport {
    /// Segments that can be read.
    pub segments: usize,
    pub bytes: u64,
    pub records: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// Places between records that are not records.
    pub damaged: Vec<Damage>,
    /// The bytes after the last whole record: torn, or just being written.
    #[serde(rename = "torn")]
    pub torn_tail: Option<Damage>,
    /// Names of segments whose header is damaged; their records can still be read.
    #[serde(rename = "heads")]
    pub bad_headers: Vec<String>,
    /// Names of files that should be segments and cannot be read.
    pub unreadable: Vec<String>,
    /// Names of files that an earlier start or repair moved aside: torn tails, and segments.
    #[serde(rename = "aside")]
    pub quarantined: Vec<String>,
    pub lost: Vec<LostMessages>,
}

/// Messages that are in the index and in no file of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LostMessages {
    pub arrivals: u64,
    /// Position of the first arrival.
    pub first: Position,
    pub last: Position,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Damage {
    pub file: String,
    /// Byte of the file at which it begins.
    pub offset: u64,
    pub bytes: u64,
    /// Where it begins in the log.
    pub position: Position,
}

impl LogReport {
    /// Reads the log in a folder from its first byte to its last.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let files = Files::in_folder(folder)?;
        let mut report = Self {
            segments: files.segments.len(),
            bad_headers: files
                .segments
                .iter()
                .filter(|segment| !segment.header_is_valid)
                .map(|segment| name(&segment.path))
                .collect(),
            unreadable: files.unreadable.iter().map(|(_, path)| name(path)).collect(),
            quarantined: moved_aside(folder)?.iter().map(|(_, path)| name(path)).collect(),
            ..Self::default()
        };
        let mut reader = LogReader::new(folder.to_owned(), Position(0), None);
        while let Some(entry) = reader.next_entry()? {
            match entry {
                Entry::Record { record, .. } => {
                    report.records += 1;
                    let at = record.header.received_at;
                    report.first.get_or_insert(at);
                    report.last = Some(at);
                }
                Entry::Damaged { at, next } => {
                    let holding = files.segments.iter().rfind(|segment| segment.base <= at.0);
                    let (file, base) = holding.map(|segment| (name(&segment.path), segment.base)).unwrap_or_default();
                    let (offset, bytes) = (at.0 - base, next.0 - at.0);
                    report.damaged.push(Damage { file, offset, bytes, position: at });
                }
            }
        }
        for segment in &files.segments {
            // One that retention has removed meanwhile has none.
            report.bytes += fs::metadata(&segment.path).map(|metadata| metadata.len()).unwrap_or_default();
        }
        if let Some(newest) = files.segments.last() {
            let position = reader.position().0.max(newest.base + SEGMENT_HEADER_BYTES as u64);
            let bytes = newest.end()?.saturating_sub(position);
            let (file, offset) = (name(&newest.path), position - newest.base);
            report.torn_tail = (bytes > 0).then_some(Damage { file, offset, bytes, position: Position(position) });
        }
        Ok(report)
    }

    /// The first position of the oldest segment, and the ranges of positions that each file of the log holds.
    pub fn ranges(folder: &Path) -> io::Result<(u64, Vec<Range<u64>>)> {
        let segments = Files::names(folder)?;
        let start = segments.first().map_or(0, |(base, _)| *base);
        let mut ranges = Vec::new();
        for (base, path) in segments.into_iter().chain(moved_aside(folder)?) {
            match fs::metadata(&path) {
                Ok(metadata) => ranges.push(base..base + metadata.len()),
                // Retention was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok((start, ranges))
    }

    /// Whether every byte is part of a record, and no segment is missing that was moved aside.
    pub fn is_whole(&self) -> bool {
        let places = self.damaged.is_empty() && self.torn_tail.is_none() && self.lost.is_empty();
        places && self.bad_headers.is_empty() && self.unreadable.is_empty() && self.missing().next().is_none()
    }

    /// Names of the segments that were moved aside, with all that was in them.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.quarantined.iter().map(String::as_str).filter(|name| name.ends_with(UNREADABLE_SUFFIX))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
