//! Keys that no part of the configuration has, and the key that was probably meant. The known ones are those of
//! `config.schema.json`.

use std::{ops::Range, sync::LazyLock};

use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::nearest::nearest;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../config.schema.json")).expect("the embedded schema is tested to be JSON")
});

/// Names closer than this to a known one were probably meant to be it.
const PROBABLY_MEANT: f64 = 0.8;

/// Every unknown key: where it stands, and what to say of it.
pub(super) fn unknown(file: &DeTable<'_>) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    table(file, &SCHEMA, &mut found);
    found
}

fn table(members: &DeTable<'_>, schema: &Value, found: &mut Vec<(Range<usize>, String)>) {
    let schema = resolved(schema);
    let Some(known) = schema["properties"].as_object() else { return };
    for (key, member) in members {
        match known.get(key.get_ref().as_ref()) {
            Some(schema) => value(member, schema, found),
            None => found.push((key.span(), words(key.get_ref(), known.keys().map(String::as_str)))),
        }
    }
}

fn value(member: &Spanned<DeValue<'_>>, schema: &Value, found: &mut Vec<(Range<usize>, String)>) {
    let schema = resolved(schema);
    match member.get_ref() {
        DeValue::Table(members) => table(members, schema, found),
        DeValue::Array(elements) => elements.iter().for_each(|element| value(element, &schema["items"], found)),
        _ => {}
    }
}

fn resolved(schema: &Value) -> &Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| SCHEMA.pointer(pointer)).unwrap_or(schema)
}

fn words<'k>(key: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    match nearest(key, known.clone(), PROBABLY_MEANT) {
        Some(name) => format!("`{key}` is no key here; did you mean `{name}`?"),
        None => format!("`{key}` is no key here; the keys are {}", known.collect::<Vec<_>>().join(", ")),
    }
}
