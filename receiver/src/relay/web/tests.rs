//! Large messages are rendered on other threads, and the dispatcher does not wait for them.

use delivery::RetryPolicy;
use parking_lot::Mutex;
use schemas::{Authentication, Profile};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::*;
use crate::{
    log::{Position, Record, RecordHeader, SegmentOptions, SegmentedLog},
    relay::{DestinationTarget, Store, log_consumer::LogConsumer},
};

/// A destination that gets messages unchanged.
fn destination(web: Arc<Web>) -> Destination {
    let (name, endpoint) = ("a".into(), "hooks".to_owned());
    let profile = Profile::v1().clone();
    Destination { name, endpoint, profile, when: None, flow_url: None, target: DestinationTarget::Web(web) }
}

/// The queue of a destination for which messages of these sizes are due, each of another flow.
async fn queue_of(folder: &TempDir, sizes: &[usize], large: Arc<Semaphore>, wake: Arc<Notify>) -> HttpQueue {
    let web = Arc::new(Web {
        url: "http://127.0.0.1:1/".parse().unwrap(),
        is_secret: false,
        content: Content::Message { content_type: HeaderValue::from_static("application/json") },
        authentication: Authentication::None,
        rate: None,
        retry: RetryPolicy::default(),
        timeout: Duration::from_secs(1),
        allowed: Vec::new(),
    });
    let destination = Arc::new(destination(web.clone()));
    let (log, _) = SegmentedLog::open(&folder.path().join("log"), SegmentOptions::default()).unwrap();
    let mut store = Store::open(&folder.path().join("relay"), &log.identity()).unwrap();
    store.configure(&["hooks"], std::slice::from_ref(&*destination), Position(0)).unwrap();
    let number = store.numbers(std::slice::from_ref(&*destination)).unwrap()[0].unwrap();
    for (flow, size) in sizes.iter().enumerate() {
        let header = RecordHeader { flow: Some(flow.to_string()), ..RecordHeader::of_unreadable("hooks", None) };
        let body = format!("{{\"x\":\"{}\"}}", "x".repeat(*size)).into();
        log.append(&Record { header, body }).await.unwrap();
    }
    let (log, store) = (Arc::new(log), Arc::new(Mutex::new(store)));
    let context = RelayContext::new(store, log, Arc::default());
    let mut consumer = LogConsumer::new(context.clone()).unwrap();
    while consumer.poll().unwrap() {}
    let deciding = context.clone();
    tokio::task::spawn_blocking(move || deciding.decide(number, "a", || {})).await.unwrap().unwrap();
    assert_eq!(context.store.lock().status().unwrap().destinations[0].waiting, sizes.len() as u64);
    HttpQueue {
        queue: DestinationQueue::new(&context, number),
        destination,
        web,
        limiter_key: "a".into(),
        in_flight: HashMap::new(),
        metrics: context.metrics,
        renderer: Renderer::new(large, wake.clone()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_of_a_large_message_is_made_aside_and_the_dispatcher_never_waits_for_it() {
    let folder = TempDir::new().unwrap();
    // Without a permit no large message is rendered.
    let (large, wake) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let sizes = [LARGE_BYTES, LARGE_BYTES, 10, LARGE_BYTES, LARGE_BYTES, LARGE_BYTES, 10];
    let mut queue = queue_of(&folder, &sizes, large.clone(), wake.clone()).await;
    let mut take = || queue.take_due(Timestamp::now(), 3, &HashSet::new()).unwrap().len();
    assert_eq!((take(), take()), (1, 0), "the small one goes; no more large ones are begun than may be");
    large.add_permits(1);
    // With one permit the others are rendered one after another.
    let mut taken = 1;
    while taken < sizes.len() {
        wake.notified().await;
        taken += take();
    }
    assert_eq!(taken, sizes.len());
}
