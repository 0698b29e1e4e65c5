//! A small HTTP/1.1 server that keeps connections, remembers all that arrived, and misbehaves as it is told.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// What it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering {
    hangs: bool,
    closes: bool,
    silently: bool,
    echoes: bool,
    other: Option<(usize, &'static str)>,
    drops: Option<usize>,
    stall: Option<(usize, Duration)>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// The server. Its threads end with the test.
pub(crate) struct Server {
    url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    all: Mutex<(usize, Vec<Request>)>,
    more: Condvar,
}

impl Answering {
    /// 200 with two bytes, at once.
    pub(crate) fn ok() -> Self {
        Self { hangs: false, closes: false, silently: false, echoes: false, other: None, drops: None, stall: None }
    }

    /// Nothing, ever.
    pub(crate) fn hanging() -> Self {
        Self { hangs: true, ..Self::ok() }
    }

    /// Another status for every n-th request.
    pub(crate) fn every(self, n: usize, status: &'static str) -> Self {
        Self { other: Some((n, status)), ..self }
    }

    /// Closes the connection instead of answering every n-th request.
    pub(crate) fn dropping(self, n: usize) -> Self {
        Self { drops: Some(n), ..self }
    }

    /// Takes its time over the n-th request.
    pub(crate) fn stalling_once(self, n: usize, time: Duration) -> Self {
        Self { stall: Some((n, time)), ..self }
    }

    /// Ends each connection with its first answer.
    pub(crate) fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// The same, and the answer does not say so.
    pub(crate) fn closing_silently(self) -> Self {
        Self { closes: true, silently: true, ..self }
    }

    /// Answers with the whole request.
    pub(crate) fn echoing(self) -> Self {
        Self { echoes: true, ..self }
    }
}

impl Server {
    pub(crate) fn start(answering: Answering) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hooks/flowingly", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let server = Self { url, seen: Arc::clone(&seen) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = Arc::clone(&seen);
                seen.all.lock().unwrap().0 += 1;
                thread::spawn(move || serve(stream.unwrap(), answering, &seen));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.all.lock().unwrap().1.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.all.lock().unwrap().0
    }

    /// Waits until that many requests have arrived.
    pub(crate) fn wait_for(&self, count: usize) {
        let all = self.seen.all.lock().unwrap();
        drop(self.seen.more.wait_while(all, |all| all.1.len() < count).unwrap());
    }
}

/// Serves one connection until either side closes it.
fn serve(mut stream: TcpStream, answering: Answering, seen: &Seen) -> Option<()> {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let request = read(&mut reader)?;
        let echo = [request.head.as_bytes(), &request.body].concat();
        let number = {
            let mut all = seen.all.lock().unwrap();
            all.1.push(request);
            seen.more.notify_all();
            all.1.len()
        };
        if answering.hangs {
            return read(&mut reader).map(drop);
        }
        if answering.drops.is_some_and(|n| number.is_multiple_of(n)) {
            return None;
        }
        if let Some((n, time)) = answering.stall
            && n == number
        {
            thread::sleep(time);
        }
        let status = answering.other.filter(|(n, _)| number.is_multiple_of(*n)).map_or("200 OK", |(_, status)| status);
        let close = if answering.closes && !answering.silently { "connection: close\r\n" } else { "" };
        let body = if answering.echoes { echo } else { b"{}".to_vec() };
        let head = format!("HTTP/1.1 {status}\r\n{close}content-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.into_bytes(), body].concat()).ok()?;
        if answering.closes {
            return None;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        let line = &head[start..];
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            return Some(Request { head, body });
        }
    }
}
