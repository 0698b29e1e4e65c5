//! Every place of the messages, with its values.

use std::collections::HashMap;

use schemas::Pointer;
use serde_json::Value;

use super::words;

/// Maximum number of elements of an array to inspect: a role points at one of the first, if at any.
const MAX_ELEMENTS: usize = 10;

/// Every place, in the order of the messages.
pub(super) struct MessageSurvey<'m> {
    pub(super) messages: Vec<&'m Value>,
    pub(super) places: Vec<Place<'m>>,
    by_pointer: HashMap<Pointer, usize>,
}

/// A place in the messages.
pub(super) struct Place<'m> {
    pub(super) pointer: Pointer,
    /// The words of each name in the pointer.
    pub(super) words: Vec<Vec<String>>,
    /// The values with the index of their message. A list with a slot for every message would be too large, if there are
    /// many messages with many places.
    pub(super) values: Vec<(usize, &'m Value)>,
    /// Number of messages.
    count: usize,
}

impl<'m> MessageSurvey<'m> {
    pub(super) fn of(messages: Vec<&'m Value>) -> Self {
        let mut survey = Self { messages: messages.clone(), places: Vec::new(), by_pointer: HashMap::new() };
        for (index, message) in messages.into_iter().enumerate() {
            survey.visit(index, &Pointer::default(), message);
        }
        survey
    }

    fn visit(&mut self, index: usize, pointer: &Pointer, value: &'m Value) {
        if !pointer.tokens().is_empty() {
            let known = *self.by_pointer.entry(pointer.clone()).or_insert_with(|| {
                let words = pointer.tokens().iter().map(|token| words::split(token)).collect();
                let count = self.messages.len();
                self.places.push(Place { pointer: pointer.clone(), words, values: Vec::new(), count });
                self.places.len() - 1
            });
            self.places[known].values.push((index, value));
        }
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| self.visit(index, &pointer.child(name.as_str()), value));
            }
            Value::Array(elements) => {
                let elements = elements.iter().take(MAX_ELEMENTS).enumerate();
                elements.for_each(|(at, value)| self.visit(index, &pointer.child(at.to_string()), value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    pub(super) fn at(&self, pointer: &Pointer) -> Option<&Place<'m>> {
        self.by_pointer.get(pointer).map(|at| &self.places[*at])
    }

    /// Such as `both messages`.
    pub(super) fn all_messages(&self) -> String {
        match self.messages.len() {
            1 => "the message".to_owned(),
            2 => "both messages".to_owned(),
            count => format!("all {count} messages"),
        }
    }
}

impl<'m> Place<'m> {
    /// The words of its own name.
    pub(super) fn own(&self) -> &[String] {
        self.words.last().map_or(&[], Vec::as_slice)
    }

    /// The words of all names in the pointer.
    pub(super) fn path_words(&self) -> impl Iterator<Item = &String> {
        self.words.iter().flatten()
    }

    /// Whether a name in the pointer has one of the words.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        words::any(self.path_words(), words)
    }

    /// The values that are not null.
    pub(super) fn present(&self) -> impl Iterator<Item = &'m Value> {
        self.values.iter().map(|(_, value)| *value).filter(|value| !value.is_null())
    }

    /// The values as texts, if all are texts and at least one is not empty.
    pub(super) fn texts(&self) -> Option<Vec<&'m str>> {
        let texts: Option<Vec<&str>> = self.present().map(Value::as_str).collect();
        texts.filter(|texts| texts.iter().any(|text| !text.is_empty()))
    }

    pub(super) fn is_in_every_message(&self) -> bool {
        self.present().count() == self.count
    }

    /// Whether it is in an array.
    pub(super) fn is_in_an_array(&self) -> bool {
        self.pointer.tokens().iter().any(|token| token.bytes().all(|byte| byte.is_ascii_digit()) && !token.is_empty())
    }

    /// Whether it is a direct member of this object.
    pub(super) fn is_member_of(&self, object: &Pointer) -> bool {
        self.pointer.parent().is_some_and(|parent| parent == *object)
    }

    /// Its own name, as spelled in the messages.
    pub(super) fn name(&self) -> &str {
        self.pointer.tokens().last().map_or("", String::as_str)
    }
}
