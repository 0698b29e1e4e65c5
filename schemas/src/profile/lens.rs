//! The lens: messages through a profile, to the wire and back. A message that is written and read again is the same in the
//! roles that the profile carries.

use std::fmt;

use serde_json::{Map, Value};

use super::{FieldKey, Part, Profile, Role, form::Lost};
use crate::{
    message::{StepMessage, Trigger},
    pointer::Pointer,
};

/// A message in the form of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The body.
    pub body: Value,
    /// The parts of the message that the profile does not carry.
    pub dropped: Vec<Dropped>,
}

/// A part of a message that a profile does not carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// A role for which it has no place.
    Role(Role),
    /// A key of fields for which it has no name.
    FieldKey(Role, FieldKey),
    /// A field that shares its name with an earlier one, or has no identifier, where fields are laid out as a map.
    Field(Role, usize),
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "{role}"),
            Self::FieldKey(role, key) => write!(f, "{role}: the {key:?} of fields"),
            Self::Field(role, index) => {
                write!(f, "{role}: field {}, which cannot be distinguished from another", index + 1)
            }
        }
    }
}

/// A body is not a message of this profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum LensError {
    /// A part is missing or has the wrong type. The text has types and properties, never values.
    #[error("the body is not a message of the profile `{profile}`: {violations}")]
    Nonconforming { profile: String, violations: String },
}

impl Profile {
    /// Writes a message in the form of this profile.
    pub fn write(&self, message: &StepMessage) -> Written {
        let canonical = serde_json::to_value(message).expect("a message is made of JSON values");
        let mut body = Value::Object(Map::new());
        let mut dropped = Vec::new();
        for role in Role::ALL {
            let Some(value) = role.canonical().get(&canonical) else { continue };
            let Some(place) = self.pointer(role) else {
                if !value.is_null() && !self.can_derive(role) {
                    dropped.push(Dropped::Role(role));
                }
                continue;
            };
            let value = match role {
                Role::Trigger => self.trigger_word(message.trigger).clone(),
                Role::Step(_, Part::Fields) => {
                    let (value, lost) = self.field_form().write(value.as_array().map_or(&[], Vec::as_slice));
                    dropped.extend(lost.into_iter().map(|lost| match lost {
                        Lost::Key(key) => Dropped::FieldKey(role, key),
                        Lost::Field(index) => Dropped::Field(role, index),
                    }));
                    value
                }
                _ => value.clone(),
            };
            place.set(&mut body, value);
        }
        if message.previous_step.is_none()
            && let Some(place) = &self.0.previous_step
        {
            place.set(&mut body, Value::Null);
        }
        Written { body, dropped }
    }

    /// Reads a body in the form of this profile.
    ///
    /// # Errors
    /// When a part that every message has is missing or of the wrong type. Values are never repeated.
    pub fn read(&self, body: &Value) -> Result<StepMessage, LensError> {
        serde_json::from_value(self.canonical(body)).map_err(|_| LensError::Nonconforming {
            profile: self.name().to_owned(),
            violations: self.violations(body).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        })
    }

    /// The body in the form of profile v1, as far as this profile carries it. Nothing is checked: nonconforming parts stay
    /// unchanged, for readers that show what they can.
    pub fn canonical(&self, body: &Value) -> Value {
        if self.is_canonical() {
            return body.clone();
        }
        let mut canonical = Value::Object(Map::new());
        for role in Role::ALL {
            let found = self.pointer(role).and_then(|place| place.get(body)).filter(|value| !value.is_null());
            let value = match (role, found) {
                (Role::Trigger, _) => self.trigger(body, found),
                (_, None) => None,
                (Role::Step(_, Part::Fields), Some(fields)) => Some(self.field_form().read(fields)),
                (_, Some(value)) => Some(value.clone()),
            };
            if let Some(value) = value {
                role.canonical().set(&mut canonical, value);
            }
        }
        canonical
    }

    fn trigger(&self, body: &Value, word: Option<&Value>) -> Option<Value> {
        if self.pointer(Role::Trigger).is_none() {
            let trigger = if self.has_previous_step(body) { Trigger::StepCreated } else { Trigger::StepCompleted };
            return Some(trigger.as_str().into());
        }
        let word = word?;
        Some(self.trigger_of(word).map_or_else(|| word.clone(), |trigger| trigger.as_str().into()))
    }

    fn has_previous_step(&self, body: &Value) -> bool {
        self.carried()
            .filter(|role| role.is_previous_step())
            .any(|role| self.pointer(role).and_then(|place| place.get(body)).is_some_and(|value| !value.is_null()))
    }

    /// Whether a reader knows a role that is not in the message: previous-step data is sent only when a step is created (help
    /// page, *Triggers*), so it shows the trigger.
    fn can_derive(&self, role: Role) -> bool {
        role == Role::Trigger && self.carried().any(Role::is_previous_step)
    }

    /// The address in this profile for an address of the canonical form.
    pub(crate) fn wire_address(&self, canonical: &Pointer) -> Option<Pointer> {
        let role = Role::ALL.into_iter().find(|role| role.canonical().contains(canonical))?;
        let below = &canonical.tokens()[role.canonical().tokens().len()..];
        Some(below.iter().fold(self.pointer(role)?.clone(), |address, token| address.child(token.as_str())))
    }

    /// The place where only the previous step is, if there is one.
    pub(super) fn place_of_previous_step(pointers: &super::BTreeMap<Role, Pointer>) -> Option<Pointer> {
        let (previous, others): (Vec<_>, Vec<_>) = pointers.iter().partition(|(role, _)| role.is_previous_step());
        let place = Pointer::common(previous.into_iter().map(|(_, pointer)| pointer))?;
        let alone = !place.tokens().is_empty() && !others.iter().any(|(_, pointer)| place.contains(pointer));
        alone.then_some(place)
    }
}
