//! A message of a source: an exported line or a raw body.

use std::borrow::Cow;

use jiff::Timestamp;
use schemas::{
    BodyTemplate, BodyTemplateError, Document, Profile, Role, Trigger,
    body_template::MissingPlaceholder,
    profile::{Part, Subject},
};
use serde::Deserialize;

use super::{Item, Replay, selection::Attributes};
use crate::outbox::{Label, NewDelivery};

/// An item of a source that cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {why}")]
pub struct Problem {
    pub place: String,
    pub why: Unusable,
}

/// Why an item cannot be sent again. It holds no part of a body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// The line does not come from an export.
    #[error("this is not a line of an export: {0}")]
    Line(String),
    #[error(transparent)]
    Secret(#[from] MissingPlaceholder),
    /// The body cannot be read, so it may hold a secret; or it has no place for one.
    #[error("{0}")]
    Body(#[from] BodyTemplateError),
    /// It lacks the attributes of the selection.
    #[error("a raw body has no time and endpoint of arrival, so it cannot be selected by them")]
    NoArrival,
    #[error("it is longer than {} MiB", .max_bytes >> 20)]
    Long { max_bytes: usize },
}

/// A line from `messages export`, as far as a replay needs it. Other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExportedLine<'l> {
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

/// Whether a line comes from an export, even if it is incomplete.
pub(super) fn is_exported(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct RequiredMembers<'l> {
        #[serde(borrow, rename = "receivedAt")]
        _received_at: Cow<'l, str>,
        #[serde(borrow, rename = "body")]
        _body: Cow<'l, str>,
    }
    serde_json::from_slice::<RequiredMembers<'_>>(line).is_ok()
}

impl Replay {
    /// Reads an exported line.
    pub(super) fn line(&self, line: &[u8]) -> Result<Item, Unusable> {
        let line: ExportedLine<'_> =
            serde_json::from_slice(line.trim_ascii()).map_err(|error| Unusable::Line(without_position(&error)))?;
        let found = Attributes {
            flow: line.flow.as_deref(),
            step: line.step.as_deref(),
            trigger: line.trigger.as_deref(),
            endpoint: Some(&line.endpoint),
            received_at: Some(line.received_at),
        };
        if !self.selection.matches(found) {
            return Ok(Item::Skipped);
        }
        let body = line.body.as_bytes();
        let webhook = Document::read(body, &self.profile).ok();
        let webhook = webhook.and_then(|document| document.text(Role::WebhookName).map(str::to_owned));
        let body = match line.secret_at {
            Some(at) => BodyTemplate::from_stored(body, Some(at))?,
            None => BodyTemplate::from_body(body, self.credentials.kind(), &self.profile)?,
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
        let template = BodyTemplate::from_body(body, self.credentials.kind(), &self.profile)?;
        let (flow, label) = described(template.body(), &self.profile);
        let found = Attributes {
            flow: flow.as_deref(),
            step: label.step.as_deref(),
            trigger: label.trigger.as_deref(),
            ..Attributes::default()
        };
        if !self.selection.matches(found) {
            return Ok(Item::Skipped);
        }
        Ok(Item::Message(Box::new(NewDelivery { flow, label, body: template })))
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

/// The error without its position in the line: the problem has the line's position in the file.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    if error.is_eof() { "it ends too early".to_owned() } else { text.to_owned() }
}
