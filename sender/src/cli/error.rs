//! What ends a command other than what came of its messages: what happened and where, and what to do next. Values that
//! may be secret are never repeated.

use std::{io, path::PathBuf};

use delivery::{HeaderError, ProxyError, RetryPolicyError, RootsError, UrlError};
use schemas::BodyTemplateError;
use schemas::{
    Violation, authentication::LimitError, document::ReadError, profile::ProfileError, reference::ReferenceError,
    timestamp::EmptyRange,
};

use super::{
    output::{one_line, plural},
    run::RunError,
    send,
};
use crate::{
    load::LoadError,
    outbox::OutboxError,
    replay::{Problem, SourceError},
};

/// An error of the command line. Its `Display` says what happened and where; [`Self::advice`] what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("the certificates of --ca {}: {source}", path.display())]
    Ca { path: PathBuf, source: RootsError },

    #[error("{source}")]
    Compose { source: BodyTemplateError },

    #[error("the message in {}: {source}", path.display())]
    ComposeFile { path: PathBuf, source: BodyTemplateError },

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
    EmptyRange(#[from] EmptyRange),

    #[error("{0}")]
    Limit(#[from] LimitError),

    #[error("the flow model {file} has {}", counted(*errors, *warnings))]
    Model { file: String, errors: usize, warnings: usize },

    #[error("a new model is written in TOML, with its comments, and {} has the name of a JSON file", path.display())]
    NewModelIsToml { path: PathBuf },

    #[error("{} exists already, and is left as it is", path.display())]
    ModelExists { path: PathBuf },

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

    #[error(transparent)]
    Proxy(#[from] ProxyError),

    #[error("--raw-body sends the bytes as they are, so --client-secret cannot be put into them")]
    RawBodyWithSecret,

    #[error(transparent)]
    Run(#[from] RunError),

    #[error("{option}: {source}")]
    Reference { option: &'static str, source: ReferenceError },

    #[error("the sample `{name}` breaks the contract ({clause}), so it cannot be written through a profile")]
    SampleThroughProfile { name: &'static str, clause: &'static str },

    #[error("--to: {0}")]
    Url(#[from] UrlError),

    #[error("there is no delivery {id} in {}", data.display())]
    NoDelivery { id: u64, data: PathBuf },

    #[error("no delivery is named")]
    NothingNamed,

    #[error("delivery {id} is {status} already")]
    NotToDiscard { id: u64, status: &'static str },

    #[error("delivery {id} is {status} already, so there is nothing to try again")]
    NotToRetry { id: u64, status: &'static str },

    #[error(transparent)]
    Outbox(#[from] OutboxError),

    #[error(transparent)]
    Unresolved(OutboxError),

    #[error("{option} cannot be asked for with `prompt` here: what is not delivered today is fetched again later")]
    PromptForOutbox { option: &'static str },

    #[error("{} cannot be sent; nothing was sent{}", plural(*count, "message"), shown(problems, *count))]
    Unusable { problems: Vec<Problem>, count: u64 },

    #[error("{0}")]
    Policy(#[from] RetryPolicyError),

    #[error("--from: {0}")]
    Source(#[from] SourceError),

    #[error("what --from names changed while it was read; nothing was sent")]
    SourceChanged,

    #[error("an `authorization` header is given twice: by --header and by {by}")]
    TwoAuthorizations { by: &'static str },

    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),

    #[error("cannot start: {0}")]
    Runtime(io::Error),

    #[error("cannot write {}: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },

    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

impl CliError {
    /// What to do next.
    pub(super) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Ca { .. } => "give a PEM file with the certificate of the authority that signed the server's",
            Self::Compose { source: BodyTemplateError::NoPlaceForSecret { .. } } => {
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
            Self::Model { .. } => "correct it, and ask again with `webhook-sender model check`",
            Self::NewModelIsToml { .. } => "name it .toml; models in JSON are read all the same",
            Self::ModelExists { .. } => "choose another name; `webhook-sender model new` without one prints it",
            Self::NotAReference { .. } | Self::Reference { source: ReferenceError::NoPrompt, .. } => {
                "write env:NAME, file:PATH or prompt; so the secret stands in no shell history and no list of processes"
            }
            // The error itself says how.
            Self::Reference {
                source: ReferenceError::InvisibleEdges { .. } | ReferenceError::SeveralLines { .. },
                ..
            } => return None,
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
            Self::Proxy(_) => "write a whole URL, such as http://proxy.example:3128, or unset the variable",
            Self::Run(error) => return error.advice(),
            Self::RawBodyWithSecret => "put the secret into the file, or use --message FILE, which puts it in for you",
            Self::SampleThroughProfile { .. } => "send it without --profile, or choose a valid sample",
            Self::Url(UrlError::UserInfo) => {
                "take it out of the URL and use --username and --password env:NAME instead"
            }
            Self::Url(_) => "write a whole URL, such as --to http://127.0.0.1:8080/hooks/flowingly",
            Self::TwoAuthorizations { .. } => "leave one of them out",
            Self::NoDelivery { .. } => "`webhook-sender deliveries list` shows those that there are",
            Self::NothingNamed => "name deliveries by their numbers, or write --failed for all that failed",
            Self::NotToDiscard { .. } => "only what is pending or failed can be decided against",
            Self::NotToRetry { .. } => {
                "what is pending is delivered by `deliveries retry` without a number; what was delivered is sent again by `replay`"
            }
            Self::Outbox(error) => return outbox_advice(error).map(str::to_owned),
            Self::Unresolved(_) => "nothing was sent; correct the reference, or put the secret where it leads",
            Self::PromptForOutbox { .. } => "write env:NAME or file:PATH",
            Self::Unusable { .. } => "correct them, or send the others with --skip-bad",
            Self::Source(SourceError::ReceiverData { .. }) => {
                "the sender reads no receiver's files; send an export of them: `webhook-receiver messages export | webhook-sender replay --from - --to URL`"
            }
            Self::Source(SourceError::Empty { .. }) => {
                "each *.json file in the folder is one message; name an export as a file, or - for standard input"
            }
            Self::SourceChanged => "wait until nothing writes to it any more, and write the same command again",
            Self::EmptyRange(_)
            | Self::Header(_)
            | Self::Limit(_)
            | Self::Load(_)
            | Self::Nonconforming { .. }
            | Self::NotReadable { .. }
            | Self::Output(_)
            | Self::Policy(_)
            | Self::Runtime(_)
            | Self::Source(_)
            | Self::Tls(_)
            | Self::Unreadable { .. }
            | Self::Unwritable { .. } => return None,
        };
        Some(advice.to_owned())
    }
}

fn outbox_advice(error: &OutboxError) -> Option<&'static str> {
    match error {
        OutboxError::InUse { .. } => Some(
            "wait for it, or keep an outbox of your own with --data DIR; `deliveries list` and `show` work meanwhile",
        ),
        OutboxError::Missing { .. } => {
            Some("name the folder of an outbox with --data DIR; `replay` and `run` make one")
        }
        OutboxError::Newer { .. } => Some("use the newer version of this program, or another folder with --data DIR"),
        OutboxError::Folder { .. } => Some("name a folder that can be written with --data DIR"),
        OutboxError::Reference { .. } | OutboxError::Url { .. } | OutboxError::Credentials { .. } => Some(
            "nothing is lost: put the secret where the reference leads, and write the same command again or \
             `webhook-sender deliveries retry`",
        ),
        OutboxError::Database(_) | OutboxError::Displaced { .. } | OutboxError::NoPlaceForSecret { .. } => None,
    }
}

fn shown(problems: &[Problem], count: u64) -> String {
    let mut text = ":".to_owned();
    for problem in problems {
        text.push_str(&format!("\n  {}", one_line(&problem.to_string(), 300)));
    }
    match count - problems.len() as u64 {
        0 => text,
        more => text + &format!("\n  and {more} more"),
    }
}

/// Errors and warnings in words.
fn counted(errors: usize, warnings: usize) -> String {
    let errors = plural(errors as u64, "error");
    match warnings {
        0 => errors,
        _ => format!("{errors} and {}", plural(warnings as u64, "warning")),
    }
}

fn listed(violations: &[Violation]) -> String {
    let mut text = format!(" in {}:", plural(violations.len() as u64, "place"));
    for violation in violations {
        text.push_str(&format!("\n  {violation}"));
    }
    text
}

fn indented(text: &ProfileError) -> String {
    text.problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}
