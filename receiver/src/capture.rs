//! Capture: the first contact with the real product, whose messages may have another form than the contract assumes.
//! A capturing endpoint checks nothing and keeps what comes, byte for byte, but for the secrets that it knows.

mod file;
mod mark;

use std::{fmt, sync::Arc};

use http::HeaderMap;
use schemas::{Document, Profile, redaction::is_sensitive_name};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use self::{
    file::{CAPTURE_FILE, CaptureFile},
    mark::MARKER,
};
use crate::{
    endpoint::Arrival,
    log::{Record, RecordHeader},
};

/// Stands for a header's value that is not kept.
const DROPPED: &str = "<dropped>";

/// How an endpoint captures.
#[derive(Clone)]
pub struct Capture {
    /// Every client secret and password of the configuration.
    secrets: Arc<[SecretString]>,
    /// Whether the endpoint has a client secret of its own, so that the one in its messages is known.
    knows_its_secret: bool,
    apart: Arc<CaptureFile>,
}

/// What is kept of a captured request besides its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// The header fields in their order. Values that are credentials are not kept.
    pub headers: Vec<(String, String)>,
    /// Whether it is kept in [`CaptureFile`] and not in the log, because it may hold a secret that nobody here knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
}

impl Capture {
    /// Captures, replacing `secrets`; what may hold another secret goes to `apart`.
    pub fn new(secrets: Arc<[SecretString]>, knows_its_secret: bool, apart: Arc<CaptureFile>) -> Self {
        Self { secrets, knows_its_secret, apart }
    }

    /// Where messages are kept that may hold a secret nobody here knows.
    pub fn apart(&self) -> &Arc<CaptureFile> {
        &self.apart
    }

    /// What is kept of a request.
    pub(crate) fn record(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        endpoint: &str,
        profile: &Profile,
        arrival: Arrival,
    ) -> Record {
        let place = Document::read(body, profile).ok().and_then(|document| document.secret_span());
        let body = mark::body(body, &self.secrets, place.as_ref());
        let header = match Document::read(&body, profile) {
            Ok(document) => RecordHeader::describe(&document, endpoint, arrival.peer),
            Err(_) => RecordHeader::of_unreadable(endpoint, arrival.peer),
        };
        // Where no secret was found there may be one that is not known, or one that is written in another way.
        let found = body.windows(MARKER.len()).any(|bytes| bytes == MARKER.as_bytes());
        let apart = !self.knows_its_secret || !(found || body.is_empty());
        let captured = Captured { headers: self.kept(headers), apart };
        // No offset: the marker itself says where the secret stood.
        let header = RecordHeader { secret_at: None, captured: Some(Box::new(captured)), ..header };
        Record { header, body: body.into() }
    }

    fn kept(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let kept = headers.iter().map(|(name, value)| {
            let value = if is_sensitive_name(name.as_str()) {
                DROPPED.to_owned()
            } else {
                mark::text(&String::from_utf8_lossy(value.as_bytes()), &self.secrets)
            };
            (name.as_str().to_owned(), value)
        });
        kept.collect()
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("knows_its_secret", &self.knows_its_secret).finish_non_exhaustive()
    }
}
