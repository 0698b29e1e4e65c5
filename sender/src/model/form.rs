//! The fields of a step's form, with order and identifier even if the model has none.

use std::hash::Hasher as _;

use schemas::{Field, fnv1a::Fnv1a};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

/// Reads fields. One without a value is not filled in.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Field>, D::Error> {
    let written = Vec::<Map<String, Value>>::deserialize(deserializer)?;
    let field = |mut field: Map<String, Value>| {
        field.entry("value").or_insert(Value::Null);
        Field::deserialize(Value::Object(field)).map_err(D::Error::custom)
    };
    written.into_iter().map(field).collect()
}

/// Gives each field of a step order and identifier.
pub(super) fn complete(step: &str, fields: &mut [Field]) {
    for (place, field) in (1..).zip(fields) {
        field.order.get_or_insert(place);
        field.identifier.get_or_insert_with(|| identifier(step, &field.name));
    }
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
        let mut fields = read(written).unwrap();
        complete("Form", &mut fields);
        assert_eq!((fields[0].order, fields[1].order), (Some(1), Some(7)));
        assert_eq!(fields[0].identifier.as_deref(), Some("field96422964620"), "written down once, never to change");
        assert_eq!(fields[1].identifier.as_deref(), Some("field1"));
        assert_ne!(identifier("a", "bc"), identifier("ab", "c"));
    }
}
