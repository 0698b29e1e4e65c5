//! The message that the product posts when a step is created or completed, in the form of profile v1.
//!
//! The types mirror `json/step-message.schema.json`. Unknown properties are accepted and dropped; the receiver keeps the
//! exact bytes.

use serde::{Deserialize, Serialize};

use crate::{authentication::ClientSecret, step::Step};

/// A webhook message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepMessage {
    /// The webhook that sent the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookLabel>,
    /// What happened to the step.
    pub trigger: Trigger,
    /// The client secret, only with that kind of authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<ClientSecret>,
    /// The running flow that the step belongs to.
    pub flow: Flow,
    /// The step that was created or completed; only a completed one has values.
    pub step: Step,
    /// The step whose completion created this one. Present only on [`Trigger::StepCreated`] (help page, *Triggers*).
    #[serde(default)]
    pub previous_step: Option<Step>,
}

/// What happened to a step (help page, *Triggers*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// The step was created; the message carries the previous step's data.
    StepCreated,
    /// The step was submitted; the message carries the step's own data.
    StepCompleted,
}

impl Trigger {
    /// Both.
    pub const ALL: [Self; 2] = [Self::StepCreated, Self::StepCompleted];

    /// The value in profile v1.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StepCreated => "stepCreated",
            Self::StepCompleted => "stepCompleted",
        }
    }
}

/// How a message names the webhook that sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookLabel {
    /// Its name in the modeler.
    pub name: String,
    /// Its description, if it has one.
    #[serde(default)]
    pub description: Option<String>,
}

/// The running flow that a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Its identifier, such as `FLOW-604`.
    pub flow_identifier: String,
    /// Name of the flow model.
    #[serde(default)]
    pub name: Option<String>,
    /// The subject of this run.
    #[serde(default)]
    pub subject: Option<String>,
    /// E-mail address of the person who started it.
    #[serde(default)]
    pub initiator: Option<String>,
}
