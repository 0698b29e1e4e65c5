//! The meanings of the keys of a field object, by their values and names.

use std::collections::{BTreeMap, HashMap};

use schemas::profile::FieldKey;
use serde_json::Value;

use super::{is_identifier, is_known_type};
use crate::learn::words;

/// The names of the keys, and the evidence that the objects are fields.
pub(super) struct Keys {
    pub(super) names: BTreeMap<FieldKey, String>,
    /// Whether there are identifiers, and all are of the product's form.
    pub(super) identifiers: bool,
    /// Whether there are types, and all are known.
    pub(super) types: bool,
}

/// Minimum points for a meaning.
const MIN_POINTS: i32 = 2;
const OWN_NAME_POINTS: i32 = 3;

impl Keys {
    /// `None` unless all are objects with a name and a value.
    pub(super) fn of(fields: &[&Value]) -> Option<Self> {
        let objects: Option<Vec<_>> = fields.iter().map(|field| field.as_object()).collect();
        let mut columns: Vec<(&String, Vec<&Value>)> = Vec::new();
        let mut by_name: HashMap<&String, usize> = HashMap::new();
        for (name, value) in objects?.into_iter().flatten() {
            let column = *by_name.entry(name).or_insert_with(|| {
                columns.push((name, Vec::new()));
                columns.len() - 1
            });
            columns[column].1.push(value);
        }
        let mut pairs: Vec<(i32, usize, FieldKey)> = Vec::new();
        for (index, (name, values)) in columns.iter().enumerate() {
            for key in KEY_MEANINGS {
                let points = points(key, name, values);
                pairs.extend(points.filter(|points| *points >= MIN_POINTS).map(|points| (points, index, key)));
            }
        }
        pairs.sort_by_key(|(points, ..)| -points);
        let mut chosen: BTreeMap<FieldKey, usize> = BTreeMap::new();
        for (_, index, key) in pairs {
            if !chosen.values().any(|taken| *taken == index) {
                chosen.entry(key).or_insert(index);
            }
        }
        let column = |key: FieldKey| chosen.get(&key).map(|index| &columns[*index].1);
        let texts = |key: FieldKey| column(key).map(|values| values.iter().filter_map(|value| value.as_str()));
        let identifiers = texts(FieldKey::Identifier).is_some();
        let types = texts(FieldKey::Type).is_some_and(|mut texts| texts.all(is_known_type));
        let names: BTreeMap<FieldKey, String> =
            chosen.iter().map(|(key, index)| (*key, columns[*index].0.clone())).collect();
        let whole = names.contains_key(&FieldKey::Name) && names.contains_key(&FieldKey::Value);
        whole.then_some(Self { names, identifiers, types })
    }
}

const KEY_MEANINGS: [FieldKey; 6] =
    [FieldKey::Identifier, FieldKey::Type, FieldKey::Order, FieldKey::Options, FieldKey::Value, FieldKey::Name];

/// Points for a meaning; `None` if the values exclude it.
fn points(key: FieldKey, name: &str, values: &[&Value]) -> Option<i32> {
    let present = || values.iter().filter(|value| !value.is_null());
    let texts = present().all(|value| value.is_string()) && present().next().is_some();
    let all = |is: fn(&str) -> bool| texts && present().filter_map(|value| value.as_str()).all(is);
    let (possible, seen, hints): (bool, i32, &[&str]) = match key {
        FieldKey::Identifier => (all(is_identifier), 5, words::IDENTIFIER),
        FieldKey::Type => (all(|text| !text.is_empty()), if all(is_known_type) { 4 } else { 0 }, &["type", "kind"]),
        FieldKey::Order => {
            let numbers = present().all(|value| value.as_u64().is_some_and(|number| number > 0));
            (numbers && present().next().is_some(), 0, &["order", "position", "sequence", "index", "sort", "no"])
        }
        FieldKey::Options => {
            (present().all(|value| value.is_array()), 0, &["options", "choices", "items", "values", "option", "list"])
        }
        FieldKey::Value => (true, 0, &["value", "answer", "response", "content", "input", "data", "entry"]),
        FieldKey::Name => (
            all(|text| !text.is_empty()) && !all(is_identifier),
            0,
            &["name", "label", "title", "caption", "question", "text", "heading"],
        ),
    };
    let own = words::split(name);
    let hint = if words::last(&own, hints) {
        OWN_NAME_POINTS
    } else if words::any(&own, hints) {
        OWN_NAME_POINTS - 1
    } else {
        0
    };
    possible.then_some(seen + hint)
}
