//! The JSON Schemas, compiled, and violations that name the place, the clause of `CONTRACT.md` and the reason.
//!
//! The schemas themselves name the clause of each rule (`x-clause`).

use std::{collections::HashMap, fmt, sync::LazyLock};

use jsonschema::{Registry, ValidationError, Validator, error::ValidationErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{document::Document, pointer::Pointer, profile::Profile};

/// Maximum number of violations to report for one value: enough to see what is wrong with it.
pub const MAX_VIOLATIONS: usize = 100;

/// Maximum number of array elements in which every violation is collected, because a message of a few MiB can hold a
/// million.
const MAX_ELEMENTS: usize = 1000;

/// A schema of `json/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schema {
    /// A form field: `field.schema.json`.
    Field,
    /// A flow model as a team writes it down: `flow-model.schema.json`.
    FlowModel,
    /// An error answer: `problem.schema.json`.
    Problem,
    /// The report of the contract runner: `report.schema.json`.
    Report,
    /// A step: `step.schema.json`.
    Step,
    /// A whole message: `step-message.schema.json`.
    StepMessage,
    /// A webhook's configuration: `webhook.schema.json`.
    Webhook,
}

/// A rule of the contract that a message breaks. It has types and properties, never values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where, as a JSON Pointer into the message as received.
    pub pointer: String,
    /// The clause of `CONTRACT.md`.
    pub clause: String,
    /// The problem.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the message" } else { &self.pointer };
        write!(f, "{place}: {} ({})", self.message, self.clause)
    }
}

struct Compiled {
    source: Value,
    validator: Validator,
}

static COMPILED_SCHEMAS: LazyLock<HashMap<Schema, Compiled>> = LazyLock::new(|| {
    let sources = Schema::ALL.map(|schema| (schema, schema.source()));
    let resources = sources.iter().map(|(_, source)| (id(source), source));
    let registry = Registry::new().extend(resources).and_then(|registry| registry.prepare());
    let registry = registry.expect("the embedded schemas are tested to be whole");
    let options = jsonschema::draft202012::options();
    let options = options.with_registry(&registry);
    let compile = |(schema, source): &(Schema, Value)| {
        let validator = options.build(source).expect("the embedded schemas are tested to compile");
        (*schema, Compiled { source: source.clone(), validator })
    };
    sources.iter().map(compile).collect()
});

fn id(source: &Value) -> &str {
    source["$id"].as_str().expect("the embedded schemas are tested to have an $id")
}

impl Schema {
    /// Every schema.
    pub const ALL: [Self; 7] =
        [Self::Field, Self::FlowModel, Self::Problem, Self::Report, Self::Step, Self::StepMessage, Self::Webhook];

    /// The schema's JSON text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Field => include_str!("../json/field.schema.json"),
            Self::FlowModel => include_str!("../json/flow-model.schema.json"),
            Self::Problem => include_str!("../json/problem.schema.json"),
            Self::Report => include_str!("../json/report.schema.json"),
            Self::Step => include_str!("../json/step.schema.json"),
            Self::StepMessage => include_str!("../json/step-message.schema.json"),
            Self::Webhook => include_str!("../json/webhook.schema.json"),
        }
    }

    fn source(self) -> Value {
        serde_json::from_str(self.text()).expect("the embedded schemas are tested to be JSON")
    }

    fn compiled(self) -> &'static Compiled {
        &COMPILED_SCHEMAS[&self]
    }

    /// Whether a value conforms to the schema. Faster than [`Self::violations`].
    pub fn is_valid(self, value: &Value) -> bool {
        self.compiled().validator.is_valid(value)
    }

    /// The rules that a value breaks, at most [`MAX_VIOLATIONS`]. After the 1000th array element only the first violation is
    /// reported, and only if there is none before.
    pub fn violations(self, value: &Value) -> Vec<Violation> {
        self.collect(value, Some)
    }

    fn collect(self, value: &Value, map: impl Fn(Violation) -> Option<Violation>) -> Vec<Violation> {
        let validator = &self.compiled().validator;
        if validator.is_valid(value) {
            // Most values, in a fraction of the time.
            return Vec::new();
        }
        let beginning = beginning(value);
        let errors = validator.iter_errors(beginning.as_ref().unwrap_or(value));
        let mut found: Vec<_> =
            errors.flat_map(|error| violations(&error)).filter_map(&map).take(MAX_VIOLATIONS).collect();
        if found.is_empty()
            && beginning.is_some()
            && let Err(error) = validator.validate(value)
        {
            found.extend(violations(&error).into_iter().filter_map(map));
        }
        found
    }
}

