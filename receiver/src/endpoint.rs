//! The endpoint: authenticate, parse, validate, store, acknowledge.

mod room;
#[cfg(test)]
mod tests;
mod workers;

use std::{collections::HashMap, mem, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Version, header, request, uri::Authority};
use http_body::Body;
use schemas::{Document, uri::normalize_path};
use serde::{Deserialize, Serialize};

pub use self::room::Room;
use self::{
    room::Place,
    workers::{MAX_INLINE_BYTES, Workers},
};
use crate::{
    capture::Capture,
    expectation::Expectation,
    intake,
    log::{MessageLog, Record, RecordHeader},
    patience, redact,
    rejection::{Details, Rejection},
    verify::Verifier,
};

/// One URL path that takes messages.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name in logs and listings.
    pub name: String,
    /// What it accepts, and the profile it reads with.
    pub verifier: Verifier,
    /// What happens to an authentic message that breaks the contract.
    pub nonconforming: Nonconforming,
    /// Set where nothing is checked and everything is kept, to learn what the product really sends.
    pub capture: Option<Capture>,
}

/// What happens to an authentic message that breaks the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nonconforming {
    /// It is stored and answered 200: nothing real is lost.
    #[default]
    Store,
    /// It is answered 422.
    Reject,
}

/// All endpoints, by path, over one log.
#[derive(Debug)]
pub struct Endpoints<L> {
    by_path: HashMap<String, Arc<Endpoint>>,
    log: Arc<L>,
    body_timeout: Duration,
    room: Arc<Room>,
    workers: Workers,
}

/// What the connection knows of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival {
    /// Where it comes from.
    pub peer: Option<IpAddr>,
    /// Whether the head held `content-length` beside `transfer-encoding`, or may have.
    pub two_lengths: bool,
}

/// How far a request came; what a log line says of it.
#[derive(Debug, Default)]
pub struct Progress {
    /// The endpoint's name, once the path is known to have one.
    pub endpoint: Option<String>,
    /// Bytes of the body, once it is whole.
    pub size: Option<usize>,
    /// The message, where it was authentic and is refused all the same.
    pub header: Option<RecordHeader>,
    /// Whether nothing more can be read from the connection after the answer.
    pub last: bool,
    /// Where in the request the fault is, where it is refused.
    pub(crate) details: Details,
}

impl<L: MessageLog> Endpoints<L> {
    /// Endpoints by their path, in its normal form ([`normalize_path`]), storing to one log; a body may take
    /// `body_timeout` to arrive, and all requests share the `room`.
    pub fn new(by_path: HashMap<String, Endpoint>, log: Arc<L>, body_timeout: Duration, room: Arc<Room>) -> Self {
        Self { by_path: shared(by_path), log, body_timeout, room, workers: Workers::new() }
    }

    /// The endpoint of a request's path, however it is spelled.
    fn find(&self, path: &str) -> Option<&Arc<Endpoint>> {
        self.by_path.get(&*normalize_path(path))
    }

    /// Other endpoints in the place of these.
    #[must_use]
    pub fn replaced_by(&self, by_path: HashMap<String, Endpoint>) -> Self {
        Self {
            by_path: shared(by_path),
            log: self.log.clone(),
            body_timeout: self.body_timeout,
            room: self.room.clone(),
            workers: self.workers.clone(),
        }
    }

