//! The fields of a step's form, with order and identifier even if the model has none.

use std::hash::Hasher as _;

use schemas::{Field, FieldType, fnv1a::Fnv1a};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct WrittenField {
    name: String,
    #[serde(rename = "type")]
    kind: FieldType,
    order: Option<u32>,
    identifier: Option<String>,
    #[serde(default)]
    value: Value,
    options: Option<Vec<Value>>,
}

/// The fields of a step, each with order and identifier.
pub(super) fn fields(step: &str, written: Vec<WrittenField>) -> Vec<Field> {
    let places = 1..;
    let field = |(place, field): (u32, WrittenField)| Field {
        order: Some(field.order.unwrap_or(place)),
        identifier: Some(field.identifier.unwrap_or_else(|| identifier(step, &field.name))),
        name: field.name,
        kind: Some(field.kind),
        value: field.value,
        options: field.options,
    };
    places.zip(written).map(field).collect()
}

/// An identifier in the product's form, always the same for the same names.
fn identifier(step: &str, field: &str) -> String {
    let mut hash = Fnv1a::default();
    hash.write(step.as_bytes());
    hash.write(&[0]);
    hash.write(field.as_bytes());
    format!("field{}", 10_000_000_000 + hash.finish() % 90_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_orders_and_identifiers_are_made_and_stay_the_same() {
        let written = serde_json::json!([
            {"name": "a", "type": "Text"},
            {"name": "b", "type": "Number", "order": 7, "identifier": "field1", "value": 3},
        ]);
        let fields = fields("Form", serde_json::from_value(written).unwrap());
        assert_eq!((fields[0].order, fields[1].order), (Some(1), Some(7)));
        assert_eq!(fields[0].identifier.as_deref(), Some("field96422964620"), "written down once, never to change");
        assert_eq!(fields[1].identifier.as_deref(), Some("field1"));
        assert_ne!(identifier("a", "bc"), identifier("ab", "c"));
    }
}
