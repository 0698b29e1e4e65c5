//! What an attacker tries, and what breaks a careful peer: answers that say too much, small requests that cost much,
//! connections that get stuck.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{
    shapes,
    support::program::Receiver,
    support::raw_client::{Raw, answer, post},
};

const SECRET: &str = "canary-secret-91b2";
/// The largest body that is taken by default.
const LARGEST: usize = 4 << 20;
/// Far above what anything here may take; a busy machine is no failure.
const SOON: Duration = Duration::from_secs(20);

fn start(more: &str) -> Receiver {
    Receiver::start_with(SECRET, SECRET, more)
}

const HOST_AND_TYPE: &str = "Host: x\r\nContent-Type: application/json\r\n";
const MESSAGE: &str = r#"{"a":1}"#;

// Answers that say too much.

#[test]
fn an_error_answer_never_repeats_a_name_or_a_value_of_the_message() {
    let receiver = start("");
    for (case, body) in [
        ("the presented credential as a name", format!(r#"{{"clientSecret":{{"{SECRET}":1,"{SECRET}":2}}}}"#)),
        ("personal data as a name", r#"{"step":{"fields":[{"canary Ann":1,"canary Ann":2}]}}"#.to_owned()),
        ("a wrong credential", r#"{"clientSecret":"canary"}"#.to_owned()),
        ("an unfinished credential", r#"{"clientSecret":"canary"#.to_owned()),
        ("a bad escape", r#"{"clientSecret":"canary\x"}"#.to_owned()),
        ("a bare word", "{\"clientSecret\":canary}".to_owned()),
    ] {
        let answer = answer(receiver.address, post("/secret", "", body));
        let shown = format!("{}{}", answer.head, String::from_utf8_lossy(&answer.body));
        assert!((400..500).contains(&answer.status), "{case}: {shown}");
        assert!(!shown.contains("canary"), "{case}: {shown}");
    }
    let log = fs::read_to_string(receiver.folder().join("stderr.log")).unwrap();
    assert!(!log.contains("canary"), "{log}");
}

#[test]
fn an_error_answer_stays_small_whatever_was_sent() {
    let receiver = start("");
    let name = "n".repeat(1_000_000);
    let body = format!(r#"{{"step":{{"fields":[{{"{name}":1,"{name}":2}}]}}}}"#);
    let length = answer(receiver.address, post("/secret", "", body)).body.len();
    assert!(length < 4096, "{length} bytes");
}

// Small requests that cost much. None of these knows a credential.

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
                    stream.set_read_timeout(Some(6 * SOON)).unwrap();
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

#[test]
fn a_large_message_is_named_where_smaller_ones_are_printed() {
    let receiver = Receiver::start("log_payloads = true\n[[endpoint]]\npath = \"/none\"\n");
    let message = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    let sent = [64 << 10, (64 << 10) + 1].map(|length| {
        let answer = answer(receiver.address, post("/none", "", message(length)));
        answer.json()["id"].as_str().unwrap().to_owned()
    });
    let stdout = receiver.folder().join("stdout.log");
    let mut printed = String::new();
    assert!(receiver.terminate_then(|| printed = fs::read_to_string(&stdout).unwrap()).success());
    assert_eq!(printed.matches("\"a\": \"xxx").count(), 1, "{} bytes", printed.len());
    let named = format!("message of 65537 bytes; to print it: webhook-receiver messages show {}", sent[1]);
    assert!(printed.lines().any(|line| line == named), "{}", &printed[printed.len().saturating_sub(300)..]);
}

// Connections.

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
        let sent = raw.try_send(&post(path, "", " ".repeat(LARGEST + (1 << 20))));
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
        let length = if case == "413" { LARGEST + 1 } else { 100_000 };
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

#[test]
fn a_full_receiver_lets_half_a_head_go_before_a_begun_body() {
    let receiver = start("[limits]\nconnections = 2\n");
    let head = format!("POST /none HTTP/1.1\r\n{HOST_AND_TYPE}Content-Length: 7\r\nExpect: 100-continue\r\n\r\n");
    let mut begun = Raw::connect(receiver.address);
    begun.send(&head);
    assert_eq!(begun.answer().unwrap().status, 100);
    let mut half = Raw::connect(receiver.address);
    half.send("POST /none HTTP/1.1\r\n");
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    assert!(half.is_closed());
    begun.send(MESSAGE);
    assert_eq!(begun.answer().unwrap().status, 200);
}

#[test]
fn half_a_head_does_not_hold_up_the_end() {
    let receiver = start("[limits]\nheader_timeout = \"20s\"\n");
    let mut half = Raw::connect(receiver.address);
    half.send("POST /none HTTP/1.1\r\nHost: x\r\n");
    // When another client has its answer, the half head has been read.
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let began = Instant::now();
    assert!(receiver.terminate().success());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}
