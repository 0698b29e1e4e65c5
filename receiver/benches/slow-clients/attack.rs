//! Slow clients: each does one small thing a second, and comes again once it notices that it was thrown out: a slow reader
//! only when it has read what it has.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::net::{AddressFamily, SocketType, sockopt::set_socket_recv_buffer_size};

/// How long they take to come: together they would be a flood.
const COMING: Duration = Duration::from_secs(4);
const PERIOD: Duration = Duration::from_secs(1);
const LEAST_PRIORITY: i32 = 19;
/// Requests of a client that hardly reads: more than the kernels on both sides keep answers of.
const PIPELINED: usize = 64;

#[derive(Clone, Copy)]
pub(crate) enum Attack {
    Head,
    Body,
    Answer,
}

/// Clients at their work.
pub(crate) struct Slow {
    ends: Arc<AtomicBool>,
    working: JoinHandle<()>,
}

impl Slow {
    pub(crate) fn end(self) {
        self.ends.store(true, Ordering::Relaxed);
        self.working.join().unwrap();
    }
}

impl Attack {
    pub(crate) const ALL: [Self; 3] = [Self::Head, Self::Body, Self::Answer];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Head => "slow heads",
            Self::Body => "slow bodies",
            Self::Answer => "slow readers",
        }
    }

    /// Connects one after the other, then keeps all of them at it.
    pub(crate) fn begin(self, address: SocketAddr, clients: usize) -> Slow {
        let apart = COMING / u32::try_from(clients.max(1)).unwrap();
        let connected = (0..clients).map(|_| {
            thread::sleep(apart);
            self.connect(address)
        });
        let mut streams: Vec<TcpStream> = connected.collect();
        let ends = Arc::new(AtomicBool::new(false));
        let ended = ends.clone();
        let working = thread::spawn(move || {
            // On Linux niceness is a thread's: honest clients share this core, and would else wait for the attack's turn
            // on it, which says nothing of the receiver.
            let _ = rustix::process::nice(LEAST_PRIORITY);
            let pause = PERIOD / u32::try_from(clients.max(1)).unwrap();
            let mut due = Instant::now();
            for number in (0..clients).cycle() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                if !self.go_on(&mut streams[number]) {
                    streams[number] = self.connect(address);
                }
                // One that is late does not hurry: a slow client is no flood.
                due = (due + pause).max(Instant::now());
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        });
        Slow { ends, working }
    }

    fn connect(self, address: SocketAddr) -> TcpStream {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        if matches!(self, Self::Answer) {
            // Afterwards would be too late: the receiver hears of the room at once.
            set_socket_recv_buffer_size(&socket, 1024).unwrap();
        }
        rustix::net::connect(&socket, &address).unwrap();
        let mut stream = TcpStream::from(socket);
        let first = match self {
            Self::Head => "POST /hooks HTTP/1.1\r\nHost: x\r\nX-Slow: ".to_owned(),
            Self::Body => {
                "POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
                    .to_owned()
            }
            Self::Answer => "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".repeat(PIPELINED),
        };
        // Whoever is thrown out at once comes again with the next turn.
        let _ = stream.write_all(first.as_bytes());
        stream.set_nonblocking(true).unwrap();
        stream
    }

    /// False when the receiver has ended the connection.
    fn go_on(self, stream: &mut TcpStream) -> bool {
        let mut byte = [b' '];
        let done = match self {
            Self::Head | Self::Body => stream.write(&byte),
            Self::Answer => stream.read(&mut byte),
        };
        match done {
            Ok(bytes) => bytes > 0,
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}