/// A value without its array elements after the first [`MAX_ELEMENTS`]; `None` if it has no more. An array keeps at least
/// one element.
fn beginning(value: &Value) -> Option<Value> {
    fn elements(value: &Value) -> usize {
        match value {
            Value::Array(all) => all.len() + all.iter().map(elements).sum::<usize>(),
            Value::Object(members) => members.values().map(elements).sum(),
            _ => 0,
        }
    }
    fn cut(value: &Value, left: &mut usize) -> Value {
        match value {
            Value::Array(all) => {
                let mut kept = Vec::new();
                for element in all {
                    if *left == 0 && !kept.is_empty() {
                        break;
                    }
                    *left = left.saturating_sub(1);
                    kept.push(cut(element, left));
                }
                Value::Array(kept)
            }
            Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), cut(member, left))).collect(),
            scalar => scalar.clone(),
        }
    }
    let mut left = MAX_ELEMENTS;
    (elements(value) > left).then(|| cut(value, &mut left))
}

impl Profile {
    /// The rules that a body in this profile breaks, as from [`Schema::violations`] but with the body's own places. Roles that
    /// the profile does not carry are not required.
    pub fn violations(&self, body: &Value) -> Vec<Violation> {
        if self.is_canonical() {
            return Schema::StepMessage.violations(body);
        }
        Schema::StepMessage.collect(&self.canonical(body), |violation| self.on_the_wire(violation))
    }

    fn on_the_wire(&self, violation: Violation) -> Option<Violation> {
        let canonical: Pointer = violation.pointer.parse().ok()?;
        match self.wire_address(&canonical) {
            Some(wire) => Some(Violation { pointer: wire.to_string(), ..violation }),
            // A container of roles, such as the step: it has no single place in this profile.
            None if self.carried().any(|role| canonical.contains(role.canonical())) => {
                Some(Violation { pointer: String::new(), ..violation })
            }
            None => None,
        }
    }
}

const UNIQUE_NAMES: &str = "MSG-20";

impl Document<'_> {
    /// The rules that this body breaks, at most [`MAX_VIOLATIONS`], including repeated names that make no role ambiguous.
    pub fn violations(&self) -> Vec<Violation> {
        let duplicates = self.duplicates().iter().map(|pointer| Violation {
            pointer: pointer.to_string(),
            clause: UNIQUE_NAMES.to_owned(),
            message: "the name is repeated in its object".to_owned(),
        });
        self.profile().violations(&self.to_value()).into_iter().chain(duplicates).take(MAX_VIOLATIONS).collect()
    }
}

/// The violations of one broken rule: one for each unknown property, else a single one.
fn violations(error: &ValidationError<'_>) -> Vec<Violation> {
    let place = error.instance_path().to_string();
    let below = |name: &str| match place.parse::<Pointer>() {
        Ok(pointer) => pointer.child(name).to_string(),
        Err(_) => place.clone(),
    };
    if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
        let clause = clause(error, None).unwrap_or_default();
        let violation = |name: &String| Violation {
            pointer: below(name),
            clause: clause.clone(),
            message: "is not a property here".to_owned(),
        };
        return unexpected.iter().take(MAX_VIOLATIONS).map(violation).collect();
    }
    let missing = missing_property(error.kind());
    vec![Violation {
        pointer: missing.as_deref().map_or_else(|| place.clone(), below),
        clause: clause(error, missing.as_deref()).unwrap_or_default(),
        message: match error.kind() {
            ValidationErrorKind::Required { .. } => "is missing".to_owned(),
            ValidationErrorKind::FalseSchema => "must not be here".to_owned(),
            ValidationErrorKind::Pattern { .. } => "is not of the form that its type has".to_owned(),
            _ => error.masked_with("the value").to_string(),
        },
    }]
}

fn missing_property(kind: &ValidationErrorKind) -> Option<String> {
    match kind {
        ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
        _ => None,
    }
}

/// The clause of the broken rule: the missing property's own, or that of the innermost enclosing schema with a clause.
fn clause(error: &ValidationError<'_>, missing: Option<&str>) -> Option<String> {
    let location = error.absolute_keyword_location()?.as_str();
    let (uri, keyword) = location.split_once('#')?;
    let source = COMPILED_SCHEMAS.values().map(|compiled| &compiled.source).find(|source| id(source) == uri)?;
    let keyword: Pointer = keyword.parse().ok()?;

    let around: Vec<&Value> = (0..keyword.tokens().len())
        .filter_map(|depth| {
            let path = keyword.tokens()[..depth].iter();
            path.fold(Pointer::default(), |pointer, token| pointer.child(token.as_str())).get(source)
        })
        .collect();
    let own = missing.and_then(|name| around.last()?.get("properties")?.get(name)?.get("x-clause"));
    own.or_else(|| around.iter().rev().find_map(|schema| schema.get("x-clause")))?.as_str().map(str::to_owned)
}
