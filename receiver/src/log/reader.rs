//! Reading the log in order: records, and the damaged places between them.

use std::{fs::File, io, os::unix::fs::FileExt as _, path::PathBuf, sync::Arc};

use super::{
    Position,
    bounds::LogBounds,
    record::{Decoded, Record},
    search::{SearchResult, search},
    segment::{Files, SEGMENT_HEADER_BYTES, Segment},
};

const CHUNK_BYTES: usize = 256 << 10;

#[derive(Debug)]
pub enum Entry {
    Record {
        at: Position,
        record: Record,
        next: Position,
    },
    /// Bytes that are not a record: a flipped bit or a torn write. Readers skip them.
    Damaged {
        at: Position,
        next: Position,
    },
}

/// Reads records in order: in the writer's process up to the last durable one, elsewhere up to the last whole one. A
/// segment that retention removes while it is being read is read to its end; one that was removed before is skipped.
#[derive(Debug)]
pub struct LogReader {
    folder: PathBuf,
    position: u64,
    bounds: Option<Arc<LogBounds>>,
    open: Option<OpenSegment>,
}

#[derive(Debug)]
struct OpenSegment {
    segment: Segment,
    file: File,
    next: Option<u64>,
    /// Bytes of the file, and the position of their first.
    chunk: Vec<u8>,
    chunk_at: u64,
    /// A range of positions without a record, so that it is not searched again.
    searched: Option<(u64, u64)>,
}

impl LogReader {
    pub(super) fn new(folder: PathBuf, from: Position, bounds: Option<Arc<LogBounds>>) -> Self {
        Self { folder, position: from.0, bounds, open: None }
    }

    pub fn position(&self) -> Position {
        Position(self.position)
    }

    pub fn go_to(&mut self, position: Position) {
        (self.position, self.open) = (position.0, None);
    }

    /// Where the log begins: what lies before was removed.
    pub fn start(&self) -> io::Result<Position> {
        match &self.bounds {
            Some(bounds) => Ok(Position(bounds.start())),
            None => Ok(Position(Files::names(&self.folder)?.first().map_or(0, |(base, _)| *base))),
        }
    }

    /// The next record or damaged place; `None` at the end, from where it can be asked again later.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            if self.open.is_none() && !self.open_segment()? {
                return Ok(None);
            }
            let limit = self.bounds.as_ref().map_or(u64::MAX, |bounds| bounds.durable());
            let at = self.position;
            if at >= limit {
                return Ok(None);
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            match open.decode(at, limit)? {
                ReadStep::Record(record, length) => {
                    self.position = at + length as u64;
                    return Ok(Some(Entry::Record { at: Position(at), record, next: Position(self.position) }));
                }
                ReadStep::Damaged(next) => {
                    self.position = next;
                    return Ok(Some(Entry::Damaged { at: Position(at), next: Position(next) }));
                }
                ReadStep::End => {
                    // A segment behind this one may have been made since this one was opened.
                    let known = open.next;
                    open.next = following(&Files::names(&self.folder)?, open.segment.base);
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
        loop {
            let names = Files::names(&self.folder)?;
            let holding = names.iter().rposition(|(base, _)| *base <= self.position).unwrap_or(0);
            let Some((base, path)) = names.get(holding) else { return Ok(false) };
            let opened = Segment::open(path, *base).and_then(|sound| match sound {
                Some(segment) => Ok(Some(segment)),
                None => Ok(Segment::list(&self.folder)?.into_iter().find(|segment| segment.base >= *base)),
            });
            let opened = opened.and_then(|found| found.map(|it| Ok((File::open(&it.path)?, it))).transpose());
            let (file, segment) = match opened {
                Ok(Some(opened)) => opened,
                Ok(None) => return Ok(false),
                // Retention was quicker; the next look does not find it any more.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            self.position = self.position.max(segment.base + SEGMENT_HEADER_BYTES as u64);
            let next = following(&names, segment.base);
            self.open = Some(OpenSegment { segment, file, next, chunk: Vec::new(), chunk_at: 0, searched: None });
            return Ok(true);
        }
    }
}

fn following(names: &[(u64, PathBuf)], base: u64) -> Option<u64> {
    names.iter().map(|(other, _)| *other).find(|other| *other > base)
}

enum ReadStep {
    Record(Record, usize),
    /// No record here; one may be at this position.
    Damaged(u64),
    /// Nothing more in this segment, for now.
    End,
}

impl OpenSegment {
    fn decode(&mut self, at: u64, limit: u64) -> io::Result<ReadStep> {
        let (mut wanted, salt) = (1, self.segment.salt);
        loop {
            let bytes = self.bytes(at, wanted, limit)?;
            let available = bytes.len();
            if available == 0 {
                return Ok(ReadStep::End);
            }
            match Record::decode(salt, bytes) {
                Decoded::Record(record, length) => return Ok(ReadStep::Record(record, length)),
                // A damaged length may be any; only what is there is read.
                Decoded::Short(needed)
                    if available >= wanted && wanted < needed && self.there(at, limit)? >= needed =>
                {
                    wanted = needed;
                }
                Decoded::Short(_) | Decoded::Damaged => return self.skip(at, limit),
            }
        }
    }

    /// Looks for the next record behind a place that holds none. At the log's end it may still be in the writing.
    fn skip(&mut self, at: u64, limit: u64) -> io::Result<ReadStep> {
        let (salt, next) = (self.segment.salt, self.next);
        let mut wanted = CHUNK_BYTES;
        loop {
            let rest = self.bytes(at, wanted, limit)?;
            let (length, is_all) = (rest.len(), rest.len() < wanted);
            let end = at + length as u64;
            let found = if self.searched == Some((at, end)) {
                SearchResult::Nothing
            } else {
                search(salt, self.held(at), 1, is_all)
            };
            match (found, next) {
                (SearchResult::Record(start), _) => return Ok(ReadStep::Damaged(at + start as u64)),
                (SearchResult::Undecided | SearchResult::Nothing, _) if !is_all => {
                    wanted = wanted.max(length).saturating_mul(4)
                }
                (_, Some(_)) => return Ok(ReadStep::Damaged(end)),
                (_, None) => {
                    self.searched = Some((at, end));
                    return Ok(ReadStep::End);
                }
            }
        }
    }

    /// The bytes that are held from a position on.
    fn held(&self, at: u64) -> &[u8] {
        let from = usize::try_from(at.saturating_sub(self.chunk_at)).unwrap_or(usize::MAX);
        self.chunk.get(from..).unwrap_or_default()
    }

    /// Bytes of the file from a position on, below the limit.
    fn there(&self, at: u64, limit: u64) -> io::Result<usize> {
        let end = (self.segment.base + self.file.metadata()?.len()).min(limit);
        Ok(usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX))
    }

    /// The file's bytes from a position on: at least `wanted`, or all there are below the limit.
    fn bytes(&mut self, at: u64, wanted: usize, limit: u64) -> io::Result<&[u8]> {
        let held = usize::try_from(at.wrapping_sub(self.chunk_at)).ok().filter(|from| *from <= self.chunk.len());
        let from = match held {
            Some(from) if self.chunk.len() - from >= wanted => from,
            _ => {
                let there = self.there(at, limit)?;
                self.chunk.clear();
                self.chunk.resize(wanted.max(CHUNK_BYTES).min(there), 0);
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
