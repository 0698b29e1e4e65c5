//! Collections that look like the fields of a form: arrays of objects, or objects keyed by identifier or name.

mod keys;

use std::collections::{BTreeMap, HashMap};

use schemas::{
    FieldType, Pointer,
    profile::{FieldForm, FieldKey, MapKey},
};
use serde_json::Value;

use self::keys::Keys;
use super::{
    finding::Candidate,
    survey::{MessageSurvey, Place},
    words,
};

const COLLECTION_NAMES: &[&str] =
    &["fields", "field", "inputs", "answers", "responses", "form", "values", "data", "questions", "elements", "items"];

/// A collection that may be the fields of a step.
#[derive(Clone, Debug)]
pub(super) struct Collection {
    pub(super) candidate: Candidate,
    pub(super) form: FieldForm,
}

/// A collection that looks like fields, in a form that a profile cannot express.
#[derive(Clone, Debug)]
pub(super) struct UnsupportedCollection {
    pub(super) pointer: Pointer,
    pub(super) why: &'static str,
}

/// The collections, and those that a profile cannot express.
pub(super) fn collections(survey: &MessageSurvey<'_>) -> (Vec<Collection>, Vec<UnsupportedCollection>) {
    let (mut found, mut unsupported) = (Vec::<Collection>::new(), Vec::new());
    for place in &survey.places {
        let collection = array(place).or_else(|| match map(place) {
            Map::Fields(collection) => Some(collection),
            Map::Unsupported(why) => {
                unsupported.push(UnsupportedCollection { pointer: place.pointer.clone(), why });
                None
            }
            Map::Other => None,
        });
        found.extend(collection);
    }
    // The options of a list field are inside its collection, and are not fields.
    let scores: HashMap<&Pointer, i32> =
        found.iter().map(|found| (&found.candidate.pointer, found.candidate.score)).collect();
    let inner = |inner: &Collection| {
        above(&inner.candidate.pointer)
            .any(|outer| scores.get(&outer).is_some_and(|score| *score >= inner.candidate.score))
    };
    let outermost = found.iter().filter(|collection| !inner(collection)).cloned().collect();
    (outermost, unsupported)
}

/// The places that contain a place, innermost first.
pub(super) fn above(pointer: &Pointer) -> impl Iterator<Item = Pointer> {
    std::iter::successors(pointer.parent(), Pointer::parent)
}

fn array(place: &Place<'_>) -> Option<Collection> {
    let arrays: Option<Vec<&Vec<Value>>> = place.present().map(Value::as_array).collect();
    let fields: Vec<&Value> = arrays?.into_iter().flatten().collect();
    let keys = Keys::of(&fields)?;
    let mut candidate = Candidate::at(&place.pointer);
    candidate.add(keys.identifiers, 5, "identifiers of the form field + digits");
    candidate.add(keys.types, 3, "known field types");
    candidate.add(words::any(place.own(), COLLECTION_NAMES), 2, format!("named {}", place.name()));
    candidate.shift(keys.names.contains_key(&FieldKey::Order), 1);
    Some(Collection { candidate, form: FieldForm::Array { keys: keys.names } })
}

enum Map {
    Fields(Collection),
    Unsupported(&'static str),
    Other,
}

fn map(place: &Place<'_>) -> Map {
    let objects: Option<Vec<_>> = place.present().map(Value::as_object).collect();
    let members: Vec<(&String, &Value)> = objects.into_iter().flatten().flatten().collect();
    if members.is_empty() {
        return Map::Other;
    }
    let by_identifier = members.iter().all(|(name, _)| is_identifier(name));
    let readable = members.iter().filter(|(name, _)| name.contains(' ')).count();
    let is_named = words::any(place.own(), COLLECTION_NAMES);
    if !by_identifier && !is_named {
        return Map::Other;
    }
    if members.iter().any(|(_, value)| !is_field_value(value)) {
        return if by_identifier {
            Map::Unsupported(
                "an object for each field, keyed by identifier: a profile can only say identifier and value",
            )
        } else {
            Map::Other
        };
    }
    let key = if by_identifier { MapKey::Identifier } else { MapKey::Name };
    let mut candidate = Candidate::at(&place.pointer);
    candidate.add(by_identifier, 5, "keyed by identifiers of the form field + digits");
    candidate.add(!by_identifier && readable * 2 >= members.len(), 3, "keyed by names that people read");
    candidate.add(is_named, 2, format!("named {}", place.name()));
    Map::Fields(Collection { candidate, form: FieldForm::Map { key } })
}

/// What a form's field can hold: a scalar, a chosen option, or several of either.
fn is_field_value(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.keys().all(|name| ["key", "value", "isselected"].contains(&name.to_lowercase().as_str()))
        }
        Value::Array(elements) => elements.iter().all(|element| !element.is_array() && is_field_value(element)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// `field` and digits (public API).
fn is_identifier(text: &str) -> bool {
    let digits = text.strip_prefix("field");
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// A type of the public API.
fn is_known_type(text: &str) -> bool {
    !matches!(FieldType::from(text.to_owned()), FieldType::Other(_))
}

/// The form of two collections of the same messages: a key may be in only one of them.
pub(super) fn joined(first: &FieldForm, second: &FieldForm) -> FieldForm {
    match (first, second) {
        (FieldForm::Array { keys }, FieldForm::Array { keys: more }) => {
            let mut joined: BTreeMap<FieldKey, String> = keys.clone();
            for (key, name) in more {
                if !joined.values().any(|known| known == name) {
                    joined.entry(*key).or_insert_with(|| name.clone());
                }
            }
            FieldForm::Array { keys: joined }
        }
        _ => first.clone(),
    }
}
