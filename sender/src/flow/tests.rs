//! Flows of small models, made up as the tests need them.

mod messages;
mod paths;
mod rules;
mod script;

use jiff::Timestamp;
use schemas::{Access, Field, FieldType, StepKind, Trigger, Verdict};
use serde_json::{Value, json};

use super::{Action, ActionKind, RunningFlow};
use crate::{
    credentials::CredentialReference,
    model::{Model, ModelStep, ModelWebhook},
};

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn model(steps: Vec<ModelStep>) -> Model {
    Model {
        name: "A flow".to_owned(),
        published: true,
        subject: Some("Acme Ltd".to_owned()),
        initiator: Some("jo@example.com".to_owned()),
        steps,
    }
}

/// A step with a webhook for each trigger.
fn step(name: &str, kind: StepKind, previous: &[&str]) -> ModelStep {
    let webhook = |trigger: Trigger| ModelWebhook {
        enabled: true,
        name: format!("{name} {}", trigger.as_str()),
        description: None,
        endpoint: "http://127.0.0.1:8080/".to_owned(),
        trigger,
        authentication: CredentialReference::None,
    };
    ModelStep {
        name: name.to_owned(),
        access: (kind == StepKind::PublicForm).then_some(Access::Intranet),
        kind,
        actors: Vec::new(),
        previous: previous.iter().map(ToString::to_string).collect(),
        send_back_to: None,
        fields: Vec::new(),
        webhooks: Trigger::ALL.map(webhook).into(),
    }
}

fn task(name: &str, previous: &[&str]) -> ModelStep {
    step(name, StepKind::Task, previous)
}

fn approval(name: &str, kind: StepKind, previous: &[&str], actors: &[&str], send_back_to: &str) -> ModelStep {
    ModelStep {
        actors: actors.iter().map(ToString::to_string).collect(),
        send_back_to: (!send_back_to.is_empty()).then(|| send_back_to.to_owned()),
        ..step(name, kind, previous)
    }
}

fn field(name: &str, kind: FieldType, value: Value) -> Field {
    Field { name: name.to_owned(), kind: Some(kind), order: None, identifier: None, value, options: None }
}

fn list(name: &str, kind: FieldType, options: &Value) -> Field {
    Field { options: options.as_array().cloned(), ..field(name, kind, json!(null)) }
}

fn start(model: &Model) -> RunningFlow<'_> {
    RunningFlow::start(model, RunningFlow::describe(model, "FLOW-1"), START)
}

fn submit(step: &str) -> Action {
    Action::new(step, ActionKind::Submit)
}

fn decide(step: &str, verdict: Verdict, by: &str) -> Action {
    let comment = (verdict != Verdict::Approved).then(|| "Too high.".to_owned());
    let by = (!by.is_empty()).then(|| by.to_owned());
    Action { by, ..Action::new(step, ActionKind::Decide { verdict, comment }) }
}

/// Does each in turn.
fn act(flow: &mut RunningFlow<'_>, actions: &[Action]) {
    for action in actions {
        flow.act(action, START).unwrap();
    }
}

/// Every step in the order of its creation, as `name: status`.
fn table(flow: &RunningFlow<'_>) -> String {
    let rows = flow.steps.iter().map(|run| format!("{} {}", run.step.name, run.status.as_str()));
    rows.collect::<Vec<_>>().join(", ")
}
