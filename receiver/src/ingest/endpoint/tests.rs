//! The pipeline over a log that fails, and what is known about a request that is refused.

use std::{fs, sync::Arc, task, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use schemas::{Authentication, Sample};
use tempfile::TempDir;

use super::*;
use crate::log::SegmentOptions;

const BODY_TIMEOUT: Duration = Duration::from_secs(5);

fn pipeline(options: SegmentOptions) -> (TempDir, Pipeline) {
    let folder = TempDir::new().unwrap();
    let (log, _) = SegmentedLog::open(&folder.path().join("log"), options).unwrap();
    (folder, Pipeline::new(Arc::new(log), Arc::new(AdmissionLimits::new(10, 1 << 20)), BODY_TIMEOUT))
}

fn endpoints() -> Endpoints {
    let verifier = Verifier::new(&Authentication::None);
    let endpoint = Endpoint { name: "hooks".to_owned(), verifier, nonconforming: Nonconforming::Store, capture: None };
    Endpoints::new([("/hooks".to_owned(), endpoint)])
}

fn sample() -> Bytes {
    Bytes::from_static(Sample::find("step-completed-customer-set-up").unwrap().body)
}

impl Pipeline {
    async fn post(&self, path: &str, body: Bytes) -> Handled {
        let request = Request::post(path).header(header::HOST, "x").header(header::CONTENT_TYPE, "application/json");
        self.receive(&endpoints(), request.body(Full::new(body)).unwrap(), RequestContext::default(), || ()).await
    }
}

#[tokio::test]
async fn a_large_body_is_read_by_a_worker_and_a_small_one_at_once() {
    // Refusing a record takes no time, and storing one does.
    let (_folder, pipeline) = pipeline(SegmentOptions { queue_bytes: 0, ..SegmentOptions::default() });
    let of_length = |length: usize| Bytes::from(format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8)));
    let all_workers = pipeline.workers.occupy();
    let mut cx = task::Context::from_waker(task::Waker::noop());
    for (length, waits) in [(MAX_INLINE_BYTES, false), (MAX_INLINE_BYTES + 1, true)] {
        let mut receiving = Box::pin(pipeline.post("/hooks", of_length(length)));
        assert_eq!(receiving.as_mut().poll(&mut cx).is_pending(), waits, "{length} bytes");
        assert_eq!(pipeline.admission.in_use(), if waits { (1, length) } else { (0, 0) }, "{length} bytes");
    }
    assert_eq!(pipeline.admission.in_use(), (0, 0), "a client that hangs up while it waits holds nothing");
    drop(all_workers);
    let large = pipeline.post("/hooks", of_length(MAX_INLINE_BYTES + 1)).await;
    assert!(large.result.unwrap_err().header.is_some(), "it was read");
}

#[tokio::test]
async fn a_message_that_the_log_does_not_hold_is_never_acknowledged() {
    let (_folder, full) = pipeline(SegmentOptions { queue_bytes: 0, ..SegmentOptions::default() });
    let (folder, broken) = pipeline(SegmentOptions::default());
    fs::remove_dir_all(folder.path().join("log")).unwrap();
    for (case, pipeline) in [("full", full), ("failed", broken)] {
        let refusal = pipeline.post("/hooks", sample()).await.result.unwrap_err();
        assert_eq!(refusal.header.unwrap().flow.as_deref(), Some("FLOW-604"), "{case}");
        let answer = refusal.rejection.into_http();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{case}");
        assert!(answer.headers().contains_key(header::RETRY_AFTER), "{case}");
    }
}

#[tokio::test]
async fn only_what_is_known_by_then_is_reported() {
    let (_folder, pipeline) = pipeline(SegmentOptions::default());
    for (path, endpoint, size) in [("/other", None, None), ("/hooks", Some("hooks"), Some(sample().len()))] {
        let handled = pipeline.post(path, sample()).await;
        assert_eq!(handled.endpoint.map(|endpoint| endpoint.name.clone()).as_deref(), endpoint);
        assert_eq!(handled.size, size);
        assert_eq!(handled.result.is_ok(), size.is_some());
    }
}
