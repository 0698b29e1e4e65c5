//! Basic credentials in the `authorization` header (RFC 7617).

use std::time::SystemTime;

use http::{HeaderMap, header};
use schemas::{
    BasicCredentials,
    authentication::{PresentedBasic, hint::Hint},
};

use super::digest::{Accepted, DigestKey};
use crate::ingest::BasicRefusal;

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
        let is_accepted =
            |username: &str, password: &str| self.accepted.contain(&self.key.digest(&[username, password]), now);
        let presented = PresentedBasic::parse(value.as_bytes());
        if presented.as_ref().is_ok_and(|presented| is_accepted(presented.username(), presented.expose_password())) {
            return Ok(());
        }
        // It tells a stranger nothing: which readings are compared follows from what was sent, each is compared as the
        // credential itself is, and none ends the search. One that is accepted is the whole credential, so whoever could
        // see that in the time, or in the length of the log line, could as well have sent it in UTF-8.
        let hint = Hint::of_basic(value.as_bytes(), is_accepted);
        Err(if presented.is_ok() { BasicRefusal::Wrong(hint) } else { BasicRefusal::Malformed(hint) })
    }
}
