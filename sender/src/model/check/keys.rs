//! Unknown keys, with the closest known one. The known keys and examples of their values are those of
//! `json/flow-model.schema.json`.

use std::sync::LazyLock;

use schemas::{Pointer, Schema, suggest::closest};
use serde_json::Value;

use super::{Defect, Finding, Node};

static MODEL_SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(Schema::FlowModel.text()).expect("the embedded schemas are tested to be JSON")
});

/// The schema of the model, or of the object at a key such as `step`.
fn part(key: Option<&str>) -> &'static Value {
    match key {
        Some(key) => &MODEL_SCHEMA["$defs"][key],
        None => &MODEL_SCHEMA,
    }
}

/// Whether the value of a key is an object, or an array of objects, with known keys.
fn has_known_keys(key: &str) -> bool {
    matches!(key, "step" | "field" | "webhook" | "authentication")
}

/// An example of the value at an address.
pub(super) fn example(pointer: &Pointer) -> Option<Value> {
    let (key, above) = pointer.tokens().split_last()?;
    let object = above.iter().rev().find(|token| token.parse::<usize>().is_err());
    let example = &part(object.map(String::as_str))["properties"][key]["examples"][0];
    // An array of objects does not fit on a line.
    (!has_known_keys(key) && !example.is_null()).then(|| example.clone())
}

pub(super) fn check(root: &Node<'_>, findings: &mut Vec<Finding>) {
    object(root, None, findings);
}

fn object(node: &Node<'_>, part_key: Option<&str>, findings: &mut Vec<Finding>) {
    let Some(known) = part(part_key)["properties"].as_object() else { return };
    for name in node.names() {
        if !known.contains_key(name) {
            let nearest = closest(name, known.keys().map(String::as_str)).map(str::to_owned);
            let known = known.keys().cloned().collect();
            let defect = Defect::UnknownKey { key: name.to_owned(), nearest, known };
            findings.push(Finding::new(node.pointer.child(name), defect).on_key());
        } else if has_known_keys(name) {
            for element in node.elements(name) {
                object(&element, Some(name), findings);
            }
            if let Some(member) = node.get(name) {
                object(&member, Some(name), findings);
            }
        }
    }
}
