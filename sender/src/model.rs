//! A flow model: its steps, their forms, the arrows between them, and the webhooks on them, as a team writes it down.

use schemas::{Field, StepKind, Trigger, step::Access};

use crate::credentials::CredentialReference;

/// A flow model that was checked: every name it refers to exists, and what a run needs is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its name, such as `Set-up New Customer (Debtor)`.
    pub name: String,
    /// Whether it was published as a workflow; only such a one runs.
    pub published: bool,
    /// What a run is about, unless the run says otherwise.
    pub subject: Option<String>,
    /// E-mail address of the person who starts a run, unless the run says otherwise.
    pub initiator: Option<String>,
    /// Its steps. The only one without a previous step is the first.
    pub steps: Vec<ModelStep>,
}

/// A step of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelStep {
    /// Its name, unique in the model: the step identifier of messages.
    pub name: String,
    /// One of the five kinds that the help page names.
    pub kind: StepKind,
    /// Who can open a public form; only there.
    pub access: Option<Access>,
    /// Who does it, or who decides in it (in this order, where it is sequential).
    pub actors: Vec<String>,
    /// The steps whose completion leads here. With more than one it is a join, which waits for all of them.
    pub previous: Vec<String>,
    /// The earlier step that a rejection can send the flow back to; only on approvals.
    pub send_back_to: Option<String>,
    /// Its form. The values are what the actor fills in, unless the script says otherwise.
    pub fields: Vec<Field>,
    /// The webhooks on it, in the order they fire.
    pub webhooks: Vec<ModelWebhook>,
}

/// A webhook of a step (help page, *Configure the webhook*).
#[derive(Clone, Debug, PartialEq)]
pub struct ModelWebhook {
    /// Whether it sends at all.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The URL that it posts to.
    pub endpoint: String,
    /// When it sends.
    pub trigger: Trigger,
    /// How it authenticates; by default not at all.
    pub authentication: CredentialReference,
}
