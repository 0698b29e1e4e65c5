//! Something that happened to a step, and the messages that the step's webhooks make of it.

use schemas::{Flow, Step, StepMessage, Trigger, message::WebhookLabel};

use super::StepRun;
use crate::model::{ModelStep, ModelWebhook};

/// A step was created or completed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'m> {
    /// The step of the model.
    pub model_step: &'m ModelStep,
    /// Which of [`super::RunningFlow::steps`] it happened to.
    pub step_run: usize,
    /// What happened.
    pub trigger: Trigger,
    /// The step, as it was then.
    pub step: Step,
    /// The step whose completion created it; only on creation.
    pub previous_step: Option<Step>,
}

/// A webhook's message.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired<'m> {
    /// The webhook; it says where the message goes and how it authenticates.
    pub webhook: &'m ModelWebhook,
    /// Which of [`super::RunningFlow::steps`] it tells of.
    pub step_run: usize,
    /// The message, without a credential.
    pub message: StepMessage,
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
    pub fn fire(&self, flow: &Flow) -> impl Iterator<Item = Fired<'m>> {
        let fires = |webhook: &&ModelWebhook| webhook.enabled && webhook.trigger == self.trigger;
        self.model_step.webhooks.iter().filter(fires).map(|webhook| Fired {
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
