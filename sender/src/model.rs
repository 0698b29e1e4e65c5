//! A flow model: its steps, their forms and order, and the webhooks on them, as a team writes it.

mod arrows;
mod check;
mod defect;
mod form;
mod inspection;
mod problem;
mod source;
mod syntax;
mod tree;
mod written;

use schemas::{Field, StepKind, Trigger, step::Access};

pub(crate) use self::{
    arrows::Arrows,
    defect::Severity,
    inspection::Inspection,
    problem::{ModelProblem, ModelProblems},
    source::MaskedSource,
    syntax::Syntax,
};
use crate::credentials::CredentialReference;

pub(crate) const NEW_MODEL: &str = include_str!("model/model.new.toml");

/// A checked flow model (see [`Inspection`]): every name in it exists, and it has everything that a run needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Model {
    pub(crate) name: String,
    /// Whether it was published as a workflow; only a published model runs.
    pub(crate) published: bool,
    pub(crate) subject: Option<String>,
    /// The default e-mail address of the person who starts a run.
    pub(crate) initiator: Option<String>,
    /// The only step without a previous one is the first.
    pub(crate) steps: Vec<ModelStep>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelStep {
    /// Its name, unique in the model: the step identifier of messages.
    pub(crate) name: String,
    /// One of the five kinds that the help page names.
    pub(crate) kind: StepKind,
    /// Who can open it; only for a public form.
    pub(crate) access: Option<Access>,
    /// The people who do it or decide in it; in this order, if it is sequential.
    pub(crate) actors: Vec<String>,
    /// The steps before it. With more than one it is a join, which waits for all of them.
    pub(crate) previous: Vec<String>,
    /// The earlier step that a rejection can send the flow back to; only on approvals.
    pub(crate) send_back_to: Option<String>,
    /// Its form. The values are the defaults that the actor fills in.
    pub(crate) fields: Vec<Field>,
    /// Its webhooks, in the order in which they fire.
    pub(crate) webhooks: Vec<ModelWebhook>,
}

/// A webhook of a step (help page, *Configure the webhook*).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelWebhook {
    pub(crate) enabled: bool,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) endpoint: String,
    pub(crate) trigger: Trigger,
    pub(crate) authentication: CredentialReference,
}

/// A model that was not published as a workflow, so that no flow can be started from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the flow model `{name}` is not published, so no flow can be started from it")]
pub(crate) struct NotPublished {
    pub(crate) name: String,
}

impl Model {
    /// Checks that flows can be started from it.
    pub(crate) fn check_published(&self) -> Result<(), NotPublished> {
        if self.published { Ok(()) } else { Err(NotPublished { name: self.name.clone() }) }
    }

    /// The order of its steps.
    pub(crate) fn arrows(&self) -> Arrows {
        Arrows::new(
            self.steps.iter().map(|step| (step.name.as_str(), step.previous.iter().map(String::as_str).collect())),
        )
    }

    /// Every webhook with its step.
    pub(crate) fn webhooks(&self) -> impl Iterator<Item = (&ModelStep, &ModelWebhook)> {
        self.steps.iter().flat_map(|step| step.webhooks.iter().map(move |webhook| (step, webhook)))
    }
}
