//! Capture: for the first contact with the real product, whose messages may differ from what the contract assumes.
//! A capturing endpoint checks nothing and keeps everything byte for byte, except for the secrets that it knows.

mod file;
mod redact;

use std::{net::IpAddr, sync::Arc};

use http::HeaderMap;
use schemas::{
    Document, Profile,
    redaction::{CLIENT_SECRET_PLACEHOLDER, is_sensitive_name},
};
use secrecy::SecretString;

pub(crate) use self::file::{CAPTURE_FILE, CaptureFile};
use crate::log::{Captured, Record, RecordHeader};

/// Replaces the value of a header that may be a credential.
const DROPPED_VALUE: &str = "<dropped>";

#[derive(Clone, Debug)]
pub(crate) struct Capture {
    /// Every client secret and password of the configuration.
    secrets: Arc<[SecretString]>,
    /// Whether the endpoint has a client secret, so the secret in its messages is known.
    knows_its_secret: bool,
    /// The file of captures that may hold an unknown secret.
    pub(super) quarantine: Arc<CaptureFile>,
}

impl Capture {
    /// Replaces `secrets` in what it captures. What may hold an unknown secret goes to `quarantine`.
    pub(crate) fn new(secrets: Arc<[SecretString]>, knows_its_secret: bool, quarantine: Arc<CaptureFile>) -> Self {
        Self { secrets, knows_its_secret, quarantine }
    }

    pub(super) fn record(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        endpoint: &str,
        profile: &Profile,
        peer: Option<IpAddr>,
    ) -> Record {
        let place = Document::read(body, profile).ok().and_then(|document| document.secret_span());
        let body = redact::body(body, &self.secrets, place.as_ref());
        let header = match Document::read(&body, profile) {
            Ok(document) => RecordHeader::describe(&document, endpoint, peer),
            Err(_) => RecordHeader::of_unreadable(endpoint, peer),
        };
        // If no secret was found there may be an unknown one, or one in another spelling.
        let found =
            body.windows(CLIENT_SECRET_PLACEHOLDER.len()).any(|bytes| bytes == CLIENT_SECRET_PLACEHOLDER.as_bytes());
        let quarantined = !self.knows_its_secret || !(found || body.is_empty());
        let captured = Captured { headers: self.kept(headers), quarantined };
        // No offset: the marker itself is where the secret was.
        let header = RecordHeader { secret_at: None, captured: Some(Box::new(captured)), ..header };
        Record { header, body: body.into() }
    }

    fn kept(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let kept = headers.iter().map(|(name, value)| {
            let value = if is_sensitive_name(name.as_str()) {
                DROPPED_VALUE.to_owned()
            } else {
                redact::text(&String::from_utf8_lossy(value.as_bytes()), &self.secrets)
            };
            (name.as_str().to_owned(), value)
        });
        kept.collect()
    }
}
