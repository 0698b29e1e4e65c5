//! The creation or completion of a step, and the messages of the step's webhooks for it.

use schemas::{Flow, Step, StepMessage, Trigger, message::WebhookLabel};

use super::StepRun;
use crate::model::{ModelStep, ModelWebhook};

/// A step was created or completed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event<'m> {
    pub(crate) model_step: &'m ModelStep,
    /// Its index in [`super::RunningFlow::steps`].
    pub(crate) step_run: usize,
    pub(crate) trigger: Trigger,
    pub(crate) step: Step,
    /// The step whose completion created it; only on creation.
    pub(crate) previous_step: Option<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WebhookMessage<'m> {
    pub(crate) webhook: &'m ModelWebhook,
    /// The index of its step in [`super::RunningFlow::steps`].
    pub(crate) step_run: usize,
    pub(crate) message: StepMessage,
}

impl<'m> Event<'m> {
    pub(super) fn created(step_run: usize, run: &StepRun<'m>, previous: &StepRun<'m>) -> Self {
        Self {
            model_step: run.step,
            step_run,
            trigger: Trigger::StepCreated,
            step: run.snapshot.clone(),
            previous_step: Some(previous.snapshot.clone()),
        }
    }

    pub(super) fn completed(step_run: usize, run: &StepRun<'m>) -> Self {
        Self {
            model_step: run.step,
            step_run,
            trigger: Trigger::StepCompleted,
            step: run.snapshot.clone(),
            previous_step: None,
        }
    }

    /// The messages of the step's enabled webhooks with this trigger, in the model's order.
    pub(crate) fn messages(&self, flow: &Flow) -> impl Iterator<Item = WebhookMessage<'m>> {
        let fires = |webhook: &&ModelWebhook| webhook.enabled && webhook.trigger == self.trigger;
        self.model_step.webhooks.iter().filter(fires).map(|webhook| WebhookMessage {
            webhook,
            step_run: self.step_run,
            message: StepMessage {
                webhook: Some(WebhookLabel { name: webhook.name.clone(), description: webhook.description.clone() }),
                trigger: self.trigger,
                client_secret: None,
                flow: flow.clone(),
                step: self.step.clone(),
                previous_step: self.previous_step.clone(),
            },
        })
    }
}
