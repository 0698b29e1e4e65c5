//! What the dispatcher gets while large messages are being made.

use std::sync::{Mutex, atomic::AtomicBool};

use schemas::{Authentication, Profile};
use tempfile::TempDir;

use super::*;
use crate::{
    log::{Position, Record, RecordHeader, SegmentOptions, SegmentedLog},
    relay::{Kind, Store, decisions::Decisions, log_consumer::LogConsumer, queue::lock},
};

/// A destination that gets messages as they are.
fn destination(web: Arc<Web>) -> Destination {
    let (name, endpoint) = ("a".into(), "hooks".to_owned());
    let profile = Profile::v1().clone();
    Destination { name, endpoint, profile, when: None, flow_url: None, kind: Kind::Web(web) }
}

/// The queue of a destination for which messages of these sizes are due, each of a flow of its own.
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
    let (metrics, stop) = (Arc::<RelayMetrics>::default(), Arc::<AtomicBool>::default());
    let mut consumer = LogConsumer::new(log.read(Position(0)).unwrap(), store.clone(), metrics.clone(), stop.clone());
    while consumer.poll().unwrap() {}
    let decisions = Decisions {
        store: store.clone(),
        log: log.clone(),
        metrics: metrics.clone(),
        large: Arc::new(Semaphore::new(1)),
        stop,
    };
    tokio::task::spawn_blocking(move || decisions.make(number, "a", || {})).await.unwrap().unwrap();
    assert_eq!(lock(&store).status().unwrap().destinations[0].waiting, sizes.len() as u64);
    HttpQueue {
        queue: Queue::new(store, log, number),
        destination,
        web,
        limiter_key: "a".into(),
        in_flight: HashMap::new(),
        metrics,
        renderer: Renderer::new(large, wake.clone()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_of_a_large_message_is_made_aside_and_the_dispatcher_never_waits_for_it() {
    let folder = TempDir::new().unwrap();
    // As long as it is taken, no large message can be made.
    let (large, wake) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let sizes = [LARGE_BYTES, LARGE_BYTES, 10, LARGE_BYTES, LARGE_BYTES, LARGE_BYTES, 10];
    let mut queue = queue_of(&folder, &sizes, large.clone(), wake.clone()).await;
    let mut take = || queue.take_due(Timestamp::now(), 3, &HashSet::new()).unwrap().len();
    assert_eq!((take(), take()), (1, 0), "the small one goes; no more large ones are begun than may be");
    large.add_permits(1);
    // One after the other, as the single permit has it, and what was not begun before as well.
    let mut taken = 1;
    while taken < sizes.len() {
        wake.notified().await;
        taken += take();
    }
    assert_eq!(taken, sizes.len());
}
