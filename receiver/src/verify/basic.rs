//! Basic credentials in the `authorization` header (RFC 7617).

use std::time::SystemTime;

use http::{HeaderMap, header};
use schemas::{BasicCredentials, authentication::PresentedBasic};

use super::digest::{Accepted, DigestKey};
use crate::rejection::BasicRefusal;

/// The pairs of username and password that are accepted.
#[derive(Clone)]
pub(super) struct Basic {
    key: DigestKey,
    accepted: Accepted,
}

impl Basic {
    pub(super) fn new() -> Self {
        Self { key: DigestKey::draw(), accepted: Accepted::default() }
    }

    pub(super) fn accept(&mut self, credentials: &BasicCredentials, not_after: Option<SystemTime>) {
        let digest = self.key.digest(&[credentials.username(), credentials.expose_password()]);
        self.accepted.add(digest, not_after);
    }

    /// Whether the headers carry exactly one credential, and an accepted one.
    pub(super) fn check(&self, headers: &HeaderMap, now: SystemTime) -> Result<(), BasicRefusal> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(BasicRefusal::Missing)?;
        if values.next().is_some() {
            return Err(BasicRefusal::Ambiguous);
        }
        let presented = PresentedBasic::parse(value.as_bytes()).map_err(|_| BasicRefusal::Malformed)?;
        let digest = self.key.digest(&[presented.username(), presented.expose_password()]);
        if self.accepted.contain(&digest, now) { Ok(()) } else { Err(BasicRefusal::Wrong) }
    }
}
