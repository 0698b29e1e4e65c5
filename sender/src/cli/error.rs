//! What goes wrong before anything is sent: what happened and where, and what to do next. Values that may be secret
//! are never repeated.

use std::{io, path::PathBuf};

use schemas::{
    Violation, authentication::LimitError, document::ReadError, profile::ProfileError, reference::ReferenceError,
};

use super::send;
use crate::{
    compose::ComposeError,
    delivery::{HeaderError, RootsError, TargetError},
    load::LoadError,
};

/// An error of the command line. Its `Display` says what happened and where; [`Self::advice`] what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("the certificates of --ca {}: {source}", path.display())]
    Ca { path: PathBuf, source: RootsError },

    #[error("{source}")]
    Compose { source: ComposeError },

    #[error("the message in {}: {source}", path.display())]
    ComposeFile { path: PathBuf, source: ComposeError },

    #[error("there is no *.json file in {}", path.display())]
    NoMessages { path: PathBuf },

    #[error("{0}")]
    Load(#[from] LoadError),

    #[error("there is no sample `{name}`")]
    UnknownSample { name: String, nearest: Option<&'static str> },

    #[error("--header takes 'name: value'; the one given has no colon")]
    HeaderWithoutColon,

    #[error("--header: {0}")]
    Header(#[from] HeaderError),

    #[error("{0}")]
    Limit(#[from] LimitError),

    #[error("{option} takes a reference to a secret, never the secret itself")]
    NotAReference { option: &'static str },

    #[error("{what} breaks the contract{}", listed(violations))]
    Nonconforming { what: String, violations: Vec<Violation>, raw: Option<String> },

    #[error("{what} cannot be read as a message: {source}")]
    NotReadable { what: String, source: ReadError, raw: Option<String> },

    #[error("cannot write the output: {0}")]
    Output(io::Error),

    #[error("Basic authentication to {target} would send the credentials unencrypted")]
    Plaintext { target: String },

    #[error(
        "--previous-step belongs to a step that was created; a stepCompleted message has no data of the step before"
    )]
    PreviousStepOnCompletion,

    #[error("the profile {} cannot be used:\n{}", path.display(), indented(source))]
    Profile { path: PathBuf, source: ProfileError },

    #[error("cannot ask for the {what}: {source}")]
    Prompt { what: &'static str, source: io::Error },

    #[error("--raw-body sends the bytes as they are, so --client-secret cannot be put into them")]
    RawBodyWithSecret,

    #[error("{option}: {source}")]
    Reference { option: &'static str, source: ReferenceError },

    #[error("the sample `{name}` breaks the contract ({clause}), so it cannot be written through a profile")]
    SampleThroughProfile { name: &'static str, clause: &'static str },

    #[error("--to: {0}")]
    Target(#[from] TargetError),

    #[error("an `authorization` header is given twice: by --header and by {by}")]
    TwoAuthorizations { by: &'static str },

    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),

    #[error("cannot start: {0}")]
    Runtime(io::Error),

    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

impl CliError {
    /// What to do next.
    pub(super) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Ca { .. } => "give a PEM file with the certificate of the authority that signed the server's",
            Self::Compose { source: ComposeError::NoPlaceForSecret { .. } } => {
                "add `clientSecret = \"/...\"` to the profile's [roles], or leave --client-secret out"
            }
            Self::Compose { .. } => "leave the authentication out, or send exact bytes with --raw-body",
            Self::Load(LoadError::NotAllowed(why)) => return send::not_sent(why),
            Self::ComposeFile { .. } => "correct the file or leave it out, or leave the authentication out",
            Self::NoMessages { .. } => "each *.json file in the folder is one message; subfolders are not looked into",
            Self::UnknownSample { nearest: Some(nearest), .. } => {
                return Some(format!("a similar one exists: `{nearest}`; `webhook-sender samples list` shows all"));
            }
            Self::UnknownSample { .. } => "`webhook-sender samples list` shows all",
            Self::HeaderWithoutColon => "write it as in --header 'x-request-id: 17'",
            Self::Header(HeaderError::Framing { .. }) => "leave it out",
            Self::NotAReference { .. } | Self::Reference { source: ReferenceError::NoPrompt, .. } => {
                "write env:NAME, file:PATH or prompt; so the secret stands in no shell history and no list of processes"
            }
            Self::Reference { source: ReferenceError::Env { .. }, .. } => {
                "set the variable, or write file:PATH or prompt"
            }
            Self::Reference { .. } => "correct the path, or write env:NAME or prompt",
            Self::Nonconforming { raw: Some(raw), .. } | Self::NotReadable { raw: Some(raw), .. } => {
                return Some(format!("correct it, or send exactly these bytes with --raw-body {raw}"));
            }
            Self::Plaintext { .. } => "use an https URL; --allow-plaintext sends them all the same",
            Self::PreviousStepOnCompletion => "write --trigger step-created, or leave --previous-step out",
            Self::Profile { .. } => "schemas/profiles/v1.toml is a whole profile to begin with",
            Self::Prompt { .. } => "`prompt` works only where someone can type; write env:NAME or file:PATH",
            Self::RawBodyWithSecret => "put the secret into the file, or use --message FILE, which puts it in for you",
            Self::SampleThroughProfile { .. } => "send it without --profile, or choose a valid sample",
            Self::Target(TargetError::UserInfo) => {
                "take it out of the URL and use --username and --password env:NAME instead"
            }
            Self::Target(_) => "write a whole URL, such as --to http://127.0.0.1:8080/hooks/flowingly",
            Self::TwoAuthorizations { .. } => "leave one of them out",
            Self::Header(_)
            | Self::Limit(_)
            | Self::Load(_)
            | Self::Nonconforming { .. }
            | Self::NotReadable { .. }
            | Self::Output(_)
            | Self::Runtime(_)
            | Self::Tls(_)
            | Self::Unreadable { .. } => return None,
        };
        Some(advice.to_owned())
    }
}

fn listed(violations: &[Violation]) -> String {
    let places = if violations.len() == 1 { "place" } else { "places" };
    let mut text = format!(" in {} {places}:", violations.len());
    for violation in violations {
        text.push_str(&format!("\n  {violation}"));
    }
    text
}

fn indented(text: &ProfileError) -> String {
    text.problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}
