//! The dispatcher against endpoints that fail: how often, in which order, how many at a time, and how it ends.

mod queues;

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use delivery::{
    AddressGuard, AllowedAddresses, AttemptResult, Client, ClientOptions, DeliveryQueue, DispatchCounts, Dispatcher,
    GiveUpReason, OutcomeSummary, ReadyDelivery, Request, RetryDecision, RetryPolicy, RetrySettings,
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Barrier, Notify, mpsc},
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::support::memory_queue::{Delivery, Finished, MemoryQueue};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

fn dispatcher(concurrency: usize) -> Dispatcher {
    dispatcher_within(concurrency, Duration::from_secs(30))
}

/// With waits of milliseconds.
fn dispatcher_within(concurrency: usize, timeout: Duration) -> Dispatcher {
    let guard = AddressGuard::default().allow(AllowedAddresses::Loopback);
    let client = Client::new(&ClientOptions { timeout, guard, ..ClientOptions::default() }).unwrap();
    let policy = RetryPolicy::new(RetrySettings {
        base: Duration::from_millis(1),
        cap: Duration::from_millis(4),
        attempts: 4,
        ..RetrySettings::default()
    });
    Dispatcher::new(client).with_policy(policy.unwrap()).with_concurrency(NonZeroUsize::new(concurrency).unwrap())
}

fn delivery(destination: &str, flow: Option<&str>, url: &str, body: &str) -> Delivery {
    Delivery {
        destination: destination.into(),
        flow: flow.map(Arc::from),
        url: url.parse().unwrap(),
        request: Request::new(Bytes::copy_from_slice(body.as_bytes())),
        due: Timestamp::now(),
    }
}

/// Has the dispatcher keep what it tells its observer.
fn observed(dispatcher: Dispatcher) -> (Dispatcher, Arc<Mutex<Vec<AttemptResult>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    (dispatcher.observed_by(move |attempted| keep.lock().unwrap().push(attempted.clone())), seen)
}

fn statuses(attempts: &Mutex<Vec<AttemptResult>>) -> Vec<u16> {
    let status = |attempted: &AttemptResult| match attempted.summary {
        OutcomeSummary::Answered { status, .. } => status,
        OutcomeSummary::Unanswered { .. } | OutcomeSummary::Failed { .. } => 0,
    };
    attempts.lock().unwrap().iter().map(status).collect()
}

async fn bodies(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests.into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect()
}

