//! A draft: a message from a few values. The others have defaults, so every draft gives a complete message that conforms to
//! the contract.

pub(crate) mod field;

use jiff::{SignedDuration, Timestamp};
use schemas::{Access, Decision, Field, Flow, Step, StepKind, StepMessage, Trigger, Verdict, message::WebhookLabel};

pub(crate) use self::field::{FieldError, parse_field};

/// The only person in a draft.
const PERSON_EMAIL: &str = "jo@example.com";
/// The time that the step with the data was open.
const STEP_DURATION: SignedDuration = SignedDuration::from_mins(45);

/// The values of a message. `None` is the default of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What happened; by default the step was completed.
    pub trigger: Option<Trigger>,
    /// The webhook's name.
    pub webhook_name: Option<String>,
    /// The flow's identifier.
    pub flow: Option<String>,
    /// The flow model's name.
    pub flow_name: Option<String>,
    /// The subject of the flow.
    pub subject: Option<String>,
    /// Who started it.
    pub initiator: Option<String>,
    /// Name of the step with the webhook.
    pub step: Option<String>,
    /// Kind of the step with the webhook; by default a task.
    pub step_kind: Option<StepKind>,
    /// Kind of the step before, on [`Trigger::StepCreated`] only; by default a task.
    pub previous_step: Option<StepKind>,
    /// The data: of the completed step, or of the step before a created one. By default three example fields.
    pub fields: Vec<Field>,
}

impl Draft {
    /// The message as sent at `now`.
    pub fn message(&self, now: Timestamp) -> StepMessage {
        let trigger = self.trigger.unwrap_or(Trigger::StepCompleted);
        let kind = self.step_kind.clone().unwrap_or(StepKind::Task);
        let or = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned());
        let (step, previous_step) = match trigger {
            Trigger::StepCompleted => {
                let name = or(&self.step, default_name(&kind));
                (self.completed(name, kind, now), None)
            }
            Trigger::StepCreated => {
                let previous = self.previous_step.clone().unwrap_or(StepKind::Task);
                let name = default_name(&previous).to_owned();
                (
                    created(or(&self.step, "Set up customer account"), kind, now),
                    Some(self.completed(name, previous, now)),
                )
            }
        };
        StepMessage {
            webhook: Some(WebhookLabel { name: or(&self.webhook_name, "Send Customer Data"), description: None }),
            trigger,
            client_secret: None,
            flow: Flow {
                flow_identifier: or(&self.flow, "FLOW-604"),
                name: Some(or(&self.flow_name, "Set-up New Customer (Debtor)")),
                subject: Some(or(&self.subject, "Acme Ltd")),
                initiator: Some(or(&self.initiator, PERSON_EMAIL)),
            },
            step,
            previous_step,
        }
    }

    fn completed(&self, name: String, kind: StepKind, now: Timestamp) -> Step {
        let completed_at = Some(to_the_second(now));
        let decision = Decision {
            approver: PERSON_EMAIL.to_owned(),
            verdict: Verdict::Approved,
            comment: None,
            at: completed_at.clone(),
        };
        let decisions = if kind.is_approval() { vec![decision] } else { Vec::new() };
        Step {
            created_at: Some(to_the_second(now - STEP_DURATION)),
            completed_at,
            completed_by: Some(PERSON_EMAIL.to_owned()),
            decisions,
            fields: self.numbered_fields(),
            ..created(name, kind, now)
        }
    }

    fn numbered_fields(&self) -> Vec<Field> {
        let mut fields = self.fields.clone();
        if fields.is_empty() {
            let example =
                ["Customer name=Acme Ltd", "Contact e-mail:Email=jo@example.com", "Credit limit:Currency=5000.5"];
            fields.extend(example.into_iter().flat_map(parse_field));
        }
        for (order, field) in (1..).zip(&mut fields) {
            field.order = Some(order);
            // Eleven digits, like those of the Public API's examples.
            field.identifier = Some(format!("field{}", 61_149_927_188_u64 + u64::from(order)));
        }
        fields
    }
}

fn created(name: String, kind: StepKind, now: Timestamp) -> Step {
    Step {
        step_identifier: name,
        access: (kind == StepKind::PublicForm).then_some(Access::Public),
        kind: Some(kind),
        created_at: Some(to_the_second(now)),
        completed_at: None,
        completed_by: None,
        decisions: Vec::new(),
        fields: Vec::new(),
    }
}

fn default_name(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Task | StepKind::Other(_) => "New Customer (Debtor) Form",
        StepKind::Approval => "Approve credit limit",
        StepKind::ParallelApproval => "Approve by sales and finance",
        StepKind::SequentialApproval => "Approve by team lead, then finance",
        StepKind::PublicForm => "Customer enquiry",
    }
}

/// RFC 3339, UTC, whole seconds.
fn to_the_second(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests {
    use schemas::Schema;

    use super::*;

    #[test]
    fn every_draft_conforms_to_the_contract() {
        let kinds = || StepKind::KNOWN.into_iter().map(Some).chain([None]);
        for trigger in [None, Some(Trigger::StepCompleted), Some(Trigger::StepCreated)] {
            for step_kind in kinds() {
                for previous_step in kinds() {
                    let draft = Draft { trigger, step_kind: step_kind.clone(), previous_step, ..Draft::default() };
                    let message = draft.message("2026-11-24T09:02:11.5Z".parse().unwrap());
                    let value = serde_json::to_value(&message).unwrap();
                    assert_eq!(Schema::StepMessage.violations(&value), [], "{draft:?}");
                }
            }
        }
    }

    #[test]
    fn the_trigger_decides_where_the_data_is() {
        let fields = vec![parse_field("A=1").unwrap(), parse_field("B:Number=2").unwrap()];
        let draft = Draft { fields, ..Draft::default() };
        let now = "2026-11-24T09:02:11.5Z".parse().unwrap();
        let completed = draft.message(now);
        assert_eq!(completed.step.fields.iter().filter_map(|field| field.order).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(completed.previous_step, None);
        assert_eq!(completed.step.completed_at.as_deref(), Some("2026-11-24T09:02:11Z"));
        assert_eq!(completed.step.created_at.as_deref(), Some("2026-11-24T08:17:11Z"));

        let created = Draft { trigger: Some(Trigger::StepCreated), ..draft }.message(now);
        assert_eq!(created.step.fields, []);
        assert_eq!(created.previous_step.unwrap().fields.len(), 2);
    }
}
