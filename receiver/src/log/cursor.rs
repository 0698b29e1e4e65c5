//! What a consumer remembers of the log that it reads, so that it notices when another log is in its place.

use std::{fmt, io, path::PathBuf};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Entry, LogReader, Position, record::Salt};

/// Which log it is: the same for all segments of a log, and another one for every other log. It does not give away the
/// salt of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogId([u8; 16]);

#[derive(Clone, Debug)]
pub struct LogIdentity {
    /// Its id; a log without a segment has none yet.
    pub id: Option<LogId>,
    /// Position after its last byte.
    pub end: Position,
    pub(super) folder: PathBuf,
}

/// How far a consumer has read, and of which log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The log; `None` where an older version of this program did not write it down.
    pub log: Option<LogId>,
    /// Where it reads on.
    pub position: Position,
    /// Position and id of the last record that it has read, if that is known.
    pub last: Option<(Position, Uuid)>,
}

/// Why the log is not the one that a consumer has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    AnotherLog,
    /// It is an older state of the same log, or it was continued from one.
    OlderState,
}

impl LogId {
    pub(super) fn of(salt: Salt) -> Self {
        let digest = Sha256::new().chain_update(b"log id").chain_update(salt).finalize();
        Self(std::array::from_fn(|byte| digest[byte]))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// From what was stored; `None` where that is not an id.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl Cursor {
    /// Whether a log is the one that was read up to here, and if not, what is in its place.
    ///
    /// A log that was put back to an older state and has grown since is recognised by the last record that was read. Where
    /// retention has removed that one, or it is damaged, its id and its end have to do.
    pub fn replaced_by(&self, log: &LogIdentity) -> io::Result<Option<Replaced>> {
        let (at_start, is_empty) = (self.position == Position(0), log.end == Position(0));
        if at_start && is_empty {
            return Ok(None);
        }
        if let (Some(read), Some(found)) = (self.log, log.id)
            && read != found
        {
            return Ok(Some(Replaced::AnotherLog));
        }
        if self.position > log.end {
            return Ok(Some(Replaced::OlderState));
        }
        let Some((at, id)) = self.last else { return Ok(None) };
        let mut reader = LogReader::new(log.folder.clone(), at, None);
        Ok(match reader.next_entry()? {
            Some(Entry::Record { at: found, record, .. }) if found == at => {
                (record.header.id != id).then_some(Replaced::OlderState)
            }
            // A damaged record ends where the reading went on; a place within a record does not.
            Some(Entry::Damaged { next, .. }) => (next != self.position).then_some(Replaced::OlderState),
            Some(Entry::Record { .. }) | None => None,
        })
    }
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnotherLog => "another log is in the data folder now",
            Self::OlderState => "the log in the data folder is in an older state, or was continued from one",
        })
    }
}
