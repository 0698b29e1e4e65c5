//! What to send: a sample, a message from a file, exact bytes, or a message composed from options.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use clap::Args;
use jiff::Timestamp;
use schemas::{
    Authentication, Document, Pointer, Profile, Sample, StepMessage,
    json::{Digits, exact},
};
use serde_json::Value;

use super::{
    super::{error::CliError, samples},
    draft_args::DraftArgs,
};
use crate::WireMessage;

const SOURCE_HEADING: &str = "What to send (default: a message composed from the options below)";

#[derive(Args)]
pub(super) struct SourceArgs {
    /// Send a sample message, as `samples list` names it.
    #[arg(long, value_name = "NAME", help_heading = SOURCE_HEADING, conflicts_with_all = ["message", "raw_body"])]
    sample: Option<String>,

    /// Send a message from a JSON file, or - for standard input; it must keep the contract.
    #[arg(long, value_name = "FILE", help_heading = SOURCE_HEADING, conflicts_with = "raw_body")]
    message: Option<PathBuf>,

    /// Send exactly the bytes of a file, or - for standard input.
    #[arg(long, value_name = "FILE", help_heading = SOURCE_HEADING)]
    raw_body: Option<PathBuf>,

    #[command(flatten)]
    draft: DraftArgs,
}

/// What to send, read and checked.
pub(super) enum Source {
    Sample(Sample),
    Message { what: String, body: Vec<u8> },
    Raw { what: String, body: Vec<u8> },
    Draft(Box<StepMessage>),
}

impl SourceArgs {
    pub(super) fn is_raw(&self) -> bool {
        self.raw_body.is_some()
    }

    pub(super) fn read(self) -> Result<Source, CliError> {
        if let Some(name) = self.sample {
            return samples::find(&name).map(Source::Sample);
        }
        if let Some(path) = self.message {
            let (what, body) = ("the message ".to_owned() + &place(&path), bytes(&path)?);
            check(&what, &body, &path)?;
            return Ok(Source::Message { what, body });
        }
        if let Some(path) = self.raw_body {
            return Ok(Source::Raw { what: "the bytes ".to_owned() + &place(&path), body: bytes(&path)? });
        }
        Ok(Source::Draft(Box::new(self.draft.read()?.message(Timestamp::now()))))
    }
}

impl Source {
    /// As text.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Sample(sample) => format!("sample {}", sample.name),
            Self::Message { what, .. } | Self::Raw { what, .. } => what.clone(),
            Self::Draft(message) => format!("a composed {} message", message.trigger.as_str()),
        }
    }

    /// The clause that it breaks on purpose.
    pub(super) fn broken_clause(&self) -> Option<&'static str> {
        match self {
            Self::Sample(sample) => sample.clause(),
            Self::Message { .. } | Self::Raw { .. } | Self::Draft(_) => None,
        }
    }

    /// The message as it goes over the wire, and what the profile left out. Without a profile a body stays as it is,
    /// except for the client secret.
    pub(super) fn compose(
        &self,
        authentication: &Authentication,
        profile: Option<&Profile>,
    ) -> Result<(WireMessage, Vec<String>), CliError> {
        let failed = |source| CliError::Compose { source };
        let body: &[u8] = match self {
            Self::Raw { body, .. } => {
                let credentials = match authentication {
                    Authentication::Basic(credentials) => Some(credentials),
                    Authentication::None | Authentication::ClientSecret { .. } => None,
                };
                return Ok((WireMessage::from_bytes(Bytes::copy_from_slice(body), credentials), Vec::new()));
            }
            Self::Draft(message) => {
                let profile = profile.unwrap_or(Profile::v1());
                let composed = WireMessage::from_message(message, authentication, profile).map_err(failed)?;
                let dropped = composed.dropped.iter().map(ToString::to_string).collect();
                return Ok((composed, dropped));
            }
            Self::Sample(sample) => sample.body,
            Self::Message { body, .. } => body,
        };
        let Some(profile) = profile else {
            let composed = WireMessage::from_body(body, authentication, Profile::v1()).map_err(failed)?;
            return Ok((composed, Vec::new()));
        };
        if let Self::Sample(sample) = self
            && let Some(clause) = sample.clause()
        {
            return Err(CliError::SampleThroughProfile { name: sample.name, clause });
        }
        let (message, unknown, digits) = typed(&self.what(), body)?;
        let mut composed = WireMessage::from_message(&message, authentication, profile).map_err(failed)?;
        composed.body = digits.restore(&String::from_utf8_lossy(&composed.body)).into();
        let dropped = composed.dropped.iter().map(ToString::to_string).chain(unknown).collect();
        Ok((composed, dropped))
    }
}

/// Where a file is, as text.
fn place(path: &Path) -> String {
    if path.as_os_str() == "-" { "on standard input".to_owned() } else { format!("in {}", path.display()) }
}

fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let read = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    Ok(read.map_err(console::Error::read(path))?)
}

/// Refuses a message that breaks the contract.
fn check(what: &str, body: &[u8], path: &Path) -> Result<(), CliError> {
    let raw = Some(path.display().to_string());
    let document = match Document::read(body, Profile::v1()) {
        Ok(document) => document,
        Err(source) => return Err(CliError::NotReadable { what: what.to_owned(), source, raw }),
    };
    let violations = document.violations();
    if violations.is_empty() { Ok(()) } else { Err(CliError::Nonconforming { what: what.to_owned(), violations, raw }) }
}

/// The message in a body, the properties that the contract does not know and that are therefore left out, and how the
/// message holds its numbers.
fn typed(what: &str, body: &[u8]) -> Result<(StepMessage, Vec<String>, Digits), CliError> {
    let what = || what.to_owned();
    let document = Document::read(body, Profile::v1()).map_err(|source| CliError::NotReadable {
        what: what(),
        source,
        raw: None,
    })?;
    let nonconforming = || CliError::Nonconforming { what: what(), violations: document.violations(), raw: None };
    let (value, digits) = exact(body).ok_or_else(nonconforming)?;
    let message = Profile::v1().read(&value).map_err(|_| nonconforming())?;
    let mut unknown = Vec::new();
    note_unknown(&value, &Profile::v1().write(&message).body, &Pointer::default(), &mut unknown);
    Ok((message, unknown, digits))
}

/// Notes each member that the typed form does not have.
fn note_unknown(original: &Value, typed: &Value, at: &Pointer, unknown: &mut Vec<String>) {
    match (original, typed) {
        (Value::Object(members), Value::Object(kept)) => {
            for (name, value) in members {
                match kept.get(name) {
                    Some(kept) => note_unknown(value, kept, &at.child(name), unknown),
                    None if value.is_null() => {}
                    None => unknown.push(format!("{}, which the contract does not know", at.child(name))),
                }
            }
        }
        (Value::Array(elements), Value::Array(kept)) => {
            for (index, (element, kept)) in elements.iter().zip(kept).enumerate() {
                note_unknown(element, kept, &at.child(index.to_string()), unknown);
            }
        }
        _ => {}
    }
}