    /// Takes one request. When it ends well the message is durable.
    ///
    /// # Errors
    /// The first reason to refuse, in the order in which the checks stand here: what costs least comes first, and
    /// nothing of a body is read for a stranger with a Basic endpoint.
    pub async fn receive<B>(
        &self,
        request: Request<B>,
        arrival: Arrival,
        progress: &mut Progress,
    ) -> Result<Record, Rejection>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        let (mut head, mut body) = request.into_parts();
        let chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
        let expects = Expectation::of(&head) == Expectation::Continue;
        let outcome = self.take(&mut head, &mut body, arrival, progress).await;
        if let Err(rejection) = &outcome {
            let profile = progress.endpoint.as_ref().and_then(|_| self.find(head.uri.path()));
            progress.details = Details::of(rejection, &head, profile.map(|endpoint| endpoint.verifier.profile()));
        }
        progress.last =
            chunked || (outcome.is_err() && !intake::discard(expects, body, patience::drawn(self.body_timeout)));
        outcome
    }

    async fn take<B>(
        &self,
        head: &mut request::Parts,
        body: &mut B,
        arrival: Arrival,
        progress: &mut Progress,
    ) -> Result<Record, Rejection>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        check_framing(head, arrival)?;
        let mut place = self.room.enter().ok_or(Rejection::Overloaded)?;
        let endpoint = self.find(head.uri.path()).ok_or(Rejection::NotFound)?;
        progress.endpoint = Some(endpoint.name.clone());
        check_method(&head.method)?;
        let limit = endpoint.verifier.body_limit();
        if endpoint.capture.is_some() {
            intake::check_length(&head.headers, limit)?;
            if !place.hold(head_bytes(&head.headers)) {
                return Err(Rejection::Overloaded);
            }
            let headers = mem::take(&mut head.headers);
            let body = self.read_body(body, limit, &mut place).await?;
            progress.size = Some(body.len());
            let record = self.judged(endpoint, Some(headers), body, arrival, &place, progress).await?;
            return self.keep(endpoint, record, &place, progress).await;
        }
        endpoint.verifier.check_headers(&head.headers)?;
        intake::check_announced(&head.headers, limit)?;
        forget_long_headers(&mut head.headers);
        let body = self.read_body(body, limit, &mut place).await?;
        progress.size = Some(body.len());
        let record = self.judged(endpoint, None, body, arrival, &place, progress).await?;
        self.store(record, progress).await
    }

    /// What is to be stored of a whole body. Nothing that is made to find it out is kept.
    async fn judged(
        &self,
        endpoint: &Arc<Endpoint>,
        captured: Option<HeaderMap>,
        body: Bytes,
        arrival: Arrival,
        place: &Place,
        progress: &mut Progress,
    ) -> Result<Record, Rejection> {
        let judged = if body.len() <= MAX_INLINE_BYTES {
            endpoint.judge(captured.as_ref(), body, arrival)
        } else {
            // The work holds the place too: it goes on where the client hangs up, and the body stays in memory.
            let (endpoint, held) = (endpoint.clone(), place.share());
            let work = move || {
                let judged = endpoint.judge(captured.as_ref(), body, arrival);
                drop(held);
                judged
            };
            self.workers.run(work).await.map_err(|error| {
                tracing::error!(%error, "a message could not be read");
                Rejection::Unavailable
            })?
        };
        judged.map_err(|refused| {
            progress.header = refused.header.map(|header| *header);
            refused.rejection
        })
    }

    async fn store(&self, record: Record, progress: &mut Progress) -> Result<Record, Rejection> {
        match self.log.append(&record).await {
            Ok(_) => Ok(record),
            Err(_) => {
                progress.header = Some(record.header);
                Err(Rejection::Unavailable)
            }
        }
    }

    /// Keeps what was captured, durably.
    async fn keep(
        &self,
        endpoint: &Endpoint,
        record: Record,
        place: &Place,
        progress: &mut Progress,
    ) -> Result<Record, Rejection> {
        let apart = record.header.captured.as_ref().is_some_and(|captured| captured.apart);
        let Some(capture) = endpoint.capture.as_ref().filter(|_| apart) else {
            return self.store(record, progress).await;
        };
        let (file, header, held) = (capture.apart().clone(), record.header.clone(), place.share());
        let log = self.log.clone();
        let work = move || {
            // It is in the same folder: where that was moved, another file would get the capture, or nobody finds it.
            let appended = log.check_place().and_then(|()| file.append(&record)).and_then(|()| log.check_place());
            drop(held);
            appended.map(|()| record)
        };
        let appended = self.workers.run(work).await.map_err(std::io::Error::other).flatten();
        appended.map_err(|error| {
            tracing::error!(%error, path = %capture.apart().path().display(), "a capture could not be kept");
            progress.header = Some(header);
            Rejection::Unavailable
        })
    }

    async fn read_body<B>(&self, body: &mut B, limit: usize, place: &mut Place) -> Result<Bytes, Rejection>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let reading = intake::read_body_into(body, limit, |bytes| place.hold(bytes));
        let whole = tokio::time::timeout(patience::drawn(self.body_timeout), reading).await;
        whole.unwrap_or(Err(Rejection::BodyTimeout))
    }
}

