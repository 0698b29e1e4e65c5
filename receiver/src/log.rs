//! The log: every accepted message, in the order of arrival. Everything else (index, relay, tail) is a consumer that
//! reads it from a position of its own.

mod bounds;
mod check;
mod cursor;
mod disk;
mod inventory;
mod placement;
mod queue;
mod reader;
mod record;
mod recovery;
mod retention;
mod search;
mod segment;
mod segmented_log;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::{
    check::{LogReport, LostMessages},
    cursor::{Cursor, LogId, LogIdentity, Replaced},
    disk::{Disk, FileSystem, LogFile},
    reader::{Entry, LogReader},
    record::{Captured, Record, RecordHeader},
    recovery::Recovery,
    retention::{Removed, Retention, RetentionPin},
    segmented_log::SegmentedLog,
    writer::SegmentOptions,
};

/// A place in the log. Later records have greater positions; the numbers in between mean nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record is not durable, and may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// More waits to be written than the queue may hold.
    #[error("the log's queue is full")]
    Full,
    #[error("the log could not be written")]
    Failed,
    #[error("the log is closed")]
    Closed,
}
