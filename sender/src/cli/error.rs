//! The errors that end a command, other than the results of its messages. Values that may be secret are never repeated.

use std::{io, path::PathBuf};

use console::{CommandError, format::plural};
use delivery::{HeaderError, ProxyError, RetryPolicyError, RootsError, UrlError};
use schemas::{BodyTemplateError, Violation, document::ReadError, text::one_line, timestamp::EmptyRange};

use super::{advice, run_error::RunError};
use crate::{
    load::LoadError,
    outbox::OutboxError,
    replay::{Problem, SourceError},
};

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("the certificates of --ca {}: {source}", path.display())]
    Ca { path: PathBuf, source: RootsError },

    #[error("{source}")]
    Compose { source: BodyTemplateError },

    #[error("the message in {}: {source}", path.display())]
    ComposeFile { path: PathBuf, source: BodyTemplateError },

    #[error(transparent)]
    Console(#[from] console::Error),

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

    #[error("the flow model {file} has {}", counted(*errors, *warnings))]
    Model { file: String, errors: usize, warnings: usize },

    #[error("a new model is written as TOML, and {} has the name of a JSON file", path.display())]
    NewModelIsToml { path: PathBuf },

    #[error("{} already exists", path.display())]
    ModelExists { path: PathBuf },

    #[error("{what} breaks the contract{}", listed(violations))]
    Nonconforming { what: String, violations: Vec<Violation>, raw: Option<String> },

    #[error("{what} cannot be read as a message: {source}")]
    NotReadable { what: String, source: ReadError, raw: Option<String> },

    #[error("Basic authentication to {target} would send the credentials unencrypted")]
    Plaintext { target: String },

    #[error("--previous-step requires step-created; a stepCompleted message has no data of the previous step")]
    PreviousStepOnCompletion,

    #[error(transparent)]
    Proxy(#[from] ProxyError),

    #[error("--raw-body sends the bytes as they are, so --client-secret cannot be put into them")]
    RawBodyWithSecret,

    #[error(transparent)]
    Run(#[from] RunError),

    #[error("the sample `{name}` breaks the contract ({clause}), so it cannot be written through a profile")]
    SampleThroughProfile { name: &'static str, clause: &'static str },

    #[error("--to: {0}")]
    Url(#[from] UrlError),

    #[error("there is no delivery {id} in {}", data.display())]
    NoDelivery { id: u64, data: PathBuf },

    #[error("no delivery is selected")]
    NothingNamed,

    #[error("delivery {id} is already {status}")]
    NotToDiscard { id: u64, status: &'static str },

    #[error("delivery {id} is already {status}, so there is nothing to retry")]
    NotToRetry { id: u64, status: &'static str },

    #[error(transparent)]
    Outbox(#[from] OutboxError),

    #[error(transparent)]
    Unresolved(OutboxError),

    #[error("{option} does not accept `prompt` here: the secret is needed again for deliveries that are retried later")]
    PromptForOutbox { option: &'static str },

    #[error("{} cannot be sent; nothing was sent{}", plural(*count, "message"), shown(problems, *count))]
    Unusable { problems: Vec<Problem>, count: u64 },

    #[error("{0}")]
    Policy(#[from] RetryPolicyError),

    #[error("--from: {0}")]
    Source(#[from] SourceError),

    #[error("the source of --from changed while it was read; nothing was sent")]
    SourceChanged,

    #[error("the authorization header is given twice: by --header and by {by}")]
    TwoAuthorizations { by: &'static str },

    #[error("cannot set up TLS: {0}")]
    Tls(rustls::Error),

    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),
}

impl CliError {
    /// A value that cannot be written as JSON.
    pub(super) fn json(error: serde_json::Error) -> Self {
        console::Error::Stdout(error.into()).into()
    }
}

impl CommandError for CliError {
    fn tip(&self) -> Option<String> {
        let tip = match self {
            Self::Ca { .. } => "name a PEM file with the certificate of the authority that signed the server's",
            Self::Compose { source: BodyTemplateError::NoPlaceForSecret { .. } } => {
                "add `clientSecret = \"/...\"` to the profile's [roles], or leave out --client-secret"
            }
            Self::Compose { .. } => "leave out the authentication, or send exact bytes with --raw-body",
            Self::ComposeFile { .. } => "correct or remove the file, or leave out the authentication",
            Self::Console(error) => return error.tip(),
            Self::Header(HeaderError::Framing { .. }) => "leave it out",
            Self::HeaderWithoutColon => "write it as in --header 'x-request-id: 17'",
            Self::Load(LoadError::NotAllowed(why)) => return advice::failed(why),
            Self::Model { .. } => "correct it, and check it with `webhook-sender model check`",
            Self::ModelExists { .. } => "choose another name; `webhook-sender model new` without one prints the model",
            Self::NewModelIsToml { .. } => "choose a name that ends in .toml",
            Self::NoDelivery { .. } => "`webhook-sender deliveries list` shows all deliveries",
            Self::NoMessages { .. } => "each *.json file in the folder is one message; subfolders are not searched",
            Self::Nonconforming { raw: Some(raw), .. } | Self::NotReadable { raw: Some(raw), .. } => {
                return Some(format!("correct it, or send exactly these bytes with --raw-body {raw}"));
            }
            Self::NotToDiscard { .. } => "only pending and failed deliveries can be discarded",
            Self::NotToRetry { .. } => {
                "`deliveries retry` without an id delivers pending ones; `replay` sends delivered messages again"
            }
            Self::NothingNamed => "name deliveries by their ids, or use --failed for all failed ones",
            Self::Outbox(error) => return outbox_tip(error).map(str::to_owned),
            Self::Plaintext { .. } => "use an https URL, or add --allow-plaintext if you trust the network",
            Self::PreviousStepOnCompletion => "use --trigger step-created, or leave out --previous-step",
            Self::PromptForOutbox { .. } => "write env:NAME or file:PATH",
            Self::Proxy(_) => "write a whole URL, such as http://proxy.example:3128, or unset the variable",
            Self::RawBodyWithSecret => "put the secret into the file, or use --message FILE, which puts it in for you",
            Self::Run(error) => return error.tip(),
            Self::SampleThroughProfile { .. } => "send it without --profile, or choose a valid sample",
            Self::Source(SourceError::Empty { .. }) => {
                "each *.json file in the folder is one message; name an export as a file, or - for standard input"
            }
            Self::Source(SourceError::ReceiverData { .. }) => {
                "send an export instead: `webhook-receiver messages export | webhook-sender replay --from - --to URL`"
            }
            Self::SourceChanged => "wait until nothing writes to it any more, and run the same command again",
            Self::Url(UrlError::UserInfo) => {
                "take it out of the URL and use --username and --password env:NAME instead"
            }
            Self::Url(_) => "write a whole URL, such as --to http://127.0.0.1:8080/hooks/flowingly",
            Self::TwoAuthorizations { .. } => "leave one of them out",
            Self::UnknownSample { nearest: Some(nearest), .. } => {
                return Some(format!("did you mean `{nearest}`? `webhook-sender samples list` shows all"));
            }
            Self::UnknownSample { .. } => "`webhook-sender samples list` shows all",
            Self::Unresolved(_) => "nothing was sent; correct the reference, or put the secret where it leads",
            Self::Unusable { .. } => "correct them, or send the others with --skip-bad",
            Self::EmptyRange(_)
            | Self::Header(_)
            | Self::Load(_)
            | Self::Nonconforming { .. }
            | Self::NotReadable { .. }
            | Self::Policy(_)
            | Self::Runtime(_)
            | Self::Source(_)
            | Self::Tls(_) => return None,
        };
        Some(tip.to_owned())
    }
}

fn outbox_tip(error: &OutboxError) -> Option<&'static str> {
    match error {
        OutboxError::InUse { .. } => {
            Some("wait for it, or use another outbox with --data DIR; `deliveries list` and `show` work meanwhile")
        }
        OutboxError::Missing { .. } => {
            Some("name the folder of an outbox with --data DIR; `replay` and `run` create one")
        }
        OutboxError::Newer { .. } => Some("use the newer version of this program, or another folder with --data DIR"),
        OutboxError::Folder { .. } => Some("name a folder that can be written to with --data DIR"),
        OutboxError::Reference { .. } | OutboxError::Url { .. } | OutboxError::Credentials { .. } => Some(
            "nothing is lost: put the secret where the reference leads, and run the same command again or \
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

/// The number of errors and warnings.
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
