//! The pipeline over a log that fails, and how far a request came.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use schemas::{Authentication, Sample};

use super::{Arrival, Endpoint, Endpoints, Nonconforming, Progress, Room};
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
    let body = Sample::find("step-completed-customer-set-up").unwrap().body;
    let request = Request::post(path).header(header::HOST, "x").header(header::CONTENT_TYPE, "application/json");
    request.body(Full::new(Bytes::from_static(body))).unwrap()
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
