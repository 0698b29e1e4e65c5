//! Honest clients at a steady rate, each request timed from the moment at which it was due, however late it was sent. Most
//! keep their connection; some make one for each request, as senders of few webhooks do.

use std::{
    fmt,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::receiver::REQUEST;

const CONNECTIONS: u32 = 20;
/// Every so many of them make a new connection for each request.
const KEEPS_NONE: u32 = 4;
const REQUESTS_A_SECOND: u32 = 1000;
const TIME: Duration = Duration::from_secs(8);

/// Honest clients, and how long their requests took, in microseconds.
pub(crate) struct Honest {
    address: SocketAddr,
    /// Of all rounds as if they were one: a moment in which the machine stands still weighs no more than it lasts.
    times: Histogram<u64>,
    rounds: Histogram<u64>,
}

impl Honest {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, times: Histogram::new(3).unwrap(), rounds: Histogram::new(3).unwrap() }
    }

    /// One round. Every request has to be answered 200.
    pub(crate) fn work(&mut self) {
        let address = self.address;
        let interval = Duration::from_secs(1) * CONNECTIONS / REQUESTS_A_SECOND;
        let began = Instant::now() + Duration::from_millis(50);
        let clients = (0..CONNECTIONS).map(|number| {
            thread::spawn(move || {
                let mut stream = connect(address);
                let mut times = Histogram::<u64>::new(3).unwrap();
                let mut due = began + interval * number / CONNECTIONS;
                while due < began + TIME {
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    if number % KEEPS_NONE == 0 {
                        stream = connect(address);
                    }
                    stream.write_all(&REQUEST).unwrap();
                    take_answer(&mut stream);
                    times.record(u64::try_from(due.elapsed().as_micros()).unwrap()).unwrap();
                    due += interval;
                }
                times
            })
        });
        let mut round = Histogram::<u64>::new(3).unwrap();
        for client in clients.collect::<Vec<_>>() {
            round.add(client.join().unwrap()).unwrap();
        }
        self.rounds.record(round.value_at_quantile(0.99)).unwrap();
        self.times.add(round).unwrap();
    }

    /// In milliseconds.
    pub(crate) fn p99(&self) -> f64 {
        self.times.value_at_quantile(0.99) as f64 / 1000.0
    }
}

impl fmt::Display for Honest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, greatest] = [self.rounds.min(), self.rounds.max()].map(|time| time as f64 / 1000.0);
        write!(f, "{:.2} ({least:.2} to {greatest:.2})", self.p99())
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn take_answer(stream: &mut TcpStream) {
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"\"}") {
        let read = stream.read(&mut part).unwrap();
        answer.extend_from_slice(&part[..read]);
        assert!(read > 0 && answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
}
