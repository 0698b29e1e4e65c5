//! A stand-in for Microsoft Teams, or for whatever else is posted to: answers as it is told, and remembers what came
//! when.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::raw_client::PATIENCE;

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) at: Instant,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The status that it was answered with; 0 where there was no answer.
    pub(crate) status: u16,
}

/// How it answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With a status, further header lines (each ends in CRLF), and a body.
    Answer(u16, String, String),
    /// Not at all, as long as the other side waits.
    Hang,
    /// By closing the connection.
    Close,
}

/// The stand-in.
pub(crate) struct Teams {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Reply {
    pub(crate) fn accepted() -> Self {
        Self::Answer(202, String::new(), String::new())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, String::new(), String::new())
    }
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Teams {
    /// Answers each request by its number, from 0, and what it holds.
    pub(crate) fn start(reply: impl Fn(usize, &Got) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::<Mutex<Vec<Got>>>::default();
        let (remembered, reply) = (got.clone(), Arc::new(reply));
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (remembered, reply) = (remembered.clone(), reply.clone());
                thread::spawn(move || serve(stream.unwrap(), &remembered, &*reply));
            }
        });
        Self { address, got }
    }

    /// One that accepts everything.
    pub(crate) fn accepting() -> Self {
        Self::start(|_, _| Reply::accepted())
    }

    /// What came so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        lock(&self.got).clone()
    }

    /// What was answered with a 2xx so far.
    pub(crate) fn accepted(&self) -> Vec<Got> {
        self.got().into_iter().filter(|got| (200..300).contains(&got.status)).collect()
    }

    /// Waits until what came is as it should be, as long as something comes.
    pub(crate) fn until(&self, done: impl Fn(&[Got]) -> bool) {
        let (mut began, mut came) = (Instant::now(), 0);
        loop {
            {
                let got = lock(&self.got);
                if done(&got) {
                    return;
                }
                if got.len() > came {
                    (began, came) = (Instant::now(), got.len());
                }
            }
            assert!(began.elapsed() < PATIENCE, "{came} came");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until so many were answered with a 2xx, and gives these.
    pub(crate) fn until_accepted(&self, count: usize) -> Vec<Got> {
        self.until(|got| got.iter().filter(|got| (200..300).contains(&got.status)).count() >= count);
        self.accepted()
    }
}

fn serve(stream: TcpStream, remembered: &Mutex<Vec<Got>>, reply: &(dyn Fn(usize, &Got) -> Reply + Send + Sync)) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let at = Instant::now();
        let mut got = Got { at, head, body: Vec::new(), status: 0 };
        let length = got.header("content-length").unwrap().parse().unwrap();
        got.body.resize(length, 0);
        if reader.read_exact(&mut got.body).is_err() {
            return;
        }
        let (number, reply) = {
            let mut remembered = lock(remembered);
            let number = remembered.len();
            let reply = reply(number, &got);
            if let Reply::Answer(status, ..) = &reply {
                got.status = *status;
            }
            remembered.push(got);
            (number, reply)
        };
        match reply {
            Reply::Answer(status, headers, body) => {
                let length = body.len();
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
                if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                    lock(remembered)[number].status = 0;
                    return;
                }
            }
            Reply::Hang => {
                let mut rest = Vec::new();
                drop(reader.read_to_end(&mut rest));
                return;
            }
            Reply::Close => return,
        }
    }
}

fn lock(got: &Mutex<Vec<Got>>) -> MutexGuard<'_, Vec<Got>> {
    got.lock().unwrap()
}
