//! The message as templates and filters see it: read through the profile, with unsafe characters removed and its fields
//! formatted. A message that does not conform shows the parts it has. Names are compared byte by byte, as everywhere in
//! the kit; their invisible characters are escaped and never removed.

mod field;
mod number;
mod step;

use std::{cell::Cell, sync::Arc};

use jiff::Timestamp;
use minijinja::{
    context,
    value::{Serde, Value},
};
use schemas::{
    Document, Profile, Trigger,
    document::ReadError,
    json::{Digits, exact},
};

#[cfg(feature = "inspect")]
pub(crate) use self::field::text as field_text;
pub(super) use self::number::text as number_text;
use self::step::StepView;
use super::{
    flow_url::FlowUrl,
    sanitize,
    size::{CardLimits, Shortened},
};

/// Every name in a template's context, at any depth, to suggest one for a misspelt name.
pub(super) const CONTEXT_NAMES: &str = "access approver at comment completed_at completed_by created_at data_step decision decisions \
     description endpoint fields filled flow id initiator kind long message_id name outcome position \
     previous_step received_at rejected step subject text trigger type url value values webhook wide";

/// A message as templates see it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View(Arc<Shown>);

/// Metadata of a message.
#[derive(Clone, Debug, Default)]
pub struct MessageMetadata {
    /// The endpoint's name.
    pub endpoint: String,
    /// Id of the stored message.
    pub message_id: Option<String>,
    /// When it was received.
    pub received_at: Option<Timestamp>,
    /// Pattern for the URL of its flow in the product.
    pub flow_url: Option<FlowUrl>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the body is not a message: it is not a JSON object, or is empty")]
    NotAMessage,
}

#[derive(Debug)]
struct Shown {
    /// The values of its fields have numbers as `digits` reads them.
    message: serde_json::Value,
    digits: Digits,
    numbers: number::Numbers,
    about: MessageMetadata,
}

impl View {
    /// Reads a body through a profile.
    ///
    /// # Errors
    /// When it is not a JSON object, or is ambiguous at a place that the profile knows.
    pub fn of(body: &[u8], profile: &Profile, about: &MessageMetadata) -> Result<Self, ViewError> {
        let document = Document::read(body, profile)?;
        if !document.is_message() {
            return Err(ViewError::NotAMessage);
        }
        let (value, digits) = exact(body).ok_or(ViewError::NotAMessage)?;
        let mut message = profile.canonical(&value);
        if let Some(members) = message.as_object_mut() {
            members.remove("clientSecret");
            if let Some(trigger) = document.trigger() {
                members.insert("trigger".to_owned(), trigger.as_str().into());
            }
        }
        let mut numbers = number::Numbers::default();
        note_numbers(&mut message, digits, &mut numbers, false);
        Ok(Self(Arc::new(Shown { message, digits, numbers, about: about.clone() })))
    }

    /// The names that templates and filters see.
    pub fn context(&self) -> Value {
        self.within(CardLimits::UNLIMITED).0
    }

    /// The same context within limits, and what was left out.
    pub(super) fn within(&self, limits: CardLimits) -> (Value, Vec<Shortened>) {
        self.0.numbers.show();
        let digits = self.0.digits;
        let (cut, fields, decisions) = Default::default();
        let shortener = Shortener { limits, digits, cut, fields, decisions };
        let context = self.shown(&shortener);
        let left_out = [
            (shortener.cut.get(), Shortened::Texts as fn(usize) -> Shortened),
            (shortener.fields.get(), Shortened::Fields),
            (shortener.decisions.get(), Shortened::Decisions),
        ];
        let left_out = left_out.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| what(count)).collect();
        (context, left_out)
    }

    /// Length of the longest text and number of fields of the largest step: where the search for a fit starts.
    pub(super) fn extent(&self) -> (usize, usize) {
        let fields = |step: &str| self.0.message[step]["fields"].as_array().map_or(0, Vec::len);
        (self.0.message.to_string().len(), fields("step").max(fields("previousStep")) + 1)
    }

    fn shown(&self, shortener: &Shortener) -> Value {
        let Shown { message, about, .. } = &*self.0;
        let flow = &message["flow"];
        let is_created = message["trigger"] == Trigger::StepCreated.as_str();
        let previous = &message["previousStep"];
        let previous_has_data = is_created && previous.is_object();
        let step = StepView::of(&message["step"], shortener, !previous_has_data);
        let previous_step = previous.is_object().then(|| StepView::of(previous, shortener, previous_has_data));
        // The step whose data the message carries.
        let data_step = previous_step.clone().filter(|_| previous_has_data).unwrap_or_else(|| step.clone());
        let StepView { decision, fields, values, .. } = data_step.clone();
        let identifier = flow["flowIdentifier"].as_str();
        context! {
            trigger => shortener.name(&message["trigger"]),
            webhook => context! {
                name => shortener.title(&message["webhook"]["name"]),
                description => shortener.title(&message["webhook"]["description"]),
            },
            flow => context! {
                id => shortener.name(&flow["flowIdentifier"]),
                name => shortener.title(&flow["name"]),
                subject => shortener.title(&flow["subject"]),
                initiator => shortener.name(&flow["initiator"]),
                url => about.flow_url.as_ref().zip(identifier).map(|(pattern, flow)| pattern.of(flow)),
            },
            step => Serde(step),
            previous_step => previous_step.map(Serde),
            data_step => Serde(data_step),
            decision,
            fields,
            values,
            endpoint => about.endpoint.clone(),
            message_id => about.message_id.clone(),
            received_at => about.received_at.map(|at| at.to_string()),
        }
    }
}

/// Limits, and what they have left out so far.
struct Shortener {
    limits: CardLimits,
    digits: Digits,
    cut: Cell<usize>,
    fields: Cell<usize>,
    decisions: Cell<usize>,
}

impl Shortener {
    /// An identifier, a constant of the contract, or a person's address.
    fn name(&self, value: &serde_json::Value) -> Option<String> {
        value.as_str().map(|text| self.cut(&sanitize::exact(text), self.limits.name))
    }

    /// A text for people that is usually short.
    fn title(&self, value: &serde_json::Value) -> Option<String> {
        value.as_str().map(|text| self.cut(sanitize::clean(text).trim(), self.limits.name))
    }

    /// A value or comment.
    fn value(&self, text: &str) -> String {
        self.cut(&sanitize::clean(text), self.limits.value)
    }

    fn cut(&self, text: &str, limit: usize) -> String {
        let (text, cut) = sanitize::cut(text, limit);
        if cut {
            self.cut.update(|count| count + 1);
        }
        text
    }
}

/// Only the values of fields keep the digits of their numbers.
fn note_numbers(value: &mut serde_json::Value, digits: Digits, numbers: &mut number::Numbers, is_shown: bool) {
    use serde_json::Value;
    match value {
        Value::String(_) => match digits.of(value) {
            Some(number) if is_shown => numbers.note(&number),
            Some(_) => *value = digits.number(value).map_or(Value::Null, Value::Number),
            None => {}
        },
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| note_numbers(element, digits, numbers, is_shown));
        }
        Value::Object(members) => {
            for (name, member) in members {
                note_numbers(member, digits, numbers, is_shown || name == "value");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
