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

    #[error(transparent)]
    Check(#[from] crate::CheckError),

    #[error("the credential cannot be one of a webhook: {0}")]
    Limit(#[from] schemas::authentication::LimitError),

    #[error("it is not said which authentication the endpoint expects")]
    NoAuthentication,

    #[error("{option}: {}", schemas::reference::NotAReference)]
    NotAReference { option: &'static str },

    #[error("Basic credentials would go over plain http to {url}, where anyone on the way can read them")]
    Plaintext { url: String },

    #[error("the profile {} cannot be read: {why}", path.display())]
    Profile { path: PathBuf, why: String },

    #[error("{option}: {source}")]
    Reference { option: &'static str, source: schemas::reference::ReferenceError },

    #[error("the runtime cannot be started: {0}")]
    Runtime(io::Error),

    #[error(transparent)]
    Target(#[from] crate::TargetError),

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
            Self::Output(_) | Self::Runtime(_) | Self::Check(_) | Self::Reference { .. } => None,
            Self::Limit(_) => Some(
                "the product's form takes a secret of up to 250 characters, a username and a password of up to 100"
                    .to_owned(),
            ),
            Self::NoAuthentication => Some(
                "give --client-secret REF, or --username TEXT and --password REF, or --no-authentication".to_owned(),
            ),
            Self::NotAReference { .. } => Some("for example file:secret.txt, a file with the secret alone".to_owned()),
            Self::Plaintext { .. } => Some("use https, or say --allow-plaintext".to_owned()),
            Self::Profile { .. } => Some("profiles/v1.toml of the crate `schemas` is one to begin with".to_owned()),
            Self::Target(_) => Some("give the whole URL, as in http://127.0.0.1:8080/hooks/flowingly".to_owned()),
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
            | Self::Check(_)
            | Self::Limit(_)
            | Self::NoAuthentication
            | Self::NotAReference { .. }
            | Self::Plaintext { .. }
            | Self::Profile { .. }
            | Self::Reference { .. }
            | Self::Runtime(_)
            | Self::Target(_)
            | Self::Output(_)
            | Self::ReportFile { .. }
            | Self::TwoOnStdout { .. }
            | Self::TwoToOneFile { .. }
            | Self::UnknownClause { .. } => exit::MISUSE,
        }
    }
}
