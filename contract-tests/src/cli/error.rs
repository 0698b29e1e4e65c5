//! The errors that end a command. Values that may be secret are never repeated.

use std::{
    io,
    path::{Path, PathBuf},
};

use console::{CommandError, error::tip_for_bind};
use delivery::UrlError;

use crate::{
    CheckError, TargetError, catalogue,
    listen::ListenError,
    report::{KnownFailuresError, json::ReadError},
};

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(
        "choose how the webhook authenticates: --client-secret REF, --username TEXT with --password REF, or \
         --no-authentication"
    )]
    AuthenticationMissing,

    #[error(transparent)]
    Check(#[from] CheckError),

    #[error(transparent)]
    Console(#[from] console::Error),

    #[error("{} already exists", path.display())]
    CredentialExists { path: PathBuf },

    #[error("the known failures {} are invalid:{}", path.display(), lines(path, errors))]
    Known { path: PathBuf, errors: Vec<KnownFailuresError> },

    #[error("{} already exists", path.display())]
    KnownExists { path: PathBuf },

    #[error("cannot read the known failures {}: {source}", path.display())]
    KnownFile { path: PathBuf, source: io::Error },

    #[error(transparent)]
    Listen(#[from] ListenError),

    #[error("no case and no clause matches `{pattern}`")]
    NoSuchCase { pattern: String, nearest: Option<&'static str> },

    #[error("the password would cross the network to {url} in plain text")]
    Plaintext { url: String },

    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),

    #[error("cannot read {} as a report: {source}", path.display())]
    SavedReport { path: PathBuf, source: ReadError },

    #[error(transparent)]
    Target(#[from] TargetError),

    #[error("both `{first}` and `{second}` would go to standard output")]
    TwoOnStdout { first: &'static str, second: &'static str },

    #[error("two reports would be written to {}", path.display())]
    TwoToOneFile { path: PathBuf },

    #[error("there is no clause and no case `{name}`")]
    UnknownId { name: String, nearest: Option<&'static str> },
}

/// One line per mistake, with its file and line.
fn lines(path: &Path, errors: &[KnownFailuresError]) -> String {
    let lines = errors.iter().map(|KnownFailuresError { line, what }| format!("\n  {}:{line}: {what}", path.display()));
    lines.collect()
}

impl CliError {
    /// An ID that neither a clause nor a case has.
    pub(super) fn unknown_id(name: &str) -> Self {
        Self::UnknownId { name: name.to_owned(), nearest: catalogue::suggest(name) }
    }
}

impl CommandError for CliError {
    fn tip(&self) -> Option<String> {
        let tip = match self {
            // The error itself lists the choices.
            Self::AuthenticationMissing | Self::Runtime(_) => return None,
            Self::Check(CheckError::Roots(_)) => "give --ca a PEM file with certificates",
            Self::Console(error) => return error.tip(),
            Self::CredentialExists { .. } => "name another folder with --dir",
            Self::Known { .. } => {
                "an entry is `[[known]]` with case or clause, reason, and optionally until = 2027-03-31"
            }
            Self::KnownExists { .. } => "name a new file: known failures are never overwritten",
            Self::KnownFile { .. } => "correct the path; `check --write-known FILE` writes the first one",
            Self::Listen(ListenError::Bind { address, source }) => {
                return Some(tip_for_bind(source, *address, "name another address, such as --listen 127.0.0.1:0"));
            }
            Self::Listen(ListenError::NoPlaceForSecret { .. }) | Self::Target(TargetError::NoPlaceForSecret { .. }) => {
                "add the role clientSecret to the profile"
            }
            Self::Listen(_) => "name another folder with --record",
            Self::NoSuchCase { nearest: Some(nearest), .. } => {
                return Some(format!("did you mean {nearest}? `*` matches any text, as in HTTP-*"));
            }
            Self::NoSuchCase { .. } => "`webhook-contract explain` lists the clauses; `*` matches any text",
            Self::Plaintext { .. } => "use an https URL, or add --allow-plaintext if you trust the network",
            Self::SavedReport { .. } => "name a file that `--report json=FILE` wrote",
            Self::Target(TargetError::Endpoint(UrlError::UserInfo)) => {
                "take it out of the URL and use --username and --password env:NAME instead"
            }
            Self::Target(_) => "write a URL such as http://127.0.0.1:8080/hooks/flowingly",
            Self::TwoOnStdout { second, .. } => {
                return Some(format!("write one of them to a file: --report {second}=FILE"));
            }
            Self::TwoToOneFile { .. } => "name a different file for each",
            Self::UnknownId { nearest: Some(nearest), .. } => return Some(format!("did you mean {nearest}?")),
            Self::UnknownId { .. } => {
                "`webhook-contract explain` lists every clause, and `webhook-contract explain '*-*'` every case, too"
            }
        };
        Some(tip.to_owned())
    }
}
