//! A step as templates see it: people, decisions and fields.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::value::{Enumerator, Object, Serde, Value};
use schemas::Verdict;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Shortener, field::FieldView};

#[derive(Clone, Serialize)]
pub(super) struct StepView {
    name: Option<String>,
    kind: Option<String>,
    access: Option<String>,
    created_at: Option<String>,
    completed_at: Option<String>,
    completed_by: Option<String>,
    decisions: Vec<DecisionView>,
    /// The overall outcome of the decisions: a rejection if there is one.
    outcome: Option<DecisionView>,
    pub(super) decision: Option<String>,
    pub(super) fields: Value,
    /// The fields' values by name.
    pub(super) values: Value,
}

#[derive(Clone, Serialize)]
struct DecisionView {
    approver: Option<String>,
    decision: Option<String>,
    rejected: bool,
    comment: Option<String>,
    at: Option<String>,
}

impl StepView {
    /// `has_data`: whether the message is about this step's fields and decisions.
    pub(super) fn of(step: &Json, shortener: &Shortener, has_data: bool) -> Self {
        let part = |name: &str| shortener.name(&step[name]);
        let decisions: Vec<DecisionView> = step["decisions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|decision| DecisionView::of(decision, shortener))
            .collect();
        let outcome = decisions.iter().rfind(|decision| decision.rejected).or(decisions.last()).cloned();
        let all = step["fields"].as_array().map_or(&[][..], Vec::as_slice);
        let mut ordered: Vec<&Json> = all.iter().filter(|field| field.is_object()).collect();
        ordered.sort_by_key(|field| field["order"].as_u64().unwrap_or(u64::MAX));
        let kept = ordered.len().min(shortener.limits.fields);
        let shown = decisions.len().min(shortener.limits.decisions);
        if has_data {
            shortener.fields.set(ordered.len() - kept);
            shortener.decisions.set(decisions.len() - shown);
        }
        let fields =
            ordered[..kept].iter().enumerate().map(|(index, field)| FieldView::of(field, index + 1, shortener));
        let fields: Vec<FieldView> = fields.collect();
        let mut values = BTreeMap::new();
        // By the exact name first, then by the shown name.
        let exact = fields.iter().map(|field| (&field.exact_name, &field.value));
        for (name, value) in exact.chain(fields.iter().map(|field| (&field.name, &field.value))) {
            if let Some(name) = name {
                values.entry(name.clone()).or_insert_with(|| value.clone());
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
            values: Value::from_object(FieldValues(values)),
        }
    }
}

impl DecisionView {
    fn of(decision: &Json, shortener: &Shortener) -> Self {
        let part = |name: &str| shortener.name(&decision[name]);
        let verdict: Option<Verdict> = serde_json::from_value(decision["decision"].clone()).ok();
        Self {
            approver: part("approver"),
            decision: part("decision"),
            rejected: matches!(verdict, Some(Verdict::RejectedAndSentBack | Verdict::RejectedAndCompleted)),
            comment: decision["comment"].as_str().map(|comment| shortener.value(comment)),
            at: part("at"),
        }
    }
}

/// Values by field name. A missing field is `none`, because steps have different fields.
#[derive(Debug)]
struct FieldValues(BTreeMap<String, Value>);

impl Object for FieldValues {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(key.as_str().and_then(|name| self.0.get(name)).cloned().unwrap_or(Value::from(())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(Value::from).collect())
    }
}
