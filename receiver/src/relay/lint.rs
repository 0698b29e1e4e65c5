//! Lints a template: renders every valid sample, and checks the output against the subset of Adaptive Cards that Teams
//! shows.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use schemas::{Pointer, Profile, Sample, text::escape_json};
use serde_json::{Value, value::RawValue};

use super::{
    Budget, FlowUrl, card,
    template::{Template, TemplateError},
    validate,
    view::View,
};

static CARD: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../../adaptive-card.schema.json"));
    jsonschema::draft202012::new(&schema.expect("the schema is tested to be JSON"))
        .expect("the schema is tested to compile")
});

/// A problem of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// File, line, and what is wrong.
    pub problem: String,
    /// The first sample with this problem.
    pub sample: &'static str,
    /// Number of other samples with this problem.
    pub more: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sample {}", self.problem, self.sample)?;
        match self.more {
            0 => f.write_str(")"),
            more => write!(f, ", and {more} more)"),
        }
    }
}

/// All problems of a template for cards.
pub fn cards(template: &Template) -> Vec<Finding> {
    findings(|view| {
        let wrong = template.wrong_on(view)?;
        if wrong.is_empty() && !template.card(view, Budget::default())?.shortened.is_empty() {
            let budget = Budget::default().bytes();
            return Ok(vec![format!(
                "{}: the card is too large by itself: even a small message exceeds {budget} bytes",
                template.name()
            )]);
        }
        Ok(wrong)
    })
}

/// All problems of a template for other texts.
pub fn texts(template: &Template) -> Vec<Finding> {
    findings(|view| template.text(view).map(|_| Vec::new()))
}

fn findings(wrong_on: impl Fn(&View) -> Result<Vec<String>, TemplateError>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let flow_url: Option<FlowUrl> = "https://product.example/flows/{flowIdentifier}".parse().ok();
    for sample in Sample::valid() {
        let mut problems: Vec<String> = Vec::new();
        // With and without the optional flow URL.
        for flow_url in [flow_url.clone(), None] {
            let about = validate::about("/webhooks/flowingly", flow_url);
            let Ok(view) = View::of(sample.body, Profile::v1(), &about) else { continue };
            problems.extend(wrong_on(&view).unwrap_or_else(|error| vec![error.to_string()]));
        }
        let mut told = Vec::new();
        for problem in problems {
            if told.contains(&problem) {
                continue;
            }
            told.push(problem.clone());
            match findings.iter_mut().find(|finding| finding.problem == problem) {
                Some(known) => known.more += 1,
                None => findings.push(Finding { problem, sample: sample.name, more: 0 }),
            }
        }
    }
    findings
}

/// The problems of a template's output, each with its offset in characters.
pub(super) fn output(output: &str) -> Result<Vec<(usize, String)>, (usize, card::CardProblem)> {
    let (json, value) = card::unsettled(output)?;
    let mut wrong: Vec<(usize, String)> = CARD
        .iter_errors(&value)
        .map(|error| {
            let pointer = error.instance_path().to_string();
            (place(&json, &pointer), format!("{}: {}", shown(&pointer), words(&error)))
        })
        .collect();
    let mut ids = BTreeMap::new();
    let mut targets = Vec::new();
    references(&value, &Pointer::default(), &mut ids, &mut targets);
    for (id, places) in &ids {
        if let [_, again, ..] = places.as_slice() {
            wrong.push((
                place(&json, &again.to_string()),
                format!("{}: the id `{}` is used twice", shown(&again.to_string()), escape_json(id)),
            ));
        }
    }
    for (target, pointer) in targets {
        if !ids.contains_key(&target) {
            let pointer = pointer.to_string();
            wrong.push((
                place(&json, &pointer),
                format!("{}: there is no element with the id `{}`", shown(&pointer), escape_json(&target)),
            ));
        }
    }
    wrong.sort_by_key(|(place, _)| *place);
    Ok(wrong)
}

fn words(error: &ValidationError<'_>) -> String {
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
