//! The pipeline over a log that fails, and how far a request came.

use std::{collections::HashMap, io, sync::Arc, task, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use schemas::{Authentication, Sample};

use super::{Arrival, Endpoint, Endpoints, MAX_INLINE_BYTES, Nonconforming, Progress, Room};
use crate::{
    log::{AppendError, LogReader, MessageLog, Position, Record},
    verify::Verifier,
};

/// A log that stores nothing and always answers the same.
struct Answering(Result<Position, AppendError>);

impl MessageLog for Answering {
    async fn append(&self, _record: &Record) -> Result<Position, AppendError> {
        self.0
    }

    fn read(&self, _from: Position) -> io::Result<LogReader> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn endpoints(log: Answering) -> Endpoints<Answering> {
    let verifier = Verifier::new(&Authentication::None);
    let endpoint = Endpoint { name: "hooks".to_owned(), verifier, nonconforming: Nonconforming::Store, capture: None };
    let by_path = HashMap::from([("/hooks".to_owned(), endpoint)]);
    Endpoints::new(by_path, Arc::new(log), Duration::from_secs(5), Arc::new(Room::new(10, 1 << 20)))
}

fn request(path: &str) -> Request<Full<Bytes>> {
    request_of(path, Bytes::from_static(Sample::find("step-completed-customer-set-up").unwrap().body))
}

fn request_of(path: &str, body: Bytes) -> Request<Full<Bytes>> {
    let request = Request::post(path).header(header::HOST, "x").header(header::CONTENT_TYPE, "application/json");
    request.body(Full::new(body)).unwrap()
}

#[tokio::test]
async fn a_large_body_is_read_by_a_worker_and_a_small_one_at_once() {
    let endpoints = endpoints(Answering(Ok(Position(0))));
    let of_length = |length: usize| Bytes::from(format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8)));
    let all_workers = endpoints.workers.occupy();
    let mut cx = task::Context::from_waker(task::Waker::noop());
    for (length, waits) in [(MAX_INLINE_BYTES, false), (MAX_INLINE_BYTES + 1, true)] {
        let mut progress = Progress::default();
        let request = request_of("/hooks", of_length(length));
        let mut receiving = Box::pin(endpoints.receive(request, Arrival::default(), &mut progress));
        assert_eq!(receiving.as_mut().poll(&mut cx).is_pending(), waits, "{length} bytes");
        assert_eq!(endpoints.room.taken(), if waits { (1, length) } else { (0, 0) }, "{length} bytes");
    }
    assert_eq!(endpoints.room.taken(), (0, 0), "a client that hangs up while it waits takes no room");
    drop(all_workers);
    let mut progress = Progress::default();
    let request = request_of("/hooks", of_length(MAX_INLINE_BYTES + 1));
    assert!(endpoints.receive(request, Arrival::default(), &mut progress).await.is_ok());
}

#[tokio::test]
async fn what_the_log_does_not_hold_is_never_acknowledged() {
    for error in [AppendError::Full, AppendError::Failed, AppendError::Closed] {
        let mut progress = Progress::default();
        let endpoints = endpoints(Answering(Err(error)));
        let outcome = endpoints.receive(request("/hooks"), Arrival::default(), &mut progress).await;
        let answer = outcome.unwrap_err().into_http();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{error}");
        assert!(answer.headers().contains_key(header::RETRY_AFTER), "{error}");
    }
}

#[tokio::test]
async fn progress_tells_only_what_is_known_by_then() {
    let endpoints = endpoints(Answering(Ok(Position(0))));
    let mut progress = Progress::default();
    endpoints.receive(request("/other"), Arrival::default(), &mut progress).await.unwrap_err();
    assert_eq!((progress.endpoint.as_deref(), progress.size), (None, None));
    let record = endpoints.receive(request("/hooks"), Arrival::default(), &mut progress).await.unwrap();
    assert_eq!((progress.endpoint.as_deref(), progress.size), (Some("hooks"), Some(record.body.len())));
    assert_eq!(progress.header, None, "the record has it");
    let endpoints = self::endpoints(Answering(Err(AppendError::Full)));
    endpoints.receive(request("/hooks"), Arrival::default(), &mut progress).await.unwrap_err();
    assert_eq!(progress.header.unwrap().flow.as_deref(), Some("FLOW-604"));
}
