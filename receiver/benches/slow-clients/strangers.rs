//! Strangers who send large bodies without a right secret: what each costs the receiver's processor, and what honest clients
//! notice of some at a time.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{receiver::Receiver, shapes::Shape};

/// How often each body is sent to measure it.
const TIMES: u32 = 8;
/// Bytes that are sent together.
const PIECE: usize = 64 << 10;

/// What one body of this shape costs: the processor time of all the receiver's threads, the least of some rounds.
pub(crate) fn cost(receiver: &Receiver, shape: &Shape) -> Duration {
    const ROUNDS: u32 = 3;
    let request = request(shape);
    let mut stream = TcpStream::connect(receiver.address).unwrap();
    send(&mut stream, &request, None);
    let rounds = (0..ROUNDS).map(|_| {
        let before = processor_time(receiver.pid());
        for _ in 0..TIMES {
            send(&mut stream, &request, None);
        }
        (processor_time(receiver.pid()) - before) / TIMES
    });
    rounds.min().unwrap()
}

/// Time on a processor of all threads of a process so far. One that has ended is missing; none does here.
fn processor_time(pid: u32) -> Duration {
    // The kernel counts a thread's time when it stops: by now they have.
    thread::sleep(Duration::from_millis(20));
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let times = tasks.map(|task| {
        let text = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0)
    });
    Duration::from_nanos(times.sum())
}

fn request(shape: &Shape) -> Vec<u8> {
    let length = shape.body.len();
    let head = format!(
        "POST /secret HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), shape.body.as_bytes()].concat()
}

/// Sends a request, at no more than `rate` bytes a second, and takes the refusal.
fn send(stream: &mut TcpStream, request: &[u8], rate: Option<u32>) {
    let mut due = Instant::now();
    for piece in request.chunks(PIECE) {
        stream.write_all(piece).unwrap();
        if let Some(rate) = rate {
            due += Duration::from_secs_f64(piece.len() as f64 / f64::from(rate));
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"}") {
        let read = stream.read(&mut part).unwrap();
        answer.extend_from_slice(&part[..read]);
        let refused = answer.starts_with(b"HTTP/1.1 403") || answer.starts_with(b"HTTP/1.1 400");
        assert!(read > 0 && refused, "{}", String::from_utf8_lossy(&answer));
    }
}

/// Strangers at their work.
pub(crate) struct Strangers {
    ends: Arc<AtomicBool>,
    working: Vec<JoinHandle<()>>,
}

/// Sends one body after the other over each of some connections, at no more than `rate` bytes a second.
pub(crate) fn begin(address: SocketAddr, shape: &Shape, connections: usize, rate: u32) -> Strangers {
    let ends = Arc::new(AtomicBool::new(false));
    let request = Arc::new(request(shape));
    let working = (0..connections).map(|_| {
        let (ended, request) = (ends.clone(), request.clone());
        thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            while !ended.load(Ordering::Relaxed) {
                send(&mut stream, &request, Some(rate));
            }
        })
    });
    let working = working.collect();
    Strangers { ends, working }
}

impl Strangers {
    pub(crate) fn end(self) {
        self.ends.store(true, Ordering::Relaxed);
        for working in self.working {
            working.join().unwrap();
        }
    }
}
