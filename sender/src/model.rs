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

use std::path::Path;

use schemas::{Field, SecretReference, StepKind, Trigger, step::Access};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(crate) name: String,
    /// Whether it was published as a workflow; only a published model runs.
    #[serde(default)]
    pub(crate) published: bool,
    pub(crate) subject: Option<String>,
    /// The default e-mail address of the person who starts a run.
    pub(crate) initiator: Option<String>,
    /// The only step without a previous one is the first.
    #[serde(rename(deserialize = "step"))]
    pub(crate) steps: Vec<ModelStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelStep {
    /// Its name, unique in the model: the step identifier of messages.
    pub(crate) name: String,
    /// One of the five kinds that the help page names.
    #[serde(rename = "type")]
    pub(crate) kind: StepKind,
    /// Who can open it; only for a public form.
    pub(crate) access: Option<Access>,
    /// The people who do it or decide in it; in this order, if it is sequential.
    #[serde(default)]
    pub(crate) actors: Vec<String>,
    /// The steps before it. With more than one it is a join, which waits for all of them.
    #[serde(default)]
    pub(crate) previous: Vec<String>,
    /// The earlier step that a rejection can send the flow back to; only on approvals.
    pub(crate) send_back_to: Option<String>,
    /// Its form. The values are the defaults that the actor fills in.
    #[serde(default, rename(deserialize = "field"), deserialize_with = "form::read")]
    pub(crate) fields: Vec<Field>,
    /// Its webhooks, in the order in which they fire.
    #[serde(default, rename(deserialize = "webhook"))]
    pub(crate) webhooks: Vec<ModelWebhook>,
}

/// A webhook of a step (help page, *Configure the webhook*).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelWebhook {
    #[serde(default = "enabled")]
    pub(crate) enabled: bool,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) endpoint: String,
    pub(crate) trigger: Trigger,
    #[serde(default)]
    pub(crate) authentication: CredentialReference,
}

fn enabled() -> bool {
    true
}

/// A model that was not published as a workflow, so that no flow can be started from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the flow model `{name}` is not published, so no flow can be started from it")]
pub(crate) struct NotPublished {
    pub(crate) name: String,
}

impl Model {
    /// Reads a model that has passed the checks. Relative paths of references start at `folder`.
    fn read(value: &Value, folder: &Path) -> Result<Self, serde_json::Error> {
        let mut model = Self::deserialize(value)?;
        for step in &mut model.steps {
            form::complete(&step.name, &mut step.fields);
            for ModelWebhook { authentication, .. } in &mut step.webhooks {
                *authentication = std::mem::take(authentication).map(|reference| relative_to(folder, reference));
            }
        }
        Ok(model)
    }

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

/// The reference with its path relative to the model's folder.
fn relative_to(folder: &Path, reference: SecretReference) -> SecretReference {
    reference.map_path(|path| folder.join(path))
}
