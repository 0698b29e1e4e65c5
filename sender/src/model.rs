//! A flow model: its steps, their forms, the arrows between them, and the webhooks on them, as a team writes it down.

mod arrows;
mod check;
mod defect;
mod finding;
mod form;
mod inspection;
mod problem;
mod source;
mod syntax;
mod tree;
mod written;

use schemas::{Field, StepKind, Trigger, step::Access};

pub use self::{
    arrows::Arrows,
    defect::{Defect, Severity},
    inspection::Inspection,
    problem::{ModelProblem, ModelProblems},
    source::{Shown, Source},
    syntax::Syntax,
};
use crate::credentials::CredentialReference;

/// A commented model to begin with, in TOML.
pub const NEW: &str = include_str!("model/model.new.toml");

/// A flow model that was checked (see [`Inspection`]): every name it refers to exists, and what a run needs is there.
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

/// A model that was not published as a workflow, so that no flow can be started from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the flow model `{name}` is not published, so no flow can be started from it")]
pub struct NotPublished {
    /// The model's name.
    pub name: String,
}

impl Model {
    /// Whether flows can be started from it.
    ///
    /// # Errors
    /// When it says that it is not published.
    pub fn publish(&self) -> Result<(), NotPublished> {
        if self.published { Ok(()) } else { Err(NotPublished { name: self.name.clone() }) }
    }

    /// The arrows between its steps.
    pub fn arrows(&self) -> Arrows {
        Arrows::new(
            self.steps.iter().map(|step| (step.name.as_str(), step.previous.iter().map(String::as_str).collect())),
        )
    }

    /// Every webhook, with its step.
    pub fn webhooks(&self) -> impl Iterator<Item = (&ModelStep, &ModelWebhook)> {
        self.steps.iter().flat_map(|step| step.webhooks.iter().map(move |webhook| (step, webhook)))
    }
}
