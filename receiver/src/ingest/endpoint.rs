//! The endpoint: authenticate, parse, validate, store, acknowledge.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, io, mem, net::IpAddr, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header, request};
use http_body::Body;
use schemas::uri::normalize_path;
use serde::{Deserialize, Serialize};

use super::{
    Capture, Details, Expectation, Rejection,
    admission::{AdmissionLimits, Permit},
    body, with_jitter,
    workers::{MAX_INLINE_BYTES, Workers},
};
use crate::{
    log::{Record, RecordHeader, SegmentedLog},
    redact,
    verify::Verifier,
};

/// Header fields of up to this many bytes are kept while the body arrives.
const SHORT_HEADERS_BYTES: usize = 8 << 10;

/// One URL path that takes messages.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) verifier: Verifier,
    pub(crate) nonconforming: Nonconforming,
    /// Set if the endpoint checks nothing and keeps everything, to learn what the product really sends.
    pub(crate) capture: Option<Capture>,
}

/// What to do with an authentic message that breaks the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nonconforming {
    /// Store it and answer 200, so nothing real is lost.
    #[default]
    Store,
    /// Answer 422.
    Reject,
}

/// The endpoints, by the normal form of their path.
#[derive(Debug, Default)]
pub(crate) struct Endpoints(HashMap<String, Arc<Endpoint>>);

/// What all requests go through, whatever their endpoint.
#[derive(Debug)]
pub(crate) struct Pipeline {
    log: Arc<SegmentedLog>,
    admission: Arc<AdmissionLimits>,
    workers: Workers,
    body_timeout: Duration,
}

/// What the connection knows about a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestContext {
    pub(crate) peer: Option<IpAddr>,
    /// Whether the head has, or may have, both `Content-Length` and `Transfer-Encoding`.
    pub(crate) has_two_lengths: bool,
}

/// The result of a request, and what the access log reports about it.
#[derive(Debug)]
pub(crate) struct Handled {
    /// The endpoint, once the path is known to have one.
    pub(crate) endpoint: Option<Arc<Endpoint>>,
    /// Bytes of the body, if it arrived completely.
    pub(crate) size: Option<usize>,
    /// Whether the connection must close after the answer because nothing more can be read from it.
    pub(crate) close: bool,
    /// The record, durably stored, or why there is none.
    pub(crate) result: Result<Record, Refusal>,
    /// The place of the fault in a refused request.
    pub(crate) details: Details,
    /// The head of a refused request.
    pub(crate) refused_head: Option<Box<request::Parts>>,
    /// Whether a request was refused because of its head alone, before the pipeline.
    pub(crate) is_before_pipeline: bool,
}

#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) rejection: Rejection,
    /// Describes the message, if it is authentic.
    pub(crate) header: Option<Box<RecordHeader>>,
    /// The body, if it was read and refused.
    pub(crate) body: Option<Bytes>,
}

impl Pipeline {
    pub(crate) fn new(log: Arc<SegmentedLog>, admission: Arc<AdmissionLimits>, body_timeout: Duration) -> Self {
        Self { log, admission, workers: Workers::new(), body_timeout }
    }

    /// Handles one request. `begin_store` is called once the body is complete; what it returns is held until the message
    /// is stored or refused.
    ///
    /// The cheapest check comes first, and nothing of a body is read before Basic credentials are checked.
    pub(crate) async fn receive<B, G: Send>(
        &self,
        endpoints: &Endpoints,
        request: Request<B>,
        context: RequestContext,
        begin_store: impl FnOnce() -> G + Send,
    ) -> Handled
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        let (mut head, mut body) = request.into_parts();
        let is_chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
        let expects_continue = Expectation::of(&head) == Expectation::Continue;
        let (mut found, mut size) = (None, None);
        let result: Result<Record, Refusal> = async {
            body::check_framing(&head, context.has_two_lengths)?;
            let mut permit = self.admission.try_admit().ok_or(Rejection::Overloaded)?;
            let endpoint = &*found.insert(endpoints.find(head.uri.path()).ok_or(Rejection::NotFound)?);
            let captured_headers = endpoint.check_head(&mut head, &mut permit)?;
            let bytes = self.read_body(&mut body, endpoint.verifier.body_limit(), &mut permit).await?;
            size = Some(bytes.len());
            let (permit, _storing) = (Arc::new(permit), begin_store());
            let record = self.verify(endpoint, captured_headers, bytes, context.peer, &permit).await?;
            self.store(endpoint, record, &permit).await
        }
        .await;
        let profile = found.as_ref().map(|endpoint| endpoint.verifier.profile());
        let refused = result.as_ref().err();
        let details = refused.map(|refusal| Details::of(&refusal.rejection, &head, profile)).unwrap_or_default();
        let close =
            is_chunked || (result.is_err() && !body::drain(body, expects_continue, with_jitter(self.body_timeout)));
        let refused_head = result.is_err().then(|| Box::new(head));
        Handled { endpoint: found, size, close, result, details, refused_head, is_before_pipeline: false }
    }

    async fn read_body<B>(&self, body: &mut B, limit: usize, permit: &mut Permit) -> Result<Bytes, Rejection>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let reading = body::read(body, limit, |bytes| permit.reserve(bytes));
        let complete = tokio::time::timeout(with_jitter(self.body_timeout), reading).await;
        complete.unwrap_or(Err(Rejection::BodyTimeout))
    }

    /// Authenticates, parses and validates a complete body. A large one is read on a worker thread.
    async fn verify(
        &self,
        endpoint: &Arc<Endpoint>,
        captured_headers: Option<HeaderMap>,
        body: Bytes,
        peer: Option<IpAddr>,
        permit: &Arc<Permit>,
    ) -> Result<Record, Refusal> {
        if body.len() <= MAX_INLINE_BYTES {
            return endpoint.verify(captured_headers.as_ref(), body, peer);
        }
        // The work holds the permit too: it continues if the client hangs up, and the body stays in memory.
        let (endpoint, permit) = (endpoint.clone(), permit.clone());
        let work = move || {
            let verified = endpoint.verify(captured_headers.as_ref(), body, peer);
            drop(permit);
            verified
        };
        self.workers.run(work).await.map_err(|error| {
            tracing::error!(%error, "reading a message failed");
            Rejection::Unavailable
        })?
    }

    /// Stores the record durably: in the log, or in the quarantine file if it may hold an unknown secret.
    async fn store(&self, endpoint: &Endpoint, record: Record, permit: &Arc<Permit>) -> Result<Record, Refusal> {
        let is_quarantined = record.header.captured.as_ref().is_some_and(|captured| captured.quarantined);
        let Some(capture) = endpoint.capture.as_ref().filter(|_| is_quarantined) else {
            return match self.log.append(&record).await {
                Ok(_) => Ok(record),
                Err(_) => Err(Refusal::unavailable(Box::new(record.header))),
            };
        };
        let (log, file, permit) = (self.log.clone(), capture.quarantine.clone(), permit.clone());
        let header = Box::new(record.header.clone());
        let work = move || {
            // The file is in the same folder as the log: if that was moved, the capture would not be found again.
            let appended = log.check_place().and_then(|()| file.append(&record)).and_then(|()| log.check_place());
            drop(permit);
            appended.map(|()| record)
        };
        let appended = self.workers.run(work).await.map_err(io::Error::other).flatten();
        appended.map_err(|error| {
            tracing::error!(%error, path = %capture.quarantine.path().display(), "storing a capture failed");
            Refusal::unavailable(header)
        })
    }
}

