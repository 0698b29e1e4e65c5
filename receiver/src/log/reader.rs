//! Reading the log in order: records, and the damaged places between them.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Position,
    record::{Decoded, MAGIC, Record},
    segment::{HEAD, Segment},
};

/// Bytes asked for at once.
const CHUNK: usize = 256 << 10;

/// What a reader finds.
#[derive(Debug)]
pub enum Entry {
    /// A record, and the position behind it.
    Record {
        /// Where it stands.
        at: Position,
        /// The record.
        record: Record,
        /// Where to read on.
        next: Position,
    },
    /// Bytes that are no record: a flipped bit or a torn write. Readers skip them.
    Damaged {
        /// Where they begin.
        at: Position,
        /// Where the next record may be.
        next: Position,
    },
}

/// Reads records in order, up to what is durable (beside the writer) or to the last whole record (elsewhere).
#[derive(Debug)]
pub struct LogReader {
    folder: PathBuf,
    position: u64,
    durable: Option<Arc<AtomicU64>>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    segment: Segment,
    file: File,
    /// Base of the segment behind this one, if there is one.
    next: Option<u64>,
    /// Bytes of the file, and the position of their first.
    chunk: Vec<u8>,
    chunk_at: u64,
}

impl LogReader {
    pub(super) fn new(folder: PathBuf, from: Position, durable: Option<Arc<AtomicU64>>) -> Self {
        Self { folder, position: from.0, durable, open: None }
    }

    /// Where it reads on.
    pub fn position(&self) -> Position {
        Position(self.position)
    }

    /// The next record or damaged place; `None` at the end, from where it can be asked again later.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            if self.open.is_none() && !self.open_segment()? {
                return Ok(None);
            }
            let limit = self.durable.as_ref().map_or(u64::MAX, |durable| durable.load(Ordering::Acquire));
            let at = self.position;
            if at >= limit {
                return Ok(None);
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            match open.decode(at, limit)? {
                Step::Record(record, length) => {
                    self.position = at + length as u64;
                    return Ok(Some(Entry::Record { at: Position(at), record, next: Position(self.position) }));
                }
                Step::Damaged(next) => {
                    self.position = next;
                    return Ok(Some(Entry::Damaged { at: Position(at), next: Position(next) }));
                }
                Step::End => {
                    // A segment behind this one may have been made since this one was opened.
                    let known = open.next;
                    open.next = following(&Segment::list(&self.folder)?, open.segment.base);
                    match open.next {
                        None => return Ok(None),
                        Some(_) if known.is_none() => {}
                        Some(next) => {
                            self.position = next;
                            self.open = None;
                        }
                    }
                }
            }
        }
    }

    /// Opens the segment that holds the position, or the first behind it.
    fn open_segment(&mut self) -> io::Result<bool> {
        let segments = Segment::list(&self.folder)?;
        let holding = segments.iter().rposition(|segment| segment.base <= self.position).unwrap_or(0);
        let Some(segment) = segments.get(holding).cloned() else { return Ok(false) };
        self.position = self.position.max(segment.base + HEAD as u64);
        let next = following(&segments, segment.base);
        let file = File::open(&segment.path)?;
        self.open = Some(Open { segment, file, next, chunk: Vec::new(), chunk_at: 0 });
        Ok(true)
    }
}

fn following(segments: &[Segment], base: u64) -> Option<u64> {
    segments.iter().map(|segment| segment.base).find(|other| *other > base)
}

enum Step {
    Record(Record, usize),
    /// No record here; one may be at this position.
    Damaged(u64),
    /// Nothing more in this segment, for now.
    End,
}

impl Open {
    fn decode(&mut self, at: u64, limit: u64) -> io::Result<Step> {
        let (mut wanted, salt) = (1, self.segment.salt);
        loop {
            let bytes = self.bytes(at, wanted, limit)?;
            let available = bytes.len();
            if available == 0 {
                return Ok(Step::End);
            }
            match Record::decode(salt, bytes) {
                Decoded::Record(record, length) => return Ok(Step::Record(record, length)),
                Decoded::Short(needed) if available >= wanted && wanted < needed => wanted = needed,
                Decoded::Short(_) | Decoded::Damaged => return self.skip(at, limit),
            }
        }
    }

    /// Looks for the next record behind a place that holds none. At the log's end it may still be in the writing.
    fn skip(&mut self, at: u64, limit: u64) -> io::Result<Step> {
        let end = self.segment.end()?.min(limit);
        let rest = self.bytes(at, usize::try_from(end - at).unwrap_or(usize::MAX), limit)?.to_vec();
        let found = (1..rest.len()).find(|start| {
            rest[*start..].starts_with(&MAGIC)
                && matches!(Record::decode(self.segment.salt, &rest[*start..]), Decoded::Record(..))
        });
        Ok(match (found, self.next) {
            (Some(start), _) => Step::Damaged(at + start as u64),
            (None, Some(_)) => Step::Damaged(end),
            (None, None) => Step::End,
        })
    }

    /// The file's bytes from a position on: at least `wanted`, if there are so many below the limit.
    fn bytes(&mut self, at: u64, wanted: usize, limit: u64) -> io::Result<&[u8]> {
        let held = usize::try_from(at.wrapping_sub(self.chunk_at)).ok().filter(|from| *from <= self.chunk.len());
        let from = match held {
            Some(from) if self.chunk.len() - from >= wanted => from,
            _ => {
                let below_limit = usize::try_from(limit.saturating_sub(at)).unwrap_or(usize::MAX);
                self.chunk.resize(wanted.max(CHUNK).min(below_limit), 0);
                self.chunk_at = at;
                let mut filled = 0;
                while filled < self.chunk.len() {
                    match self.file.read_at(&mut self.chunk[filled..], at - self.segment.base + filled as u64)? {
                        0 => break,
                        read => filled += read,
                    }
                }
                self.chunk.truncate(filled);
                0
            }
        };
        Ok(&self.chunk[from..])
    }
}
