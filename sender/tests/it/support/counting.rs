//! An endpoint that keeps connections, counts requests and answers as a test says.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

/// A request, as it arrived.
#[derive(Clone)]
pub(crate) struct Arrived {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// What an endpoint does with a request.
pub(crate) enum Reply {
    /// A status and a body.
    Status(u16, String),
    /// Nothing until [`Counting::release`], and then 200.
    Held,
    /// Nothing ever.
    Silence,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Arrived>,
    released: u64,
}

struct Shared {
    seen: Mutex<Seen>,
    news: Condvar,
}

/// The endpoint; it lives as long as the test's process.
#[derive(Clone)]
pub(crate) struct Counting {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Counting {
    /// Answers as `reply` says for each request, numbered from 0.
    pub(crate) fn new(reply: impl Fn(usize, &Arrived) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { seen: Mutex::default(), news: Condvar::new() });
        let (serving, reply) = (Arc::clone(&shared), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, reply) = (Arc::clone(&serving), Arc::clone(&reply));
                thread::spawn(move || serve(&stream.unwrap(), &shared, &*reply));
            }
        });
        Self { address, shared }
    }

    /// One that takes everything.
    pub(crate) fn taking() -> Self {
        Self::new(|_, _| Reply::Status(200, String::new()))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Arrived> {
        self.lock().requests.clone()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect()
    }

    /// Waits until that many requests have arrived, or `give_up` says that none will come.
    pub(crate) fn wait_for(&self, count: usize, mut give_up: impl FnMut() -> bool) -> usize {
        let mut seen = self.lock();
        while seen.requests.len() < count && !give_up() {
            // The time only bounds how late it is noticed that the sender has ended.
            seen = self.shared.news.wait_timeout(seen, std::time::Duration::from_millis(20)).unwrap().0;
        }
        seen.requests.len()
    }

    /// Lets all that is held go.
    pub(crate) fn release(&self) {
        self.lock().released += 1;
        self.shared.news.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap()
    }
}

fn serve(stream: &TcpStream, shared: &Shared, reply: &(impl Fn(usize, &Arrived) -> Reply + ?Sized)) {
    let mut reader = BufReader::new(stream);
    while let Some(arrived) = read(&mut reader) {
        let mut seen = shared.seen.lock().unwrap();
        let number = seen.requests.len();
        let reply = reply(number, &arrived);
        seen.requests.push(arrived);
        shared.news.notify_all();
        let (status, body) = match reply {
            Reply::Status(status, body) => (status, body),
            Reply::Held => {
                let before = seen.released;
                while seen.released == before {
                    seen = shared.news.wait(seen).unwrap();
                }
                (200, String::new())
            }
            Reply::Silence => {
                drop(seen);
                let _ = reader.read_to_end(&mut Vec::new());
                return;
            }
        };
        drop(seen);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        if (&mut &*stream).write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Arrived> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return None;
        }
        if &head[start..] == "\r\n" {
            break;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1).unwrap().to_owned();
    Some(Arrived { path, head, body })
}