#[tokio::test]
async fn a_delivery_is_tried_again_until_it_is_accepted() {
    let server = MockServer::start().await;
    Mock::given(path("/")).respond_with(ResponseTemplate::new(503)).up_to_n_times(2).mount(&server).await;
    Mock::given(path("/")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let (mut queue, (dispatcher, seen)) = (MemoryQueue::new(), observed(dispatcher(1)));
    queue.push(delivery("a", None, &server.uri(), "one"));
    let Ok(tally) = dispatcher.drain(&mut queue).await;
    assert_eq!(tally, DispatchCounts { attempts: 3, delivered: 1, given_up: 0 });
    assert_eq!(queue.take_finished(), [Finished { id: 1, attempts: 3, decision: RetryDecision::Delivered }]);
    assert_eq!(statuses(&seen), [503, 503, 200]);
    assert_eq!(seen.lock().unwrap().iter().map(|seen| seen.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(bodies(&server).await, ["one", "one", "one"]);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_takes_along_what_waits_for_it() {
    let server = MockServer::start().await;
    Mock::given(path("/gone")).respond_with(ResponseTemplate::new(410)).mount(&server).await;
    Mock::given(path("/there")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let mut queue = MemoryQueue::new();
    for (destination, flow) in [("gone", None), ("gone", Some("f")), ("there", None), ("gone", Some("f"))] {
        queue.push(delivery(destination, flow, &format!("{}/{destination}", server.uri()), destination));
    }
    let Ok(tally) = dispatcher(1).drain(&mut queue).await;
    assert_eq!(tally, DispatchCounts { attempts: 2, delivered: 1, given_up: 1 });
    let gone = |id, attempts| Finished { id, attempts, decision: RetryDecision::GiveUp(GiveUpReason::Gone) };
    let there = Finished { id: 3, attempts: 1, decision: RetryDecision::Delivered };
    assert_eq!(queue.take_finished(), [gone(1, 1), gone(2, 0), gone(4, 0), there]);
    assert_eq!(bodies(&server).await, ["gone", "there"]);
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_tried_again_until_the_attempts_are_used_up() {
    let server = MockServer::start().await;
    let hangs = ResponseTemplate::new(200).set_delay(Duration::from_secs(600));
    Mock::given(path("/")).respond_with(hangs).mount(&server).await;
    let (dispatcher, seen) = observed(dispatcher_within(1, Duration::from_millis(30)));
    let mut queue = MemoryQueue::new();
    queue.push(delivery("a", None, &server.uri(), "one"));
    let Ok(tally) = dispatcher.drain(&mut queue).await;
    assert_eq!(tally, DispatchCounts { attempts: 4, delivered: 0, given_up: 1 });
    assert_eq!(
        queue.take_finished(),
        [Finished { id: 1, attempts: 4, decision: RetryDecision::GiveUp(GiveUpReason::Attempts) }]
    );
    let message = "the time limit of 30 ms passed".to_owned();
    let timeout = OutcomeSummary::Unanswered { code: "timeout".into(), message };
    assert!(seen.lock().unwrap().iter().all(|seen| seen.summary == timeout), "{seen:?}");
}

#[tokio::test]
async fn the_endpoint_says_when_to_come_again() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    Mock::given(path("/")).respond_with(busy).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let (dispatcher, seen) = observed(dispatcher(1));
    let mut queue = MemoryQueue::new();
    queue.push(delivery("a", None, &server.uri(), "one"));
    let Ok(_) = dispatcher.drain(&mut queue).await;
    assert_eq!(statuses(&seen), [429, 200]);
    let seen = seen.lock().unwrap();
    let between = seen[0].at.duration_until(seen[1].at);
    assert!(between.as_millis() >= 1000, "{between}");
    assert!(matches!(seen[0].decision, RetryDecision::RetryAt(due) if due <= seen[1].at));
}

#[tokio::test]
async fn a_refusal_is_final_and_its_words_are_kept_without_the_credential() {
    let server = MockServer::start().await;
    let message = r#"{"title":"Refused","detail":"not canary-41"}"#;
    let refusal = ResponseTemplate::new(403).set_body_raw(message, "application/problem+json");
    Mock::given(path("/")).respond_with(refusal).mount(&server).await;
    let (dispatcher, seen) = observed(dispatcher(1));
    let mut queue = MemoryQueue::new();
    let mut refused = delivery("a", None, &server.uri(), "one");
    refused.request = refused.request.with_secret("canary-41".into());
    queue.push(refused);
    let Ok(_) = dispatcher.drain(&mut queue).await;
    assert_eq!(
        queue.take_finished(),
        [Finished { id: 1, attempts: 1, decision: RetryDecision::GiveUp(GiveUpReason::Refused) }]
    );
    let detail = Some("Refused: not ***".to_owned());
    assert_eq!(seen.lock().unwrap()[0].summary, OutcomeSummary::Answered { status: 403, detail });
}

#[tokio::test]
async fn flows_keep_their_order_through_failures_and_do_not_wait_for_each_other() {
    let server = MockServer::start().await;
    let tried = Mutex::new(HashMap::<String, u32>::new());
    // Each message of a flow whose number divides by 3 fails twice, and the second of flow 1 for good.
    let respond = move |request: &wiremock::Request| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        let number: u32 = body.split('.').nth(1).unwrap().parse().unwrap();
        let mut tried = tried.lock().unwrap();
        let times = tried.entry(body.clone()).or_default();
        *times += 1;
        ResponseTemplate::new(match (body.as_str(), number % 3) {
            ("1.2", _) => 400,
            (_, 0) if *times <= 2 => 503,
            _ => 200,
        })
    };
    Mock::given(path("/")).respond_with(respond).mount(&server).await;
    let mut queue = MemoryQueue::new();
    for number in 0..8 {
        for flow in ["1", "2", "3"] {
            queue.push(delivery("a", Some(flow), &server.uri(), &format!("{flow}.{number}")));
        }
    }
    let Ok(tally) = dispatcher(8).drain(&mut queue).await;
    // Three of each flow's eight are tried three times.
    assert_eq!(tally, DispatchCounts { attempts: 3 * (8 + 3 * 2), delivered: 23, given_up: 1 });
    let arrived = bodies(&server).await;
    for flow in ["1", "2", "3"] {
        let of_flow: Vec<&String> = arrived.iter().filter(|body| body.starts_with(flow)).collect();
        let expected: Vec<String> =
            (0..8).flat_map(|number| vec![format!("{flow}.{number}"); if number % 3 == 0 { 3 } else { 1 }]).collect();
        assert_eq!(of_flow, expected.iter().collect::<Vec<_>>());
    }
    assert_ne!(arrived[..3].iter().collect::<HashSet<_>>().len(), 1, "flows go beside each other: {arrived:?}");
}

/// Reads requests off a connection and answers each as soon as `ready` is.
async fn serve(mut stream: TcpStream, ready: impl AsyncFn()) {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.unwrap_or(0) > 0 {
        // The requests here have a body of one byte.
        while let Some(end) =
            read.windows(4).position(|window| window == b"\r\n\r\n").filter(|end| end + 5 <= read.len())
        {
            read.drain(..end + 5);
            ready().await;
            stream.write_all(OK).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_in_flight_do_not_exceed_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (in_flight, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    // Nobody is answered before three are there: with fewer at a time this would never end.
    let barrier = Arc::new(Barrier::new(3));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (in_flight, most, barrier) = (Arc::clone(&in_flight), Arc::clone(&most), Arc::clone(&barrier));
            tokio::spawn(serve(stream, async move || {
                most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                barrier.wait().await;
                in_flight.fetch_sub(1, Ordering::SeqCst);
            }));
        }
    });
    let mut queue = MemoryQueue::new();
    for _ in 0..30 {
        queue.push(delivery("a", None, &url, "x"));
    }
    let Ok(tally) = dispatcher(3).drain(&mut queue).await;
    assert_eq!((tally.delivered, seen.load(Ordering::SeqCst)), (30, 3));
}

#[tokio::test]
async fn a_rate_holds_one_destination_and_not_another() {
    let server = MockServer::start().await;
    Mock::given(path("/")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let (dispatcher, seen) = observed(dispatcher(4).with_rate("20/s".parse().unwrap()));
    let mut queue = MemoryQueue::new();
    for destination in ["a", "a", "a", "b"] {
        queue.push(delivery(destination, None, &server.uri(), destination));
    }
    let Ok(_) = dispatcher.drain(&mut queue).await;
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_by_key(|seen| seen.at);
    assert_eq!(seen.iter().map(|seen| seen.id).collect::<Vec<_>>(), [1, 4, 2, 3]);
    // 50 ms, less what a timer may be off by.
    for pair in [(0, 2), (2, 3)] {
        let between = seen[pair.0].at.duration_until(seen[pair.1].at);
        assert!(between.as_millis() >= 40, "{between}");
    }
}
