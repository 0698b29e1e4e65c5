//! The subset of Adaptive Cards that Teams shows: its schema, and the ids that actions refer to.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use schemas::{Pointer, text::escape_json};
use serde_json::{Value, value::RawValue};

use super::card::{self, CardProblem};

static CARD_SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../../adaptive-card.schema.json"));
    jsonschema::draft202012::new(&schema.expect("the schema is tested to be JSON"))
        .expect("the schema is tested to compile")
});

/// The problems of an Adaptive Card in a template's output, each with its offset in characters.
pub(super) fn problems(output: &str) -> Result<Vec<(usize, String)>, (usize, CardProblem)> {
    let (json, value) = card::parse(output)?;
    let problem = |pointer: &str, what: &str| (place(&json, pointer), format!("{}: {what}", shown(pointer)));
    let mut problems: Vec<(usize, String)> = CARD_SCHEMA
        .iter_errors(&value)
        .map(|error| problem(&error.instance_path().to_string(), &message(&error)))
        .collect();
    let (mut ids, mut targets) = (BTreeMap::new(), Vec::new());
    references(&value, &Pointer::default(), &mut ids, &mut targets);
    for (id, places) in &ids {
        if let [_, again, ..] = places.as_slice() {
            problems.push(problem(&again.to_string(), &format!("the id `{}` is used twice", escape_json(id))));
        }
    }
    for (target, pointer) in targets.iter().filter(|(target, _)| !ids.contains_key(target)) {
        let what = format!("there is no element with the id `{}`", escape_json(target));
        problems.push(problem(&pointer.to_string(), &what));
    }
    problems.sort_by_key(|(place, _)| *place);
    Ok(problems)
}

fn message(error: &ValidationError<'_>) -> String {
    let value = || escape_json(&error.instance().to_string());
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let unexpected: Vec<String> = unexpected.iter().map(|name| format!("`{}`", escape_json(name))).collect();
            format!("there is no property {} here", unexpected.join(", "))
        }
        ValidationErrorKind::Required { property } => format!("{property} is missing"),
        ValidationErrorKind::MaxItems { limit } => format!("Teams shows at most {limit} of these"),
        ValidationErrorKind::Enum { options } => {
            format!("{} is not allowed here; use one of: {}", value(), listed(&options.to_string()))
        }
        ValidationErrorKind::Pattern { pattern } if pattern.contains("https?") => {
            "this is not a URL that starts with https:// or http:// for every message".to_owned()
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("{} is not allowed here; use one of: {}", value(), listed(pattern))
        }
        _ => escape_json(&error.masked_with("the value").to_string()),
    }
}

/// The choices of an enumeration, or of a pattern that is one.
fn listed(choices: &str) -> String {
    let choices = choices.trim_start_matches("(?i)").trim_matches(['^', '$', '(', ')', '[', ']']);
    choices.replace('"', "").replace([',', '|'], ", ")
}

/// The closest member name in the card; list indexes differ between messages.
fn shown(pointer: &str) -> String {
    let name = pointer.rsplit('/').find(|token| !token.bytes().all(|byte| byte.is_ascii_digit()));
    name.map_or_else(|| "the card".to_owned(), |name| format!("`{}`", escape_json(name)))
}

/// The offset in characters of the value at a pointer. Parsed values borrow from the text, so their address gives the
/// offset.
fn place(json: &str, pointer: &str) -> usize {
    let pointer: Pointer = pointer.parse().unwrap_or_default();
    let mut part = json;
    for token in pointer.tokens() {
        let members: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(part).ok();
        let found = match members {
            Some(members) => members.get(token).copied(),
            None => {
                let elements: Vec<&RawValue> = serde_json::from_str(part).unwrap_or_default();
                token.parse().ok().and_then(|index: usize| elements.get(index).copied())
            }
        };
        let Some(found) = found else { break };
        part = found.get();
    }
    let bytes = part.as_ptr() as usize - json.as_ptr() as usize;
    let blank = part.len() - part.trim_start().len();
    json[..bytes + blank].chars().count()
}

/// Collects the ids of elements and the ids that actions refer to.
fn references(
    value: &Value,
    at: &Pointer,
    ids: &mut BTreeMap<String, Vec<Pointer>>,
    targets: &mut Vec<(String, Pointer)>,
) {
    match value {
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(index, element)| references(element, &at.child(index.to_string()), ids, targets));
        }
        Value::Object(members) => {
            if let Some(id) = members.get("id").and_then(Value::as_str) {
                ids.entry(id.to_owned()).or_default().push(at.child("id"));
            }
            for (index, target) in
                members.get("targetElements").and_then(Value::as_array).into_iter().flatten().enumerate()
            {
                let id = target.as_str().or_else(|| target["elementId"].as_str());
                targets.extend(id.map(|id| (id.to_owned(), at.child("targetElements").child(index.to_string()))));
            }
            members.iter().for_each(|(name, member)| references(member, &at.child(name), ids, targets));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
