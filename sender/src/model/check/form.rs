//! The fields of a step's form: unique names, and values that fit their types.

use schemas::{FieldType, suggest::closest};
use serde_json::{Value, json};

use super::{Defect, Finding, Node, repeated};
use crate::{draft::field, model::Syntax};

pub(super) fn check(step: &Node<'_>, syntax: Syntax, findings: &mut Vec<Finding>) {
    findings.extend(repeated("field", step.elements("field").filter_map(|field| field.get("name"))));
    findings.extend(repeated("order", step.elements("field").filter_map(|field| field.get("order")).filter(is_there)));
    for node in step.elements("field") {
        let Some(word) = node.text("type").filter(|word| !word.is_empty()) else { continue };
        let kind = FieldType::from(word.to_owned());
        if let FieldType::Other(word) = kind {
            let nearest = closest(&word, FieldType::KNOWN.iter().map(FieldType::as_str)).map(str::to_owned);
            let defect = Defect::UnknownFieldType { word, nearest };
            findings.push(Finding::new(node.pointer.child("type"), defect));
            continue;
        }
        let Some(value) = node.get("value") else { continue };
        if !field::fits(&kind, value.value) {
            let meant = meant(&kind, value.value, node.value).map(|value| syntax.member("value", &value));
            let defect = Defect::Value { form: form_of(&kind), kind, meant };
            findings.push(Finding::new(value.pointer, defect));
        } else {
            choices(&node, &value, findings);
        }
    }
}

/// Identifiers are unique in the whole model.
pub(super) fn check_identifiers(root: &Node<'_>, findings: &mut Vec<Finding>) {
    let fields = root.elements("step").flat_map(|step| step.elements("field"));
    let identifiers = fields.filter_map(|field| field.get("identifier")).filter(is_there);
    findings.extend(repeated("field identifier", identifiers));
}

fn is_there(node: &Node<'_>) -> bool {
    !node.value.is_null()
}

/// A list's value must be one of its options, if it has any.
fn choices(field: &Node<'_>, value: &Node<'_>, findings: &mut Vec<Finding>) {
    let Some(options) = field.value.get("options").and_then(Value::as_array).filter(|options| !options.is_empty())
    else {
        return;
    };
    let is_option = |choice: &Value| {
        let same = |option: &Value| match option {
            Value::String(text) => choice["value"] == text.as_str(),
            pair => pair["key"] == choice["key"] && pair["value"] == choice["value"],
        };
        options.iter().any(same)
    };
    let chosen: Vec<Node<'_>> = match value.value {
        Value::Object(_) => vec![value.clone()],
        Value::Array(_) => field.elements("value").collect(),
        _ => return,
    };
    let unknown = chosen.into_iter().filter(|choice| !is_option(choice.value));
    findings.extend(unknown.map(|choice| Finding::new(choice.pointer, Defect::NoSuchChoice)));
}

fn form_of(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::CheckBox => "the text \"true\" or \"false\"",
        FieldType::RadioButtonList | FieldType::SelectList => "the chosen option with its key, and isSelected true",
        FieldType::MultiSelectList => "a list of options, each with key, value and isSelected",
        other => field::form(other),
    }
}

/// The value of the right type that was probably intended.
fn meant(kind: &FieldType, value: &Value, field: &Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => return None,
    };
    let meant = match kind {
        FieldType::CheckBox => Value::from(text.to_lowercase()),
        FieldType::Text | FieldType::TextArea => Value::from(text),
        FieldType::Currency | FieldType::Number => serde_json::from_str(&text).ok()?,
        FieldType::Date => {
            // A longer text has a time, which this type cannot hold.
            let day: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == "2026-01-05".len())?;
            day.strftime("%d/%m/%Y").to_string().into()
        }
        FieldType::RadioButtonList | FieldType::SelectList => choice(&text, field),
        FieldType::MultiSelectList => json!([choice(&text, field)]),
        _ => return None,
    };
    field::fits(kind, &meant).then_some(meant)
}

/// The option of a text, selected.
fn choice(text: &str, field: &Value) -> Value {
    let options = field.get("options").and_then(Value::as_array);
    let option = options.into_iter().flatten().find(|option| option["value"] == text);
    let key = option.and_then(|option| option["key"].as_str()).unwrap_or("1");
    json!({"key": key, "value": text, "isSelected": true})
}
