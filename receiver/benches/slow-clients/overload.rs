//! Capacity: what the receiver answers when every client sends the next request as soon as it has its answer. Goodput:
//! what it answers 200 when requests are due at twice that rate.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::receiver::REQUEST;

const TIME: Duration = Duration::from_secs(6);
const SATURATING: usize = 256;
const CROWD: usize = 2048;

/// The part of its capacity that is still answered 200 at twice that load.
pub(crate) fn goodput(address: SocketAddr) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let capacity = runtime.block_on(answered(address, SATURATING, None));
    let goodput = runtime.block_on(answered(address, CROWD, Some(2.0 * capacity)));
    println!(
        "capacity {capacity:.0}/s with {SATURATING} connections, {goodput:.0}/s when asked for twice that by {CROWD}"
    );
    goodput / capacity
}

/// Requests a second that were answered 200. At a given rate, what cannot be sent in its turn is left out.
async fn answered(address: SocketAddr, connections: usize, rate: Option<f64>) -> f64 {
    let accepted = Arc::new(AtomicU64::new(0));
    let interval = rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(connections as f64 / rate));
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(TcpStream::connect(address).await.unwrap());
    }
    let began = Instant::now();
    let clients = streams.into_iter().zip(0_u32..).map(|(mut stream, number)| {
        let accepted = accepted.clone();
        tokio::spawn(async move {
            let mut answer = [0; 1024];
            let mut due = began + interval * number / u32::try_from(connections).unwrap();
            while began.elapsed() < TIME {
                if due > Instant::now() {
                    tokio::time::sleep_until(due.into()).await;
                }
                stream.write_all(&REQUEST).await.unwrap();
                // An answer is far smaller than a packet, and comes whole.
                let read = stream.read(&mut answer).await.unwrap();
                assert!(answer[..read].ends_with(b"}"), "{}", String::from_utf8_lossy(&answer[..read]));
                accepted.fetch_add(u64::from(answer.starts_with(b"HTTP/1.1 200")), Ordering::Relaxed);
                due = (due + interval).max(Instant::now());
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    accepted.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}
