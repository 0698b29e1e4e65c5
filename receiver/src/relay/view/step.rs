//! A step as templates see it: people, decisions and fields.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::value::{Enumerator, Object, Serde, Value};
use schemas::Verdict;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Cutter, field::Field};

#[derive(Clone, Serialize)]
pub(super) struct Step {
    name: Option<String>,
    kind: Option<String>,
    access: Option<String>,
    created_at: Option<String>,
    completed_at: Option<String>,
    completed_by: Option<String>,
    decisions: Vec<Decision>,
    /// The overall outcome of the decisions: a rejection if there is one.
    outcome: Option<Decision>,
    pub(super) decision: Option<String>,
    pub(super) fields: Value,
    /// The fields' values by name.
    pub(super) values: Value,
}

#[derive(Clone, Serialize)]
struct Decision {
    approver: Option<String>,
    decision: Option<String>,
    rejected: bool,
    comment: Option<String>,
    at: Option<String>,
}

impl Step {
    /// `has_data`: whether the message is about this step's fields and decisions.
    pub(super) fn of(step: &Json, cutter: &Cutter, has_data: bool) -> Self {
        let part = |name: &str| cutter.name(&step[name]);
        let decisions: Vec<Decision> =
            step["decisions"].as_array().into_iter().flatten().map(|decision| Decision::of(decision, cutter)).collect();
        let outcome = decisions.iter().rfind(|decision| decision.rejected).or(decisions.last()).cloned();
        let all = step["fields"].as_array().map_or(&[][..], Vec::as_slice);
        let mut ordered: Vec<&Json> = all.iter().filter(|field| field.is_object()).collect();
        ordered.sort_by_key(|field| field["order"].as_u64().unwrap_or(u64::MAX));
        let kept = ordered.len().min(cutter.limits.fields);
        let shown = decisions.len().min(cutter.limits.decisions);
        if has_data {
            cutter.fields.set(ordered.len() - kept);
            cutter.decisions.set(decisions.len() - shown);
        }
        let fields = ordered[..kept].iter().enumerate().map(|(index, field)| Field::of(field, index + 1, cutter));
        let fields: Vec<Field> = fields.collect();
        let mut values = BTreeMap::new();
        // By the exact name first, then by the shown name.
        for name in [Field::exact_name, Field::title] {
            for field in &fields {
                if let Some(name) = name(field) {
                    values.entry(name.to_owned()).or_insert_with(|| field.value.clone());
                }
            }
        }
        Self {
            name: part("stepIdentifier"),
            kind: part("type"),
            access: part("access"),
            created_at: part("createdAt"),
            completed_at: part("completedAt"),
            completed_by: part("completedBy"),
            decision: outcome.as_ref().and_then(|outcome| outcome.decision.clone()),
            outcome,
            decisions: decisions.into_iter().take(shown).collect(),
            fields: Serde(fields).into(),
            values: Value::from_object(Values(values)),
        }
    }
}

impl Decision {
    fn of(decision: &Json, cutter: &Cutter) -> Self {
        let part = |name: &str| cutter.name(&decision[name]);
        let verdict: Option<Verdict> = serde_json::from_value(decision["decision"].clone()).ok();
        Self {
            approver: part("approver"),
            decision: part("decision"),
            rejected: matches!(verdict, Some(Verdict::RejectedAndSentBack | Verdict::RejectedAndCompleted)),
            comment: decision["comment"].as_str().map(|comment| cutter.value(comment)),
            at: part("at"),
        }
    }
}

/// Values by field name. A missing field is `none`, because steps have different fields.
#[derive(Debug)]
struct Values(BTreeMap<String, Value>);

impl Object for Values {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(key.as_str().and_then(|name| self.0.get(name)).cloned().unwrap_or(Value::from(())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(Value::from).collect())
    }
}