/// Why a body is refused, and its message where it was authentic.
struct Refused {
    rejection: Rejection,
    header: Option<Box<RecordHeader>>,
}

impl Endpoint {
    /// Reads a whole body: what is to be stored of it.
    fn judge(&self, captured: Option<&HeaderMap>, body: Bytes, arrival: Arrival) -> Result<Record, Refused> {
        if let (Some(capture), Some(headers)) = (&self.capture, captured) {
            return Ok(capture.record(headers, &body, &self.name, self.verifier.profile(), arrival));
        }
        let document = self.verifier.read(&body).map_err(|rejection| Refused { rejection, header: None })?;
        let header = RecordHeader::describe(&document, &self.name, arrival.peer);
        if let Err(rejection) = self.nonconforming.check(&document) {
            return Err(Refused { rejection, header: Some(Box::new(header)) });
        }
        let secret = document.secret_span();
        drop(document);
        Ok(Record { header, body: redact::emptied(body, secret) })
    }
}

fn shared(by_path: HashMap<String, Endpoint>) -> HashMap<String, Arc<Endpoint>> {
    by_path.into_iter().map(|(path, endpoint)| (path, Arc::new(endpoint))).collect()
}

/// Bytes of header fields up to which a request keeps them while its body arrives.
const SHORT_HEADERS_BYTES: usize = 8 << 10;

fn head_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// Drops fields that nobody asks for any more, since a body may take its time.
fn forget_long_headers(headers: &mut HeaderMap) {
    if head_bytes(headers) > SHORT_HEADERS_BYTES {
        // The log tells it of a body that is too large. A copy, for the original keeps the whole head in memory.
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        *headers = length.map(|length| (header::CONTENT_LENGTH, length)).into_iter().collect();
    }
}

impl Nonconforming {
    fn check(self, document: &Document<'_>) -> Result<(), Rejection> {
        match self {
            Self::Store => Ok(()),
            Self::Reject => {
                let violations = document.violations();
                if violations.is_empty() { Ok(()) } else { Err(Rejection::Nonconforming(violations)) }
            }
        }
    }
}

/// HTTP/1.1 asks for exactly one `Host` (RFC 9112 section 3.2), and two lengths for one body are how requests are
/// smuggled (section 6.3).
fn check_framing(head: &request::Parts, arrival: Arrival) -> Result<(), Rejection> {
    let hosts = head.headers.get_all(header::HOST).iter().count();
    match head.version {
        Version::HTTP_11 if hosts == 0 => return Err(Rejection::BadRequest("it has no Host")),
        Version::HTTP_10 | Version::HTTP_11 if hosts > 1 => return Err(Rejection::BadRequest("it has two Hosts")),
        _ => {}
    }
    let host = head.headers.get(header::HOST).map(|host| host.as_bytes());
    if host.is_some_and(|host| !host.is_empty() && Authority::try_from(host).is_err()) {
        return Err(Rejection::BadRequest("its Host is none"));
    }
    let mut codings = head.headers.get_all(header::TRANSFER_ENCODING).iter();
    let coding = codings.next().map(|coding| coding.as_bytes());
    if codings.next().is_some() || coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"chunked")) {
        return Err(Rejection::BadRequest("its Transfer-Encoding is not chunked alone"));
    }
    if arrival.two_lengths {
        return Err(Rejection::BadRequest("it has both Content-Length and Transfer-Encoding"));
    }
    match Expectation::of(head) {
        Expectation::None | Expectation::Continue => Ok(()),
        // To be ignored would leave a client waiting that sends its body only once this is met.
        Expectation::Unsupported => Err(Rejection::ExpectationFailed),
    }
}

fn check_method(method: &Method) -> Result<(), Rejection> {
    if method == Method::POST { Ok(()) } else { Err(Rejection::MethodNotAllowed) }
}
