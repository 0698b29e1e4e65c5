//! What ends a command other than a report: what happened and where, and what to do next. Values that may be secret are
//! never repeated.

use std::{io, path::PathBuf};

use super::exit;
use crate::report::json::ReadError;

/// An error of the command line. Its `Display` says what happened and where; [`Self::advice`] what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("{} cannot be read as a report: {source}", path.display())]
    KeptReport { path: PathBuf, source: ReadError },

    #[error("cannot write to standard output: {0}")]
    Output(io::Error),

    #[error("the report {} cannot be written: {source}", path.display())]
    ReportFile { path: PathBuf, source: io::Error },

    #[error("both `{first}` and `{second}` would go to standard output")]
    TwoOnStdout { first: &'static str, second: &'static str },

    #[error("two reports would be written to {}", path.display())]
    TwoToOneFile { path: PathBuf },

    #[error("the contract has no clause `{name}`")]
    UnknownClause { name: String },
}

impl CliError {
    /// What to do next.
    pub(super) fn advice(&self) -> Option<String> {
        match self {
            Self::Output(_) => None,
            Self::KeptReport { .. } => Some("give it a file that `--report json=FILE` wrote".to_owned()),
            Self::ReportFile { .. } => Some("make its folder first, or name another file".to_owned()),
            Self::TwoOnStdout { second, .. } => Some(format!("give one of them a file: --report {second}=FILE")),
            Self::TwoToOneFile { .. } => Some("give each a file of its own".to_owned()),
            Self::UnknownClause { .. } => {
                Some("`webhook-contract explain` lists every clause; `AUTH` lists those of one area".to_owned())
            }
        }
    }

    /// The exit code.
    pub(super) fn exit(&self) -> u8 {
        match self {
            Self::KeptReport { .. }
            | Self::Output(_)
            | Self::ReportFile { .. }
            | Self::TwoOnStdout { .. }
            | Self::TwoToOneFile { .. }
            | Self::UnknownClause { .. } => exit::MISUSE,
        }
    }
}
