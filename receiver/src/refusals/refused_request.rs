//! A refused request, as the operator sees it.

use http::{HeaderName, Version, header, request};
use jiff::Timestamp;
use schemas::{authentication::AuthenticationKind, redaction::mask_url};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{redact, verify::NearMiss};

/// Maximum number of header names that are kept.
const MAX_HEADER_NAMES: usize = 64;

/// A refused request. It holds no value of a header except for the content type and coding, and no credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusedRequest {
    /// The `x-request-id` of the answer.
    pub(crate) request_id: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) peer: String,
    /// The endpoint, if the request was refused after its path was found.
    pub(crate) endpoint: Option<RefusingEndpoint>,
    /// Whether the connection refused it because of its head alone.
    pub(crate) is_before_pipeline: bool,
    pub(crate) status: u16,
    /// One of [`crate::Rejection::CODES`].
    pub(crate) code: String,
    /// Why, as in the access log.
    pub(crate) reason: String,
    pub(crate) credential_fault: Option<CredentialFault>,
    pub(crate) near_miss: Option<NearMiss>,
    /// The endpoint's path that is most like the request's, if no endpoint has that.
    pub(crate) nearest_path: Option<String>,
    pub(crate) fault: FaultPlace,
    pub(crate) shape: RequestShape,
    /// The beginning of the body, if `keep_refused_bodies` is set and the body was read.
    pub(crate) body: Option<BodyExcerpt>,
}

/// What decides which checks a request goes through at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusingEndpoint {
    pub(crate) name: String,
    pub(crate) authentication: AuthenticationKind,
    /// JSON Pointer of the client secret's place.
    pub(crate) secret_place: Option<String>,
    pub(crate) captures: bool,
    pub(crate) rejects_nonconforming: bool,
}

/// What is wrong with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CredentialFault {
    Missing,
    /// There is more than one `authorization` header.
    Ambiguous,
    /// The `authorization` header is not a Basic credential.
    Malformed,
    /// The client secret is not a string.
    NotText,
    Wrong,
}

/// Where in the body the fault is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaultPlace {
    /// 1-based.
    pub(crate) line: Option<usize>,
    /// 1-based, in bytes.
    pub(crate) column: Option<usize>,
    /// JSON Pointer.
    pub(crate) pointer: Option<String>,
    /// The first clause that is broken.
    pub(crate) clause: Option<String>,
    /// Number of broken rules.
    pub(crate) violations: Option<usize>,
}

/// What a request looked like. Texts are truncated and safe on a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestShape {
    pub(crate) method: String,
    /// The path, and the names in the query.
    pub(crate) target: String,
    /// Such as `HTTP/1.1`.
    pub(crate) version: String,
    /// Header names in their order, each as often as it was sent. After the head was checked, only `content-length` is
    /// known of a head above 8 KiB, and nothing at a capturing endpoint.
    pub(crate) header_names: Vec<String>,
    /// Size of the names and values of these headers.
    pub(crate) header_bytes: usize,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    /// The value of `content-length`.
    pub(crate) announced_bytes: Option<u64>,
    /// Size of the body, if it arrived completely.
    pub(crate) body_bytes: Option<usize>,
}

/// The beginning of a body, with credentials masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BodyExcerpt {
    pub(crate) text: String,
    pub(crate) is_complete: bool,
}

impl RefusedRequest {
    /// The name of its endpoint.
    pub(crate) fn endpoint_name(&self) -> Option<&str> {
        self.endpoint.as_ref().map(|endpoint| &*endpoint.name)
    }

    /// Approximate size in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        let shape = &self.shape;
        let texts = [
            self.peer.len(),
            self.reason.len(),
            self.endpoint_name().map_or(0, str::len),
            self.nearest_path.as_ref().map_or(0, String::len),
            self.fault.pointer.as_ref().map_or(0, String::len),
            shape.target.len(),
            shape.content_type.as_ref().map_or(0, String::len),
            shape.content_encoding.as_ref().map_or(0, String::len),
            self.body.as_ref().map_or(0, |body| body.text.len()),
        ];
        let names = shape.header_names.iter().map(|name| size_of::<String>() + name.len());
        size_of::<Self>() + texts.into_iter().sum::<usize>() + names.sum::<usize>()
    }

    /// Replaces every text that the client chose.
    pub(super) fn map_texts(&mut self, map: impl Fn(&str) -> String) {
        let shape = &mut self.shape;
        let optional = [&mut shape.content_type, &mut shape.content_encoding, &mut self.fault.pointer];
        let required = [&mut shape.method, &mut shape.target, &mut self.reason];
        let texts = required.into_iter().chain(optional.into_iter().flatten()).chain(&mut shape.header_names);
        texts.for_each(|text| *text = map(text));
        if let Some(NearMiss::Elsewhere { pointer, .. }) = &mut self.near_miss {
            *pointer = map(pointer);
        }
    }
}

impl RequestShape {
    pub(super) fn of(head: &request::Parts, body_bytes: Option<usize>) -> Self {
        let values = |name: HeaderName| {
            let values = head.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            values.reduce(|all, value| format!("{all}, {value}").into()).map(|text| shortened(&text))
        };
        let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self {
            method: shortened(head.method.as_str()),
            target: shortened(&mask_url(head.uri.path_and_query().map_or("", |target| target.as_str()))),
            version: match head.version {
                Version::HTTP_2 => "HTTP/2".to_owned(),
                version => format!("{version:?}"),
            },
            header_names: head
                .headers
                .iter()
                .take(MAX_HEADER_NAMES)
                .map(|(name, _)| shortened(name.as_str()))
                .collect(),
            header_bytes: head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum(),
            content_type: values(header::CONTENT_TYPE),
            content_encoding: values(header::CONTENT_ENCODING),
            announced_bytes: announced,
            body_bytes,
        }
    }
}

fn shortened(text: &str) -> String {
    redact::one_line(text)
}
