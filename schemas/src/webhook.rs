//! A webhook as it is configured on a step in the modeler (help page, *Configure the webhook*).

use serde::{Deserialize, Serialize};

use crate::{authentication::Authentication, message::Trigger};

/// The configuration of a webhook. Mirrors `json/webhook.schema.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Whether it sends at all.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// Its purpose.
    #[serde(default)]
    pub description: Option<String>,
    /// The URL that it posts to.
    pub endpoint: String,
    /// When it sends.
    pub trigger: Trigger,
    /// How it authenticates; by default not at all.
    #[serde(default)]
    pub authentication: Authentication,
}
