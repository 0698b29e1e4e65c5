//! What ends a command other than a report: what happened and where, and what to do next. Values that may be secret are
//! never repeated.

use std::{
    io,
    path::{Path, PathBuf},
};

use delivery::UrlError;
use schemas::{authentication::LimitError, profile::ProfileError, reference::ReferenceError};

use super::exit;
use crate::{
    CheckError, TargetError,
    listen::ListenError,
    report::{KnownError, json::ReadError, nearest},
};

/// An error of the command line. Its `Display` says what happened and where; [`Self::advice`] what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("{} cannot be read as a report: {source}", path.display())]
    KeptReport { path: PathBuf, source: ReadError },

    #[error("the pages cannot be written to {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },

    #[error("cannot write to standard output: {0}")]
    Output(io::Error),

    #[error("the report {} cannot be written: {source}", path.display())]
    ReportFile { path: PathBuf, source: io::Error },

    #[error(transparent)]
    Limit(#[from] LimitError),

    #[error(transparent)]
    Listen(#[from] ListenError),

    #[error("{option}: the text given is not a reference to a secret")]
    NotAReference { option: &'static str },

    #[error("{option}: {source}")]
    Reference { option: &'static str, source: ReferenceError },

    #[error("the profile {} cannot be read: {source}", path.display())]
    ProfileFile { path: PathBuf, source: io::Error },

    #[error("the profile {} is not valid: {source}", path.display())]
    Profile { path: PathBuf, source: ProfileError },

    #[error("the runtime cannot start: {0}")]
    Runtime(io::Error),

    #[error(transparent)]
    Check(#[from] CheckError),

    #[error(transparent)]
    Target(#[from] TargetError),

    #[error("the password would cross the network to {url} readable by everyone on the way")]
    Plaintext { url: String },

    #[error("no case and no clause fits `{pattern}`")]
    NoSuchCase { pattern: String, nearest: Option<&'static str> },

    #[error("the known failures {} cannot be read: {source}", path.display())]
    KnownFile { path: PathBuf, source: io::Error },

    #[error("the known failures {} are not valid:{}", path.display(), lines(path, errors))]
    Known { path: PathBuf, errors: Vec<KnownError> },

    #[error("{} already exists", path.display())]
    KnownExists { path: PathBuf },

    #[error("the known failures cannot be written to {}: {source}", path.display())]
    WriteKnown { path: PathBuf, source: io::Error },

    #[error("the file {} cannot be made: {source}", path.display())]
    CredentialFile { path: PathBuf, source: io::Error },

    #[error("both `{first}` and `{second}` would go to standard output")]
    TwoOnStdout { first: &'static str, second: &'static str },

    #[error("two reports would be written to {}", path.display())]
    TwoToOneFile { path: PathBuf },

    #[error("there is no clause and no case `{name}`")]
    UnknownId { name: String, nearest: Option<&'static str> },
}

/// Each mistake on a line of its own, with the file and the line that it is in.
fn lines(path: &Path, errors: &[KnownError]) -> String {
    let lines = errors.iter().map(|KnownError { line, what }| format!("\n  {}:{line}: {what}", path.display()));
    lines.collect()
}

impl CliError {
    /// A number that neither the contract nor the catalogue has.
    pub(super) fn unknown_id(name: &str) -> Self {
        Self::UnknownId { name: name.to_owned(), nearest: nearest::id(name) }
    }

    /// What to do next.
    pub(super) fn advice(&self) -> Option<String> {
        match self {
            Self::Output(_) | Self::Runtime(_) => None,
            Self::Check(CheckError::Roots(_)) => Some("give --ca a PEM file with certificates".to_owned()),
            Self::Target(TargetError::NoPlaceForSecret { .. }) => {
                Some("add the role clientSecret to the profile".to_owned())
            }
            Self::Target(TargetError::Endpoint(UrlError::UserInfo)) => {
                Some("take it out of the URL and use --username and --password env:NAME instead".to_owned())
            }
            Self::Target(_) => Some("write it as in http://127.0.0.1:8080/hooks/flowingly".to_owned()),
            Self::Plaintext { .. } => {
                Some("use an https URL, or add --allow-plaintext where the network is your own".to_owned())
            }
            Self::NoSuchCase { nearest: Some(nearest), .. } => {
                Some(format!("did you mean {nearest}? `*` stands for any text, as in HTTP-*"))
            }
            Self::NoSuchCase { .. } => {
                Some("`webhook-contract explain` lists the clauses; `*` stands for any text".to_owned())
            }
            Self::KnownFile { .. } => {
                Some("correct the path; `check --write-known FILE` makes the first one".to_owned())
            }
            Self::Known { .. } => {
                Some("an entry is `[[known]]` with case or clause, reason, and perhaps until = 2027-03-31".to_owned())
            }
            Self::KnownExists { .. } => {
                Some("name a file that does not exist yet: known failures are never overwritten".to_owned())
            }
            Self::WriteKnown { .. } => Some("make its folder first, or name another file".to_owned()),
            Self::CredentialFile { .. } => Some("name another folder with --dir".to_owned()),
            Self::Limit(_) => Some("give the credential exactly as the product's webhook form has it".to_owned()),
            Self::Listen(ListenError::Bind { .. }) => {
                Some("name another address: --listen 127.0.0.1:0 takes any free port".to_owned())
            }
            Self::Listen(ListenError::NoPlaceForSecret { .. }) => {
                Some("add the role clientSecret to the profile".to_owned())
            }
            Self::Listen(_) => Some("name another folder with --record".to_owned()),
            Self::NotAReference { .. } => {
                Some("write env:NAME for an environment variable or file:PATH for a file that holds it".to_owned())
            }
            // The error itself says how.
            Self::Reference {
                source: ReferenceError::InvisibleEdges { .. } | ReferenceError::SeveralLines { .. },
                ..
            } => None,
            Self::Reference { source: ReferenceError::Env { .. }, .. } => {
                Some("set the variable, or write file:PATH".to_owned())
            }
            Self::Reference { .. } => Some("correct the path, or write env:NAME".to_owned()),
            Self::ProfileFile { .. } => Some("correct the path".to_owned()),
            Self::Profile { .. } => Some("correct the file; schemas/profiles/v1.toml is a complete one".to_owned()),
            Self::KeptReport { .. } => Some("give it a file that `--report json=FILE` wrote".to_owned()),
            Self::Folder { .. } => Some("name a folder that you may write to".to_owned()),
            Self::ReportFile { .. } => Some("make its folder first, or name another file".to_owned()),
            Self::TwoOnStdout { second, .. } => Some(format!("give one of them a file: --report {second}=FILE")),
            Self::TwoToOneFile { .. } => Some("give each a file of its own".to_owned()),
            Self::UnknownId { nearest: Some(nearest), .. } => Some(format!("did you mean {nearest}?")),
            Self::UnknownId { .. } => Some(
                "`webhook-contract explain` lists every clause, and `webhook-contract explain '*-*'` every case, too"
                    .to_owned(),
            ),
        }
    }

    /// The exit code.
    pub(super) fn exit(&self) -> u8 {
        match self {
            Self::Check(_)
            | Self::Folder { .. }
            | Self::Target(_)
            | Self::Plaintext { .. }
            | Self::NoSuchCase { .. }
            | Self::CredentialFile { .. }
            | Self::KeptReport { .. }
            | Self::Limit(_)
            | Self::Listen(_)
            | Self::NotAReference { .. }
            | Self::Output(_)
            | Self::Profile { .. }
            | Self::ProfileFile { .. }
            | Self::Reference { .. }
            | Self::ReportFile { .. }
            | Self::Runtime(_)
            | Self::TwoOnStdout { .. }
            | Self::TwoToOneFile { .. }
            | Self::UnknownId { .. }
            | Self::Known { .. }
            | Self::KnownExists { .. }
            | Self::KnownFile { .. }
            | Self::WriteKnown { .. } => exit::MISUSE,
        }
    }
}