impl Endpoints {
    /// Each endpoint has the normal form of its path ([`normalize_path`]).
    pub(crate) fn new(by_path: impl IntoIterator<Item = (String, Endpoint)>) -> Self {
        Self(by_path.into_iter().map(|(path, endpoint)| (path, Arc::new(endpoint))).collect())
    }

    /// The endpoint of a request's path, in any equivalent spelling.
    fn find(&self, path: &str) -> Option<Arc<Endpoint>> {
        self.0.get(&*normalize_path(path)).cloned()
    }
}

impl Handled {
    /// A request that is refused before it reaches an endpoint.
    pub(crate) fn refused(head: &request::Parts, rejection: Rejection) -> Self {
        let details = Details::of(&rejection, head, None);
        let (result, refused_head) = (Err(rejection.into()), Some(Box::new(head.clone())));
        Self { endpoint: None, size: None, close: false, result, details, refused_head, is_before_pipeline: true }
    }

    /// A stable word for logs and metrics.
    pub(crate) fn verdict(&self) -> &'static str {
        match &self.result {
            Ok(record) if record.header.captured.is_some() => "captured",
            Ok(_) => "accepted",
            Err(refusal) => refusal.rejection.code(),
        }
    }
}

impl Refusal {
    fn unavailable(header: Box<RecordHeader>) -> Self {
        Self { header: Some(header), ..Rejection::Unavailable.into() }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, header: None, body: None }
    }
}

impl Endpoint {
    /// Checks what is known before the body arrives, Basic credentials among it. Returns the headers that a capture keeps.
    fn check_head(&self, head: &mut request::Parts, permit: &mut Permit) -> Result<Option<HeaderMap>, Rejection> {
        if head.method != Method::POST {
            return Err(Rejection::MethodNotAllowed);
        }
        let (headers, limit) = (&mut head.headers, self.verifier.body_limit());
        if self.capture.is_some() {
            body::check_length(headers, limit)?;
            return if permit.reserve(byte_length(headers)) {
                Ok(Some(mem::take(headers)))
            } else {
                Err(Rejection::Overloaded)
            };
        }
        self.verifier.check_headers(headers)?;
        body::check_headers(headers, limit)?;
        discard_long_headers(headers);
        Ok(None)
    }

    /// Checks the client secret, parses the message, and validates it where the endpoint rejects nonconforming ones.
    fn verify(
        &self,
        captured_headers: Option<&HeaderMap>,
        body: Bytes,
        peer: Option<IpAddr>,
    ) -> Result<Record, Refusal> {
        if let (Some(capture), Some(headers)) = (&self.capture, captured_headers) {
            return Ok(capture.record(headers, &body, &self.name, self.verifier.profile(), peer));
        }
        match self.read(&body, peer) {
            Ok((header, secret)) => Ok(Record { header, body: redact::emptied(body, secret) }),
            Err(refusal) => Err(Refusal { body: Some(body), ..refusal }),
        }
    }

    /// Describes an authentic message, and finds the secret in it.
    fn read(&self, body: &[u8], peer: Option<IpAddr>) -> Result<(RecordHeader, Option<Range<usize>>), Refusal> {
        let document = self.verifier.read(body)?;
        let header = RecordHeader::describe(&document, &self.name, peer);
        if self.nonconforming == Nonconforming::Reject {
            let violations = document.violations();
            if !violations.is_empty() {
                return Err(Refusal { header: Some(Box::new(header)), ..Rejection::Nonconforming(violations).into() });
            }
        }
        Ok((header, document.secret_span()))
    }
}

fn byte_length(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// Discards long headers, which nothing reads any more, because a body may take a while.
fn discard_long_headers(headers: &mut HeaderMap) {
    if byte_length(headers) > SHORT_HEADERS_BYTES {
        // The access log reports the length of a body that is too large. A copy, because the original keeps the whole
        // head in memory.
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        *headers = length.map(|length| (header::CONTENT_LENGTH, length)).into_iter().collect();
    }
}
