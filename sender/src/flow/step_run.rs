//! One run of a step in a flow. A step that is done again after a send-back has another run.

use jiff::Timestamp;
use schemas::{Decision, Field, Step};
use serde_json::Value;

use super::StepStatus;
use crate::model::ModelStep;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepRun<'m> {
    pub(crate) step: &'m ModelStep,
    pub(crate) status: StepStatus,
    /// The step in messages: without values until it is completed.
    pub(crate) snapshot: Step,
    /// The values so far, in the order of the form.
    values: Vec<Value>,
}

impl<'m> StepRun<'m> {
    /// An open run, with the values of the run `before`.
    pub(super) fn create(step: &'m ModelStep, before: Option<&Self>, now: Timestamp) -> Self {
        let empty = |field: &Field| Field { value: Value::Null, ..field.clone() };
        let snapshot = Step {
            step_identifier: step.name.clone(),
            kind: Some(step.kind.clone()),
            access: step.access,
            created_at: Some(now.to_string()),
            completed_at: None,
            completed_by: None,
            decisions: Vec::new(),
            fields: step.fields.iter().map(empty).collect(),
        };
        let of_model = || step.fields.iter().map(|field| field.value.clone()).collect();
        let values = before.map_or_else(of_model, |before| before.values.clone());
        Self { step, status: StepStatus::Open, snapshot, values }
    }

    /// Fills in the field with this name, if it exists.
    pub(super) fn fill(&mut self, name: &str, value: &Value) {
        let place = self.step.fields.iter().position(|field| field.name == name);
        if let Some(filled) = place.and_then(|place| self.values.get_mut(place)) {
            filled.clone_from(value);
        }
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        self.snapshot.decisions.push(decision);
    }

    pub(super) fn complete(&mut self, by: Option<String>, now: Timestamp) {
        self.status = StepStatus::Completed;
        self.snapshot.completed_at = Some(now.to_string());
        self.snapshot.completed_by = by;
        for (field, value) in self.snapshot.fields.iter_mut().zip(&self.values) {
            field.value.clone_from(value);
        }
    }
}
