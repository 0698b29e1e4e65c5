//! Why requests were refused, for the operator: the newest of each kind, with how near a wrong credential was.
//!
//! A refused request costs its connection no more than copying its shape. A thread of its own does the rest: it examines
//! credentials, masks texts, and writes the file that keeps the requests over a restart.

mod body_excerpt;
mod check;
mod explanation;
mod file;
mod refused_request;
mod rings;
mod silence;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    fmt, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
};

use http::{header, request};
use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use schemas::{Redactor, Role};
use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

#[cfg(feature = "inspect")]
pub(crate) use self::{check::CheckOutcome, silence::is_silent};
pub(crate) use self::{
    explanation::{ExplainedRequest, Explanation, explain, explain_code},
    file::{LoadError, load},
    refused_request::RefusedRequest,
    rings::{RefusalFilter, RefusalKind, Rings},
    silence::{SILENCE_REASONS, Silence, silences},
    worker::RefusalWorker,
};
use self::{
    refused_request::{CredentialFault, FaultPlace, RefusingEndpoint, RequestShape},
    worker::{News, QueuedBody, RefusalEvent},
};
use crate::{
    ingest::{BasicRefusal, Endpoint, Handled, Nonconforming, Rejection, SecretRefusal},
    redact,
    verify::NearMiss,
};

/// Maximum number of refused requests that wait for the worker. More are dropped and counted.
const MAX_QUEUED: usize = 1024;
/// Maximum size of the bodies that wait with them. A request whose body does not fit waits without it.
const MAX_QUEUED_BODY_BYTES: usize = 8 << 20;
/// A body may be a part of a buffer of this size, which stays in memory with it.
const BUFFER_BYTES: usize = 64 << 10;
/// Maximum size of an `authorization` header that is examined; a longer one cannot be near.
const MAX_AUTHORIZATION_BYTES: usize = 4096;

/// Takes refused requests, and lists them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Refusals {
    news: SyncSender<News>,
    shared: Arc<Shared>,
}

/// What the handle and the worker share.
#[derive(Debug)]
struct Shared {
    rings: Mutex<Rings>,
    queued: AtomicUsize,
    queued_body_bytes: Arc<AtomicUsize>,
    dropped: Counter,
}

/// What the configuration in force says about refused requests.
#[derive(Debug, Default)]
pub(crate) struct RefusalContext {
    /// Finds every configured credential.
    pub(crate) redactor: Redactor,
    /// The paths of the endpoints.
    pub(crate) paths: Vec<String>,
    pub(crate) keeps_bodies: bool,
}

impl Refusals {
    /// Continues with the requests in the file, and starts the worker. `dropped` counts the requests that were not recorded
    /// because too many came at once.
    ///
    /// # Errors
    /// If the thread cannot be started. A file that cannot be read is only a warning.
    pub(crate) fn open(file: PathBuf, dropped: Counter) -> io::Result<(Self, RefusalWorker)> {
        let rings = load(&file).unwrap_or_else(|error| {
            tracing::warn!(%error, "earlier refused requests are not known any more");
            Rings::default()
        });
        // One more than is used, for the news that it is time to end.
        let (news, receiver) = sync_channel(MAX_QUEUED + 1);
        let shared = Arc::new(Shared {
            rings: Mutex::new(rings),
            queued: AtomicUsize::new(0),
            queued_body_bytes: Arc::default(),
            dropped,
        });
        let worker = RefusalWorker::start((news.clone(), receiver), shared.clone(), file)?;
        Ok((Self { news, shared }, worker))
    }

