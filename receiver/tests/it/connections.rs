//! When a connection is kept, when it is closed, and that its client still gets the answer.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use crate::support::{
    program::Receiver,
    raw_client::{Raw, post},
};

const SECRET: &str = "canary-secret-91b2";
const MESSAGE: &str = r#"{"a":1}"#;
const HOST_AND_TYPE: &str = "Host: x\r\nContent-Type: application/json\r\n";
/// The default limit.
const MAX_BODY_BYTES: usize = 4 << 20;

fn start(more: &str) -> Receiver {
    Receiver::start_with(SECRET, SECRET, more)
}

#[test]
fn a_client_that_ends_its_sending_side_is_answered() {
    let receiver = start("");
    for round in 0..10 {
        let mut stream = TcpStream::connect(receiver.address).unwrap();
        stream.write_all(&post("/none", "", MESSAGE)).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "round {round}: {answer:?}");
    }
}

#[test]
fn a_client_that_sends_its_whole_body_first_still_hears_the_refusal() {
    let receiver = start("");
    for (case, path, status) in [("too large", "/none", 413), ("no such path", "/other", 404)] {
        let mut raw = Raw::connect(receiver.address);
        let sent = raw.try_send(&post(path, "", " ".repeat(MAX_BODY_BYTES + (1 << 20))));
        assert!(sent, "{case}: to this client it looks like a fault of the network");
        assert_eq!(raw.answer().map(|answer| answer.status), Some(status), "{case}");
    }
}

#[test]
fn an_answer_after_which_the_connection_ends_says_so() {
    let receiver = start("");
    let part = " ".repeat(1000);
    for (case, line, headers) in [
        ("401", "POST /basic HTTP/1.1", ""),
        ("404", "POST /other HTTP/1.1", ""),
        ("405", "PUT /none HTTP/1.1", ""),
        ("413", "POST /none HTTP/1.1", "X: y\r\n"),
        ("415", "POST /none HTTP/1.1", "Content-Encoding: gzip\r\n"),
    ] {
        let length = if case == "413" { MAX_BODY_BYTES + 1 } else { 100_000 };
        let mut raw = Raw::connect(receiver.address);
        raw.send(format!("{line}\r\n{HOST_AND_TYPE}{headers}Content-Length: {length}\r\n\r\n{part}"));
        let answer = raw.answer().unwrap();
        assert_eq!(answer.status.to_string(), case);
        let kept = answer.header("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close"));
        // Where the rest of the body is taken the connection may stay.
        let ended = !raw.try_send(" ".repeat(length - part.len()).as_bytes())
            || !raw.try_send(&post("/none", "", MESSAGE))
            || raw.answer().is_none();
        assert!(!(kept && ended), "{case}: it ends without a word, and the next message on it is lost");
    }
}
