//! Errors of the index.

use std::io;

use rusqlite::ErrorCode;

/// The index cannot be read or updated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The log cannot be read.
    #[error("cannot read the log: {0}")]
    Log(#[from] io::Error),
    /// Its folder was deleted, moved or replaced.
    #[error("cannot write the index: {0}")]
    Displaced(#[source] io::Error),
    /// Its file cannot be read or written.
    #[error("cannot use the index: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The relay's deliveries cannot be read.
    #[error("cannot read the deliveries: {0}")]
    Deliveries(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The time for it is used up.
    #[error("the index was not read in time")]
    Interrupted,
}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Interrupted,
            _ => Self::Database(error.into()),
        }
    }
}
