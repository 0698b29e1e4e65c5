//! Clients that are silent, slow or stalled are closed at their deadlines, and cost the honest ones nothing.

use std::time::{Duration, Instant};

use crate::{
    program::Receiver,
    raw::{Raw, post},
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
fn at_the_cap_the_oldest_connection_without_a_head_goes_first() {
    let receiver = Receiver::start(&SHORT.replace("header_timeout = \"400ms\"", "header_timeout = \"1h\""));
    let mut waiting: Vec<Raw> = (0..4).map(|_| Raw::connect(receiver.address)).collect();
    waiting[0].send("POST /none HTTP/1.1\r\n");
    honest(&receiver);
    assert!(waiting[0].is_closed());
    waiting[3].send(post("/none", "", r#"{"a":1}"#));
    assert_eq!(waiting[3].answer().unwrap().status, 200);
}