    /// Records a refused request; any other is ignored. It never waits.
    pub(crate) fn record(&self, id: Uuid, peer: impl fmt::Display, handled: &Handled, context: &Arc<RefusalContext>) {
        let (Err(refusal), Some(head)) = (&handled.result, &handled.refused_head) else { return };
        let shared = &self.shared;
        if shared.queued.fetch_add(1, Ordering::Relaxed) >= MAX_QUEUED {
            shared.queued.fetch_sub(1, Ordering::Relaxed);
            shared.dropped.inc();
            return;
        }
        let is_examined = is_examined(&refusal.rejection);
        let body = refusal.body.clone().filter(|_| is_examined || context.keeps_bodies);
        let body = body.and_then(|bytes| QueuedBody::reserve(bytes, &shared.queued_body_bytes));
        let authorization = head.headers.get(header::AUTHORIZATION).filter(|_| is_examined);
        let authorization =
            authorization.map(|value| value.as_bytes()).filter(|value| value.len() <= MAX_AUTHORIZATION_BYTES);
        let event = Box::new(RefusalEvent {
            refused: describe(id, peer, handled, &refusal.rejection, head),
            endpoint: handled.endpoint.clone(),
            context: context.clone(),
            authorization: authorization.map(|value| Zeroizing::new(value.to_owned())),
            body,
        });
        if self.news.try_send(News::Refused(event)).is_err() {
            shared.queued.fetch_sub(1, Ordering::Relaxed);
            shared.dropped.inc();
        }
    }

    /// Reads what is known now. Recording waits for it, so it must be quick.
    #[cfg(feature = "inspect")]
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Rings) -> T) -> T {
        read(&self.shared.rings.lock())
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals").finish_non_exhaustive()
    }
}

/// Whether the credential was presented and is wrong, or may be elsewhere in the message.
fn is_examined(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::BasicRefused(BasicRefusal::Malformed(_) | BasicRefusal::Wrong(_)) | Rejection::SecretRefused(_)
    )
}

fn describe(
    request_id: Uuid,
    peer: impl fmt::Display,
    handled: &Handled,
    rejection: &Rejection,
    head: &request::Parts,
) -> RefusedRequest {
    let shape = RequestShape::of(head, handled.size);
    let details = &handled.details;
    RefusedRequest {
        request_id,
        at: Timestamp::now(),
        peer: peer.to_string(),
        endpoint: handled.endpoint.as_deref().map(RefusingEndpoint::of),
        is_before_pipeline: handled.is_before_pipeline,
        status: rejection.status().as_u16(),
        code: rejection.code().to_owned(),
        reason: redact::one_line(&rejection.reason()),
        credential_fault: CredentialFault::of(rejection),
        near_miss: is_examined(rejection).then_some(NearMiss::NotExamined),
        nearest_path: None,
        fault: FaultPlace {
            line: details.line,
            column: details.column,
            pointer: details.pointer.as_deref().map(redact::one_line),
            clause: details.clause.clone(),
            violations: details.violations,
        },
        shape,
        body: None,
    }
}

impl RefusingEndpoint {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            name: endpoint.name.clone(),
            authentication: endpoint.verifier.kind(),
            secret_place: endpoint.verifier.profile().pointer(Role::ClientSecret).map(ToString::to_string),
            captures: endpoint.capture.is_some(),
            rejects_nonconforming: endpoint.nonconforming == Nonconforming::Reject,
        }
    }
}

impl CredentialFault {
    fn of(rejection: &Rejection) -> Option<Self> {
        match rejection {
            Rejection::BasicRefused(BasicRefusal::Missing) | Rejection::SecretRefused(SecretRefusal::Missing(_)) => {
                Some(Self::Missing)
            }
            Rejection::BasicRefused(BasicRefusal::Ambiguous) => Some(Self::Ambiguous),
            Rejection::BasicRefused(BasicRefusal::Malformed(_)) => Some(Self::Malformed),
            Rejection::SecretRefused(SecretRefusal::NotText) => Some(Self::NotText),
            Rejection::BasicRefused(BasicRefusal::Wrong(_)) | Rejection::SecretRefused(SecretRefusal::Wrong(_)) => {
                Some(Self::Wrong)
            }
            _ => None,
        }
    }
}
