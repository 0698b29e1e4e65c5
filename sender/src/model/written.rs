//! Deserializes a model that has passed the checks.

use std::path::Path;

use schemas::{SecretReference, StepKind, Trigger, step::Access};
use serde::{Deserialize, de};
use serde_json::Value;

use super::{
    Model, ModelStep, ModelWebhook,
    form::{self, WrittenField},
};
use crate::credentials::CredentialReference;

/// Reads a model that conforms to the schema.
pub(super) fn model(value: &Value, folder: &Path) -> Result<Model, serde_json::Error> {
    let written = WrittenModel::deserialize(value)?;
    Ok(Model {
        name: written.name,
        published: written.published,
        subject: written.subject,
        initiator: written.initiator,
        steps: written.step.into_iter().map(|step| step.into_model(folder)).collect(),
    })
}

/// The reference with its path relative to the model's folder.
pub(super) fn relative_to(folder: &Path, reference: SecretReference) -> SecretReference {
    reference.map_path(|path| folder.join(path))
}

#[derive(Deserialize)]
struct WrittenModel {
    name: String,
    #[serde(default)]
    published: bool,
    subject: Option<String>,
    initiator: Option<String>,
    step: Vec<WrittenStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenStep {
    name: String,
    #[serde(rename = "type")]
    kind: StepKind,
    access: Option<Access>,
    #[serde(default)]
    actors: Vec<String>,
    #[serde(default)]
    previous: Vec<String>,
    send_back_to: Option<String>,
    #[serde(default)]
    field: Vec<WrittenField>,
    #[serde(default)]
    webhook: Vec<WrittenWebhook>,
}

#[derive(Deserialize)]
struct WrittenWebhook {
    #[serde(default = "enabled")]
    enabled: bool,
    name: String,
    description: Option<String>,
    endpoint: String,
    trigger: Trigger,
    #[serde(default)]
    authentication: WrittenAuthentication,
}

fn enabled() -> bool {
    true
}

#[derive(Default, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum WrittenAuthentication {
    #[default]
    None,
    ClientSecret {
        #[serde(deserialize_with = "reference")]
        client_secret: SecretReference,
    },
    Basic {
        username: String,
        #[serde(deserialize_with = "reference")]
        password: SecretReference,
    },
}

/// A text that is not a reference may be the secret itself, so the error does not hold it.
fn reference<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<SecretReference, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

impl WrittenStep {
    fn into_model(self, folder: &Path) -> ModelStep {
        ModelStep {
            fields: form::fields(&self.name, self.field),
            webhooks: self.webhook.into_iter().map(|webhook| webhook.into_model(folder)).collect(),
            name: self.name,
            kind: self.kind,
            access: self.access,
            actors: self.actors,
            previous: self.previous,
            send_back_to: self.send_back_to,
        }
    }
}

impl WrittenWebhook {
    fn into_model(self, folder: &Path) -> ModelWebhook {
        let authentication = match self.authentication {
            WrittenAuthentication::None => CredentialReference::None,
            WrittenAuthentication::ClientSecret { client_secret } => {
                CredentialReference::ClientSecret { client_secret: relative_to(folder, client_secret) }
            }
            WrittenAuthentication::Basic { username, password } => {
                CredentialReference::Basic { username, password: relative_to(folder, password) }
            }
        };
        ModelWebhook {
            enabled: self.enabled,
            name: self.name,
            description: self.description,
            endpoint: self.endpoint,
            trigger: self.trigger,
            authentication,
        }
    }
}
