//! Memory that clients can make the receiver use, whatever they send.

use std::{net::TcpStream, thread, time::Duration};

use crate::{
    shapes,
    support::{
        program::Receiver,
        raw_client::{Raw, answer, post},
    },
};

const SECRET: &str = "canary-secret-91b2";
const MESSAGE: &str = r#"{"a":1}"#;

fn start(more: &str) -> Receiver {
    Receiver::start_with(SECRET, SECRET, more)
}

/// Most memory that the receiver had so far, in bytes.
fn peak(receiver: &Receiver) -> usize {
    receiver.memory("VmHWM") << 10
}

/// A body is held twice: in parts as it arrives, and whole. The connection before may not have ended yet, and each of
/// the threads may keep memory that it has freed. A tree of the worst body takes 94 MiB.
const MEMORY_OF_A_STRANGER: usize = 10 * shapes::BYTES;

#[test]
fn a_strangers_body_is_refused_and_takes_no_memory_but_its_own_whatever_is_in_it() {
    let receiver = start("");
    // What the first large body needs besides its own memory stays.
    answer(receiver.address, post("/secret", "", shapes::plain().body));
    let before = peak(&receiver);
    let wrong: Vec<String> = shapes::all()
        .iter()
        .filter_map(|shape| {
            assert_eq!(shape.body.len(), shapes::BYTES, "{}", shape.name);
            let status = answer(receiver.address, post("/secret", "", &shape.body)).status;
            // One that is no JSON, too: whether it is has not been looked at.
            assert_eq!(status, 403, "{}", shape.name);
            let more = peak(&receiver) - before;
            (more > MEMORY_OF_A_STRANGER).then(|| format!("{}: {more} bytes more", shape.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn forty_authentic_bodies_at_a_time_stay_within_the_room_for_bodies_and_a_constant() {
    /// What docs/operations.md says of memory besides connections and bodies.
    const CONSTANT: usize = 192 << 20;
    const BODIES: usize = 64 << 20;
    let receiver = start("[limits]\nbodies_bytes = 67108864\n");
    let many = |unit: &str| unit.repeat(3_900_000 / unit.len());
    let values = [
        (40, format!("\"{}\"", many("a"))),
        (5, format!("[{}0]", many("{\"\":0},"))),
        (5, format!("{{{}\"z\":0}}", many("\"\":0,"))),
    ];
    for (count, value) in values {
        let message = format!("{{\"clientSecret\":\"{SECRET}\",\"flow\":{{\"flowIdentifier\":\"F\"}},\"a\":{value}}}");
        let request = post("/secret", "", &message);
        let senders: Vec<_> = (0..count)
            .map(|_| {
                let (address, request) = (receiver.address, request.clone());
                thread::spawn(move || {
                    let stream = TcpStream::connect(address).unwrap();
                    // One is read after the other, slowly where nothing is optimised.
                    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
                    let mut raw = Raw::over(stream);
                    // Who finds no room is answered before the end.
                    raw.try_send(&request);
                    raw.answer().map(|answer| answer.status)
                })
            })
            .collect();
        let statuses: Vec<Option<u16>> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        assert!(statuses.contains(&Some(200)), "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, Some(200 | 503) | None)), "{statuses:?}");
    }
    let peak = peak(&receiver);
    assert!(peak < BODIES + CONSTANT, "{} MiB", peak >> 20);
}

#[test]
fn unended_heads_share_a_room_and_are_refused_beyond_it() {
    /// Of each head, just below the limit.
    const HEAD: usize = 63 << 10;
    const CLIENTS: usize = 1500;
    /// More than there is room for.
    const ADMITTED: usize = 1000;
    let receiver = start("[limits]\nheader_timeout = \"1h\"\n");
    let head = format!("POST /none HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(HEAD));
    let before = receiver.memory("VmRSS");
    let mut clients: Vec<Raw> = Vec::new();
    for _ in 0..CLIENTS {
        let mut raw = Raw::connect(receiver.address);
        raw.try_send(head.as_bytes());
        clients.push(raw);
    }
    // Nothing else ends these connections.
    assert!(clients.drain(ADMITTED..).all(|mut client| client.is_closed()));
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let more = (receiver.memory("VmRSS") - before) << 10;
    assert!(more < 128 << 20, "{} MiB for {CLIENTS} heads of {HEAD} bytes", more >> 20);
    // One alone is taken, and its connection goes with it.
    drop(clients);
    let field = format!("X: {}\r\n", "x".repeat(HEAD));
    let long = (0..1000).find_map(|_| {
        let mut raw = Raw::connect(receiver.address);
        raw.try_send(&post("/none", &field, MESSAGE));
        let answer = raw.answer()?;
        Some((answer.status, answer.header("connection").map(str::to_owned)))
    });
    assert_eq!(long, Some((200, Some("close".to_owned()))));
}

#[test]
fn connections_that_had_a_long_body_share_a_room_and_end_beyond_it() {
    const CLIENTS: usize = 1200;
    let receiver = start("");
    let request = post("/other", "", " ".repeat(100_000));
    let before = receiver.memory("VmRSS");
    let mut clients: Vec<Raw> = Vec::new();
    let mut closed = 0;
    for _ in 0..CLIENTS {
        let mut raw = Raw::connect(receiver.address);
        raw.send(&request);
        let answer = raw.answer().unwrap();
        assert_eq!(answer.status, 404);
        closed += usize::from(answer.header("connection") == Some("close"));
        clients.push(raw);
    }
    let more = (receiver.memory("VmRSS") - before) << 10;
    assert!(more < 112 << 20, "{} MiB for {CLIENTS} connections", more >> 20);
    assert!((1..CLIENTS).contains(&closed), "{closed} of {CLIENTS} ended");
}
