//! How the fields of a step are laid out on the wire: an array of objects, or one object keyed by name or identifier.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The layout of a step's fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "camelCase", deny_unknown_fields)]
pub enum FieldForm {
    /// An array of objects, one per field, with these key names; a key that is not listed is not in the message.
    Array {
        /// The name of each key in the message.
        keys: BTreeMap<FieldKey, String>,
    },
    /// An object with one member per field: its name or identifier, and its value. Nothing else is in the message.
    Map {
        /// What names the members.
        key: MapKey,
    },
}

/// The keys of a field object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldKey {
    /// The name in the form.
    Name,
    /// The field's type.
    Type,
    /// The place in the form.
    Order,
    /// The identifier.
    Identifier,
    /// The value.
    Value,
    /// The choices of a list.
    Options,
}

/// What names the members of a field map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MapKey {
    /// The field's name.
    Name,
    /// The field's identifier, which is also used as its name.
    Identifier,
}

impl FieldKey {
    const ALL: [Self; 6] = [Self::Name, Self::Type, Self::Order, Self::Identifier, Self::Value, Self::Options];

    /// Its name in a profile and in profile v1's messages.
    pub fn canonical(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::Order => "order",
            Self::Identifier => "identifier",
            Self::Value => "value",
            Self::Options => "options",
        }
    }
}

/// A part of a field that the layout does not carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    Key(FieldKey),
    /// A whole field, by its index in the message: its identifier is missing or is the one of another field.
    Field(usize),
}

impl FieldForm {
    /// Lays canonical fields out as the message has them.
    pub(super) fn write(&self, fields: &[Value]) -> (Value, Vec<Lost>) {
        let mut lost = Vec::new();
        let wire = match self {
            Self::Array { keys } => fields.iter().map(|field| write_object(field, keys, &mut lost)).collect(),
            Self::Map { key } => {
                let mut members = Map::new();
                for (index, field) in fields.iter().enumerate() {
                    match field[key.field_key().canonical()].as_str() {
                        Some(name) if !members.contains_key(name) => {
                            members.insert(name.to_owned(), field["value"].clone());
                            note_lost_keys(field, |key| key == FieldKey::Value || self.names(key), &mut lost);
                        }
                        _ => lost.push(Lost::Field(index)),
                    }
                }
                Value::Object(members)
            }
        };
        (wire, lost)
    }

    /// Reads the fields of a message into canonical ones. Fields with another layout are returned unchanged, for the schema
    /// to judge.
    pub(super) fn read(&self, wire: &Value) -> Value {
        match (self, wire) {
            (Self::Array { keys }, Value::Array(fields)) => {
                fields.iter().map(|field| read_object(field, keys)).collect()
            }
            (Self::Map { key }, Value::Object(members)) => members
                .iter()
                .map(|(name, value)| {
                    let mut field = Map::from_iter([("name".to_owned(), Value::from(name.as_str()))]);
                    if *key == MapKey::Identifier {
                        field.insert("identifier".to_owned(), Value::from(name.as_str()));
                    }
                    field.insert("value".to_owned(), value.clone());
                    Value::Object(field)
                })
                .collect(),
            _ => wire.clone(),
        }
    }

    /// Whether the layout has a place for a key.
    pub(super) fn names(&self, key: FieldKey) -> bool {
        match self {
            Self::Array { keys } => keys.contains_key(&key),
            Self::Map { key: named } => key == FieldKey::Value || key == named.field_key(),
        }
    }
}

impl MapKey {
    fn field_key(self) -> FieldKey {
        match self {
            Self::Name => FieldKey::Name,
            Self::Identifier => FieldKey::Identifier,
        }
    }
}

fn write_object(field: &Value, keys: &BTreeMap<FieldKey, String>, lost: &mut Vec<Lost>) -> Value {
    note_lost_keys(field, |key| keys.contains_key(&key), lost);
    let members = FieldKey::ALL
        .into_iter()
        .filter_map(|key| Some((keys.get(&key)?.clone(), field.get(key.canonical())?.clone())));
    Value::Object(members.collect())
}

fn read_object(field: &Value, keys: &BTreeMap<FieldKey, String>) -> Value {
    let Value::Object(members) = field else { return field.clone() };
    let known = keys.iter().filter_map(|(key, name)| Some((key.canonical().to_owned(), members.get(name)?.clone())));
    Value::Object(known.collect())
}

fn note_lost_keys(field: &Value, carries: impl Fn(FieldKey) -> bool, lost: &mut Vec<Lost>) {
    for key in FieldKey::ALL {
        let says_something = field.get(key.canonical()).is_some_and(|value| !value.is_null());
        if says_something && !carries(key) && !lost.contains(&Lost::Key(key)) {
            lost.push(Lost::Key(key));
        }
    }
}
