//! The options from which a message is composed.

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use console::TriggerArg;
use schemas::{Field, StepKind, Trigger};

use super::super::error::CliError;
use crate::draft::{Draft, parse_field};

const DRAFT_HEADING: &str = "Options of a composed message (each has a default)";
/// The sources whose content is fixed, so that these options do not apply.
const FIXED_MESSAGE_ARGS: [&str; 3] = ["sample", "message", "raw_body"];
const KINDS: [(&str, StepKind); 5] = [
    ("task", StepKind::Task),
    ("approval", StepKind::Approval),
    ("parallel-approval", StepKind::ParallelApproval),
    ("sequential-approval", StepKind::SequentialApproval),
    ("public-form", StepKind::PublicForm),
];

#[derive(Args)]
pub(super) struct DraftArgs {
    /// Trigger of the message [default: step-completed, or step-created with --previous-step].
    #[arg(long, value_name = "TRIGGER", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS)]
    trigger: Option<TriggerArg>,

    /// Kind of the previous step, whose data a step-created message contains [default: task].
    #[arg(long, value_name = "KIND", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS, value_parser = kind())]
    previous_step: Option<StepKind>,

    /// Identifier of the flow, such as FLOW-604.
    #[arg(long, value_name = "ID", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS)]
    flow: Option<String>,

    /// Name of the flow model.
    #[arg(long, value_name = "TEXT", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS)]
    flow_name: Option<String>,

    /// Subject of the flow.
    #[arg(long, value_name = "TEXT", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS)]
    subject: Option<String>,

    /// Initiator of the flow.
    #[arg(long, value_name = "EMAIL", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS)]
    initiator: Option<String>,

    /// Name of the step that has the webhook.
    #[arg(long, value_name = "NAME", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS)]
    step: Option<String>,

    /// Kind of the step that has the webhook [default: task].
    #[arg(long, value_name = "KIND", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS, value_parser = kind())]
    step_type: Option<StepKind>,

    /// Field of the form with the data, such as 'Customer=Acme' or 'Limit:Currency=5000.50'; may be repeated.
    #[arg(long = "field", value_name = "'NAME[:TYPE]=VALUE'", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS, value_parser = parse_field)]
    fields: Vec<Field>,

    /// Name of the webhook.
    #[arg(long, value_name = "NAME", help_heading = DRAFT_HEADING, conflicts_with_all = FIXED_MESSAGE_ARGS)]
    webhook_name: Option<String>,
}

impl DraftArgs {
    /// The options, checked against each other.
    pub(super) fn read(self) -> Result<Draft, CliError> {
        let trigger = match (self.trigger.map(Trigger::from), &self.previous_step) {
            (Some(Trigger::StepCompleted), Some(_)) => return Err(CliError::PreviousStepOnCompletion),
            (Some(Trigger::StepCreated), _) | (None, Some(_)) => Trigger::StepCreated,
            (Some(Trigger::StepCompleted) | None, None) => Trigger::StepCompleted,
        };
        Ok(Draft {
            trigger: Some(trigger),
            webhook_name: self.webhook_name,
            flow: self.flow,
            flow_name: self.flow_name,
            subject: self.subject,
            initiator: self.initiator,
            step: self.step,
            step_kind: self.step_type,
            previous_step: self.previous_step,
            fields: self.fields,
        })
    }
}

/// Reads a kind of step, as options spell it.
fn kind() -> impl TypedValueParser<Value = StepKind> {
    PossibleValuesParser::new(KINDS.map(|(name, _)| name)).map(|name| {
        let kind = KINDS.into_iter().find(|(known, _)| *known == name);
        kind.map_or(StepKind::Task, |(_, kind)| kind)
    })
}
