//! The stream of new messages.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use super::Inspected;
use crate::support::raw_client::{PATIENCE, answer, post};

/// An event of the stream.
#[derive(Debug, Default)]
struct Event {
    name: String,
    id: String,
    data: String,
}

struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(inspected: &Inspected, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(inspected.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\n{}{headers}\r\n", inspected.head()).as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    /// The status, after the head.
    fn status(&mut self) -> u16 {
        let mut status = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            }
            if line.trim().is_empty() {
                return status;
            }
        }
    }

    /// The next chunk; `None` at the end.
    fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.0.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).ok().filter(|size| *size > 0)?;
        let mut bytes = vec![0; size + 2];
        self.0.read_exact(&mut bytes).unwrap();
        Some(String::from_utf8(bytes).unwrap())
    }

    /// The next event that has a name; each is a chunk of its own.
    fn event(&mut self) -> Option<Event> {
        loop {
            let chunk = self.chunk()?;
            let mut event = Event::default();
            for line in chunk.lines() {
                match line.split_once(": ") {
                    Some(("event", name)) => event.name = name.to_owned(),
                    Some(("id", id)) => event.id = id.to_owned(),
                    Some(("data", data)) => event.data.push_str(data),
                    _ => {}
                }
            }
            if !event.name.is_empty() {
                return Some(event);
            }
        }
    }
}

/// The number of bytes of a page that is compressed for the way.
pub(super) fn compressed(inspected: &Inspected, path: &str) -> usize {
    let mut stream = Stream::open(inspected, path, "Accept-Encoding: gzip\r\nConnection: close\r\n");
    let mut answer = Vec::new();
    stream.0.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    assert!(String::from_utf8_lossy(&answer[..end]).contains("content-encoding: gzip"), "{path}");
    answer.len() - end
}

fn send(inspected: &Inspected, number: usize) -> String {
    let body = format!(r#"{{"number":{number}}}"#);
    answer(inspected.receiver.address, post("/open", "", body)).json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_message_is_shown_once_however_often_the_stream_breaks() {
    let inspected = Inspected::with_endpoints();
    let (mut sent, mut shown) = (Vec::new(), Vec::new());
    let mut last: Option<String> = None;
    for round in 0..25 {
        let headers = last.iter().map(|last| format!("Last-Event-ID: {last}\r\n")).collect::<String>();
        let mut stream = Stream::open(&inspected, "/events?q=&after=0", &headers);
        assert_eq!(stream.status(), 200);
        sent.extend((0..3).map(|number| send(&inspected, round * 3 + number)));
        // The connection breaks when some of these have been read and others have not.
        for _ in 0..1 + round % 3 {
            let event = stream.event().unwrap();
            assert_eq!(event.name, "row");
            last = Some(event.id);
            shown.push(event.data);
        }
    }
    let mut stream = Stream::open(&inspected, "/events?q=&after=0", &format!("Last-Event-ID: {}\r\n", last.unwrap()));
    assert_eq!(stream.status(), 200);
    while shown.len() < sent.len() {
        shown.push(stream.event().unwrap().data);
    }
    let ids: Vec<&str> = shown.iter().map(|row| &row.split_once("href=\"/messages/").unwrap().1[..36]).collect();
    assert_eq!(ids, sent);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn the_stream_has_only_what_the_search_matches() {
    let inspected = Inspected::with_endpoints();
    let mut stream = Stream::open(&inspected, "/events?q=flow%3AFLOW-2&after=0", "");
    assert_eq!(stream.status(), 200);
    for flow in ["FLOW-1", "FLOW-2", "FLOW-3", "FLOW-2"] {
        let body = format!(r#"{{"flow":{{"flowIdentifier":"{flow}"}},"x":"{}"}}"#, fastrand::u64(..));
        answer(inspected.receiver.address, post("/open", "", body));
    }
    for _ in 0..2 {
        assert!(stream.event().unwrap().data.contains("FLOW-2"));
    }
    assert_eq!(answer(inspected.receiver.address, post("/open", "", "no JSON")).status, 400);
    let event = stream.event().unwrap();
    assert_eq!((event.name.as_str(), event.id.as_str(), event.data.as_str()), ("refused", "", "1"));
    assert_eq!(inspected.get("/events?q=flwo%3Ax").status, 400);
}

#[test]
fn the_number_of_streams_is_limited_and_none_delays_the_end() {
    let inspected = Inspected::with_endpoints();
    let mut streams: Vec<Stream> = Vec::new();
    for _ in 0..32 {
        let mut stream = Stream::open(&inspected, "/events?q=&after=0", "");
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    assert_eq!(inspected.get("/events?q=&after=0").status, 503);
    assert_eq!(inspected.get("/").status, 200, "pages are still served");
    streams.pop();
    inspected.wait_for("/events?q=flwo%3Ax", |answer| answer.status == 400);
    let Inspected { receiver, folder: _folder, .. } = inspected;
    assert!(receiver.terminate().success());
    for mut stream in streams {
        while stream.event().is_some() {}
    }
}
