//! Honest clients at a steady rate, each request timed from the moment at which it was due, however late it was sent.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::receiver::REQUEST;

const CONNECTIONS: u32 = 20;
const REQUESTS_A_SECOND: u32 = 1000;
const TIME: Duration = Duration::from_secs(8);

/// The p99 in milliseconds. Every request has to be answered 200.
pub(crate) fn p99(address: SocketAddr) -> f64 {
    let interval = Duration::from_secs(1) * CONNECTIONS / REQUESTS_A_SECOND;
    let began = Instant::now() + Duration::from_millis(50);
    let clients = (0..CONNECTIONS).map(|number| {
        thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            let mut times = Histogram::<u64>::new(3).unwrap();
            let mut due = began + interval * number / CONNECTIONS;
            while due < began + TIME {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                stream.write_all(&REQUEST).unwrap();
                take_answer(&mut stream);
                times.record(u64::try_from(due.elapsed().as_micros()).unwrap()).unwrap();
                due += interval;
            }
            times
        })
    });
    let mut all = Histogram::<u64>::new(3).unwrap();
    for client in clients.collect::<Vec<_>>() {
        all.add(client.join().unwrap()).unwrap();
    }
    all.value_at_quantile(0.99) as f64 / 1000.0
}

fn take_answer(stream: &mut TcpStream) {
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"\"}") {
        let read = stream.read(&mut part).unwrap();
        answer.extend_from_slice(&part[..read]);
        assert!(read > 0 && answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
}
