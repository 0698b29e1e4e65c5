//! Clients that are silent, slow or stalled are closed at their deadlines, or evicted earlier if the receiver is full, and do
//! not affect the others.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use tempfile::TempDir;

use crate::{
    admin,
    support::program::Receiver,
    support::raw_client::{Raw, post},
};

const SHORT: &str = r#"
[limits]
header_timeout = "400ms"
body_timeout = "400ms"
idle_timeout = "1200ms"
connections = 4
[[endpoint]]
path = "/none"
"#;

const LEAST: Duration = Duration::from_millis(350);
/// Far above any deadline here; a busy machine is no failure.
const MOST: Duration = Duration::from_secs(10);

fn honest(receiver: &Receiver) {
    let mut raw = Raw::connect(receiver.address);
    raw.send(post("/none", "", r#"{"a":1}"#));
    assert_eq!(raw.answer().unwrap().status, 200);
}

#[test]
fn a_client_that_stalls_is_closed_at_its_deadline() {
    let receiver = Receiver::start(SHORT);
    let head = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    for (case, sent, answered) in [
        ("silent", "", None),
        ("half a head", "POST /none HTTP/1.1\r\nHost: x\r\n", None),
        ("no body", head, Some(408)),
        ("half a body", &format!("{head}{{\"a\":")[..], Some(408)),
    ] {
        let began = Instant::now();
        let mut raw = Raw::connect(receiver.address);
        raw.send(sent);
        honest(&receiver);
        assert_eq!(raw.answer().map(|answer| answer.status), answered, "{case}");
        assert!(raw.is_closed(), "{case}");
        assert!((LEAST..MOST).contains(&began.elapsed()), "{case}: {:?}", began.elapsed());
    }
}

#[test]
fn a_kept_connection_may_be_idle_longer_than_a_head_may_take() {
    let receiver = Receiver::start(SHORT);
    let mut raw = Raw::connect(receiver.address);
    raw.send(post("/none", "", r#"{"a":1}"#));
    assert_eq!(raw.answer().unwrap().status, 200);
    let began = Instant::now();
    assert!(raw.is_closed());
    assert!((Duration::from_millis(1100)..MOST).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[test]
fn at_the_cap_the_oldest_connection_goes_first_however_far_its_request_is() {
    let whole = post("/none", "", r#"{"a":1}"#);
    let begun = |framing| {
        let head = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n";
        format!("{head}{framing}\r\n\r\n").into_bytes()
    };
    for (case, sent, goes_on, rest) in [
        ("nothing", &whole[..0], false, &whole[..]),
        ("half a head", &whole[..10], false, &whole[10..]),
        ("a body is due", &begun("Content-Length: 7")[..], true, br#"{"a":1}"#),
        ("chunks are due", &begun("Transfer-Encoding: chunked")[..], true, b"7\r\n{\"a\":1}\r\n0\r\n\r\n"),
    ] {
        let receiver = Receiver::start(&SHORT.replace("\"400ms\"", "\"1h\""));
        let mut waiting: Vec<Raw> = (0..4).map(|_| Raw::connect(receiver.address)).collect();
        for raw in &mut waiting {
            raw.send(sent);
            // Once it is asked for the body, its head has been read.
            assert!(!goes_on || raw.answer().unwrap().status == 100, "{case}");
        }
        honest(&receiver);
        assert!(waiting[0].is_closed(), "{case}");
        waiting[3].send(rest);
        assert_eq!(waiting[3].answer().unwrap().status, 200, "{case}");
    }
}

#[test]
fn every_request_gives_a_kept_connection_its_idle_time_anew() {
    let idle = Duration::from_secs(3);
    let receiver = Receiver::start(&SHORT.replace("\"1200ms\"", "\"3s\""));
    let began = Instant::now();
    let mut raw = Raw::connect(receiver.address);
    while began.elapsed() < idle * 2 {
        raw.send(post("/none", "", r#"{"a":1}"#));
        assert_eq!(raw.answer().map(|answer| answer.status), Some(200), "{:?}", began.elapsed());
        thread::sleep(idle / 6);
    }
}

/// Whatever `connections` says: whoever comes when the last descriptor is taken would not be heard at all.
#[test]
fn with_few_descriptors_fewer_connections_are_taken_and_newcomers_still_get_in() {
    let folder = TempDir::new().unwrap();
    let limited = ["sh", "-c", "ulimit -n 128; exec \"$@\"", "sh"];
    let receiver = Receiver::start_execed_in(folder.path(), "[[endpoint]]\npath = \"/none\"\n", &limited);
    receiver.logged(0, "so it accepts 64 connections at a time instead of 8192");
    let _silent: Vec<Raw> = (0..200).map(|_| Raw::connect(receiver.address)).collect();
    honest(&receiver);
}

/// A client that asks and takes no answers, until the receiver, which cannot write them, reads nothing more.
fn takes_no_answers(receiver: &Receiver) -> TcpStream {
    let refused = b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let mut stream = TcpStream::connect(receiver.address).unwrap();
    set_socket_recv_buffer_size(&stream, 1024).unwrap();
    stream.set_write_timeout(Some(LEAST)).unwrap();
    while stream.write_all(&refused).is_ok() {}
    stream
}

#[test]
fn at_the_cap_who_takes_no_answers_keeps_nobody_out() {
    let receiver = Receiver::start(&SHORT.replace("\"400ms\"", "\"1h\""));
    let _stuck: Vec<TcpStream> = (0..4).map(|_| takes_no_answers(&receiver)).collect();
    honest(&receiver);
}

#[test]
fn who_takes_no_answers_is_closed_at_their_deadline() {
    let receiver = Receiver::start(&SHORT.replace("\"1200ms\"", "\"1h\""));
    let began = Instant::now();
    let mut stream = takes_no_answers(&receiver);
    // It would go on if anything were read.
    while !matches!(stream.write(b"G"), Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset))
    {
        assert!(began.elapsed() < MOST, "it is still open");
    }
}

#[test]
fn answers_that_a_client_does_not_take_stop_its_requests_soon() {
    let receiver = Receiver::start(admin::NONE);
    let _stuck = takes_no_answers(&receiver);
    let counted = admin::scraped(receiver.admin(), |_| true);
    let answered = counted["webhook_receiver_requests_total{endpoint=\"/none\",verdict=\"method-not-allowed\"}"];
    // The kernel would keep thousands of them.
    assert!(answered < 500.0, "{answered}");
}

#[test]
fn clients_that_come_while_it_is_busy_are_not_turned_away() {
    let most = fs::read_to_string("/proc/sys/net/core/somaxconn").map_or(128, |most| most.trim().parse().unwrap());
    let receiver = Receiver::start(admin::NONE);
    receiver.pause();
    let mut waiting: Vec<Raw> = (0..most.min(400)).map(|_| Raw::connect(receiver.address)).collect();
    receiver.resume();
    for raw in &mut waiting {
        raw.send(post("/none", "", r#"{"a":1}"#));
        assert_eq!(raw.answer().unwrap().status, 200);
    }
}

#[test]
fn a_client_that_does_not_read_is_closed_and_costs_the_others_nothing() {
    let receiver = Receiver::start(
        "[limits]\nbody_timeout = \"500ms\"\nidle_timeout = \"1s\"\nheader_timeout = \"1s\"\n[[endpoint]]\npath = \"/none\"\n",
    );
    let mut greedy = TcpStream::connect(receiver.address).unwrap();
    greedy.set_write_timeout(Some(MOST * 4)).unwrap();
    let requests = post("/other", "", "").repeat(1000);
    // Answers pile up until neither side takes any more; then the receiver must give up.
    let began = Instant::now();
    let error = loop {
        if let Err(error) = greedy.write_all(&requests) {
            break error;
        }
        assert!(began.elapsed() < MOST * 8, "it still reads requests");
    };
    let closed = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe];
    assert!(closed.contains(&error.kind()), "still open after {:?}: {error}", began.elapsed());
    honest(&receiver);
}

#[test]
fn a_client_that_sends_a_byte_at_a_time_meets_the_same_deadlines() {
    let receiver = Receiver::start(
        "[limits]\nheader_timeout = \"500ms\"\nbody_timeout = \"500ms\"\n[[endpoint]]\npath = \"/none\"\n",
    );
    let head = post("/none", "", format!(r#"{{"a":"{}"}}"#, "x".repeat(1000)));
    let body = head.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    for (case, at_once, expected) in [("in the head", 1, ""), ("in the body", body, "HTTP/1.1 408")] {
        let mut stream = TcpStream::connect(receiver.address).unwrap();
        // The pace: between two bytes it listens so long.
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let began = Instant::now();
        stream.write_all(&head[..at_once]).unwrap();
        let (mut heard, mut chunk) = (Vec::new(), [0; 4096]);
        for byte in &head[at_once..] {
            // Once the receiver has hung up, only what it said matters.
            let _ = stream.write_all(&[*byte]);
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => heard.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        let took = began.elapsed();
        assert!((Duration::from_millis(450)..MOST).contains(&took), "{case}: {took:?}");
        assert!(String::from_utf8_lossy(&heard).starts_with(expected), "{case}");
        honest(&receiver);
    }
}

#[test]
fn a_full_receiver_lets_half_a_head_go_before_a_begun_body() {
    let receiver = Receiver::start("[limits]\nconnections = 2\n[[endpoint]]\npath = \"/none\"\n");
    let head = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n";
    let mut begun = Raw::connect(receiver.address);
    begun.send(head);
    assert_eq!(begun.answer().unwrap().status, 100);
    let mut half = Raw::connect(receiver.address);
    half.send("POST /none HTTP/1.1\r\n");
    honest(&receiver);
    assert!(half.is_closed());
    begun.send(r#"{"a":1}"#);
    assert_eq!(begun.answer().unwrap().status, 200);
}
