//! Errors of the index.

use std::io;

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
}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}
