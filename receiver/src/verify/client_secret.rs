//! The client secret inside the message (help page, *Client Secret*).

use std::time::SystemTime;

use schemas::{ClientSecret, document::PresentedSecret};

use super::digest::{Accepted, DigestKey};
use crate::rejection::SecretRefusal;

/// The client secrets that are accepted.
#[derive(Clone)]
pub(super) struct Secrets {
    key: DigestKey,
    accepted: Accepted,
}

impl Secrets {
    pub(super) fn new() -> Self {
        Self { key: DigestKey::draw(), accepted: Accepted::default() }
    }

    pub(super) fn accept(&mut self, secret: &ClientSecret, not_after: Option<SystemTime>) {
        self.accepted.add(self.key.digest(&[secret.expose()]), not_after);
    }

    /// Whether what stands at the secret's place is an accepted one.
    pub(super) fn check(&self, presented: PresentedSecret<'_>, now: SystemTime) -> Result<(), SecretRefusal> {
        match presented {
            PresentedSecret::Absent => Err(SecretRefusal::Missing),
            PresentedSecret::NotText => Err(SecretRefusal::NotText),
            PresentedSecret::Text(text) if self.accepted.contain(&self.key.digest(&[text]), now) => Ok(()),
            PresentedSecret::Text(_) => Err(SecretRefusal::Wrong),
        }
    }
}
