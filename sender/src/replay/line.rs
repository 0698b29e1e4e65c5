//! One message of a source: an exported line or a raw body.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use schemas::{
    Document, Profile, Role, Trigger,
    profile::{Part, Subject},
};
use serde::Deserialize;

use super::{Item, Replay, selection::Traits};
use crate::{
    compose::ComposeError,
    outbox::{Emptied, Label, NewDelivery, NotEmptied},
};

/// Something in a source that cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {why}")]
pub struct Problem {
    /// File and line.
    pub place: String,
    /// Why not.
    pub why: Unusable,
}

/// Why something cannot be sent again. Nothing of a body is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// The line is none that an export writes.
    #[error("this is no line of an export: {0}")]
    Line(String),
    /// The client secret did not stand where the line says.
    #[error(transparent)]
    Secret(#[from] NotEmptied),
    /// The body cannot be read, so that nobody knows whether a secret is in it; or it has no place for one.
    #[error("{0}")]
    Body(#[from] ComposeError),
    /// It does not say of itself what is asked for.
    #[error("a raw body does not say when and where it was received, so it cannot be chosen by that")]
    NoArrival,
    /// It is longer than any message.
    #[error("it is longer than {} MiB", .most >> 20)]
    Long {
        /// Most bytes that are taken for a message.
        most: usize,
    },
}

/// A line that `messages export` writes, as far as a replay needs it. Other members are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'l> {
    received_at: Timestamp,
    #[serde(borrow)]
    endpoint: Cow<'l, str>,
    #[serde(borrow, default)]
    trigger: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    flow: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    step: Option<Cow<'l, str>>,
    #[serde(default)]
    secret_at: Option<usize>,
    #[serde(borrow)]
    body: Cow<'l, str>,
}

/// Whether a line is one that an export writes, whole or not quite.
pub(super) fn is_exported(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Shape<'l> {
        #[serde(borrow, rename = "receivedAt")]
        _received_at: Cow<'l, str>,
        #[serde(borrow, rename = "body")]
        _body: Cow<'l, str>,
    }
    serde_json::from_slice::<Shape<'_>>(line).is_ok()
}

impl Replay {
    /// Reads an exported line.
    pub(super) fn line(&self, line: &[u8]) -> Result<Item, Unusable> {
        let line: Line<'_> =
            serde_json::from_slice(line.trim_ascii()).map_err(|error| Unusable::Line(words(&error)))?;
        let found = Traits {
            flow: line.flow.as_deref(),
            step: line.step.as_deref(),
            trigger: line.trigger.as_deref(),
            endpoint: Some(&line.endpoint),
            received_at: Some(line.received_at),
        };
        if !self.selection.takes(found) {
            return Ok(Item::PassedOver);
        }
        let body = line.body.as_bytes();
        let webhook = Document::read(body, &self.profile).ok();
        let webhook = webhook.and_then(|document| document.text(Role::WebhookName).map(str::to_owned));
        let body = match line.secret_at {
            Some(at) => Emptied::kept(Bytes::copy_from_slice(body), Some(at))?,
            None => Emptied::from_body(body, &self.credentials, &self.profile)?,
        };
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let label = Label { webhook, trigger: owned(line.trigger), step: owned(line.step) };
        Ok(Item::Message(Box::new(NewDelivery { flow: owned(line.flow), label, body })))
    }

    /// Reads a raw body.
    pub(super) fn raw(&self, body: &[u8]) -> Result<Item, Unusable> {
        if self.selection.needs_arrival() {
            return Err(Unusable::NoArrival);
        }
        let emptied = Emptied::from_body(body, &self.credentials, &self.profile)?;
        let (flow, label) = described(emptied.body(), &self.profile);
        let found = Traits {
            flow: flow.as_deref(),
            step: label.step.as_deref(),
            trigger: label.trigger.as_deref(),
            ..Traits::default()
        };
        if !self.selection.takes(found) {
            return Ok(Item::PassedOver);
        }
        Ok(Item::Message(Box::new(NewDelivery { flow, label, body: emptied })))
    }
}

fn described(body: &[u8], profile: &Profile) -> (Option<String>, Label) {
    let Ok(document) = Document::read(body, profile) else { return (None, Label::default()) };
    let text = |role| document.text(role).map(str::to_owned);
    let label = Label {
        webhook: text(Role::WebhookName),
        trigger: document.trigger().map(Trigger::as_str).map(str::to_owned),
        step: text(Role::Step(Subject::Step, Part::Identifier)),
    };
    (text(Role::FlowIdentifier), label)
}

/// What is wrong with a line, without its place in it: the line has one in the file.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words);
    if error.is_eof() { "it ends too early".to_owned() } else { text.to_owned() }
}
