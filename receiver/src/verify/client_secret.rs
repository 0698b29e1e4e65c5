//! The client secret inside the message (help page, *Client Secret*).

use std::time::SystemTime;

use schemas::{
    ClientSecret, Profile, Role,
    authentication::{CLIENT_SECRET_MAX_CHARACTERS, hint::Hint},
    document::PresentedSecret,
};

use super::digest::{Accepted, DigestKey};
use crate::ingest::SecretRefusal;

/// Most bytes of a client secret: every character may take four in UTF-8.
const MAX_BYTES: usize = 4 * CLIENT_SECRET_MAX_CHARACTERS;

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

    /// Whether what stands at the secret's place is an accepted one; none is a string that is longer than any. Of that not
    /// even a digest is made: a stranger chooses its length.
    pub(super) fn check(
        &self,
        presented: Option<PresentedSecret<'_>>,
        profile: &Profile,
        now: SystemTime,
    ) -> Result<(), SecretRefusal> {
        let is_accepted = |text: &str| self.accepted.contain(&self.key.digest(&[text]), now);
        match presented {
            Some(PresentedSecret::Absent) => Err(SecretRefusal::Missing(profile.pointer(Role::ClientSecret).cloned())),
            Some(PresentedSecret::NotText) => Err(SecretRefusal::NotText),
            Some(PresentedSecret::Text(text)) if text.len() <= MAX_BYTES && is_accepted(text) => Ok(()),
            // As with Basic, the time of this follows from what was sent.
            Some(PresentedSecret::Text(text)) => Err(SecretRefusal::Wrong(Hint::of_secret(text, is_accepted))),
            None => Err(SecretRefusal::Wrong(None)),
        }
    }
}
