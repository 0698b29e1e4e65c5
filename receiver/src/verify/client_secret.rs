//! The client secret inside the message (help page, *Client Secret*).

use std::time::SystemTime;

use schemas::{ClientSecret, Document, Role, document::PresentedSecret};

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
    pub(super) fn check(&self, document: &Document<'_>, now: SystemTime) -> Result<(), SecretRefusal> {
        match document.secret() {
            PresentedSecret::Absent => {
                Err(SecretRefusal::Missing(document.profile().pointer(Role::ClientSecret).cloned()))
            }
            PresentedSecret::NotText => Err(SecretRefusal::NotText),
            PresentedSecret::Text(text) if self.accepted.contain(&self.key.digest(&[text]), now) => Ok(()),
            PresentedSecret::Text(_) => Err(SecretRefusal::Wrong),
        }
    }
}
