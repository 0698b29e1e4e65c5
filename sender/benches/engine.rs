//! What the engine costs: a bare hyper-util client, `Client::deliver`, and a dispatcher over a queue in memory, each with
//! 64 connections to the same server. They take turns, so that what else the machine does meets all of them.
//!
//! `cargo bench -p sender --bench engine`; two cores or more, client and server take one each. Figures are requests a
//! second: median, least and most of the rounds, and the ratio of the medians to that of the bare client.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use bytes::Bytes;
use delivery::{
    AddressGuard, AllowedAddresses, Client, ClientOptions, Dispatcher, EndpointUrl, Outcome, Request, USER_AGENT,
};
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use memory_queue::{Delivery, MemoryQueue};

#[path = "../tests/it/support/memory_queue.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod memory_queue;

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 20_000;
const ROUNDS: usize = 9;
/// As long as the usual message.
const BODY: Bytes = Bytes::from_static(&[b'x'; 1500]);

fn main() {
    let url = serve();
    let target: EndpointUrl = url.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let bare = legacy::Client::builder(TokioExecutor::new()).build(connector);
        let guard = AddressGuard::default().allow(AllowedAddresses::Loopback);
        let client = Client::new(&ClientOptions { guard, ..ClientOptions::default() }).unwrap();
        let dispatcher = Dispatcher::new(client.clone()).with_concurrency(NonZeroUsize::new(CONNECTIONS).unwrap());

        let mut rates = [const { Vec::new() }; 3];
        // The first round opens the connections and does not count.
        for round in 0..=ROUNDS {
            let taken = [
                rate(each(|| with_bare(&bare, &target))).await,
                rate(each(|| with_client(&client, &target))).await,
                with_dispatcher(&dispatcher, &target).await,
            ];
            if round > 0 {
                rates.iter_mut().zip(taken).for_each(|(rates, taken)| rates.push(taken));
            }
        }
        let median = |rates: &[f64]| rates[rates.len() / 2];
        rates.iter_mut().for_each(|rates| rates.sort_by(f64::total_cmp));
        for (name, of) in ["bare hyper-util client", "Client::deliver", "Dispatcher over memory"].iter().zip(&rates) {
            let (middle, ratio) = (median(of), median(of) / median(&rates[0]));
            println!("{name:22} {middle:>7.0}/s ({:.0} to {:.0}), {ratio:.2} of bare", of[0], of[of.len() - 1]);
        }
    });
}

/// All requests, over so many loops beside each other.
async fn each<F: Future<Output = ()>>(request: impl Fn() -> F) {
    let left = AtomicUsize::new(REQUESTS);
    let one_less = |left: usize| left.checked_sub(1);
    let worker = async || {
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            request().await;
        }
    };
    join_all((0..CONNECTIONS).map(|_| worker())).await;
}

async fn rate(work: impl Future<Output = ()>) -> f64 {
    let started = Instant::now();
    work.await;
    REQUESTS as f64 / started.elapsed().as_secs_f64()
}

async fn with_bare(client: &legacy::Client<HttpConnector, Full<Bytes>>, target: &EndpointUrl) {
    let request = http::Request::post(target.uri().clone())
        .header("content-type", "application/json")
        .header("user-agent", USER_AGENT)
        .body(Full::new(BODY))
        .unwrap();
    let response = client.request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap();
}

async fn with_client(client: &Client, target: &EndpointUrl) {
    let outcome = client.deliver(target, Request::new(BODY)).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
}

async fn with_dispatcher(dispatcher: &Dispatcher, target: &EndpointUrl) -> f64 {
    let (mut queue, destination) = (MemoryQueue::new(), Arc::<str>::from("bench"));
    for _ in 0..REQUESTS {
        queue.push(Delivery {
            destination: Arc::clone(&destination),
            flow: None,
            url: target.clone(),
            request: Request::new(BODY),
            due: jiff::Timestamp::now(),
        });
    }
    rate(async {
        let Ok(tally) = dispatcher.drain(&mut queue).await;
        assert_eq!(tally.delivered, REQUESTS as u64);
    })
    .await
}

/// A server that does as little as it can, on a thread of its own.
fn serve() -> String {
    let (told, url) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(format!("http://{}/hooks", listener.local_addr().unwrap())).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                tokio::spawn(answer(stream));
            }
        });
    });
    url.recv().unwrap()
}

async fn answer(mut stream: TcpStream) {
    let mut read = Vec::with_capacity(4096);
    while stream.read_buf(&mut read).await.unwrap_or(0) > 0 {
        let end = read.windows(4).position(|window| window == b"\r\n\r\n");
        if end.is_some_and(|end| read.len() >= end + 4 + BODY.len()) {
            read.clear();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"id\":\"0198\"}").await.unwrap();
        }
    }
}
