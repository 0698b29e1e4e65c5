//! What an attacker tries, and what breaks a careful peer: answers that say too much, small requests that cost much,
//! connections that get stuck.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    program::Receiver,
    raw::{Raw, answer, post},
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

/// A JSON array of as many of these values as the body limit allows.
fn array_of(value: &str) -> String {
    let count = (LARGEST - 2) / (value.len() + 1);
    format!("[{}]", vec![value; count].join(","))
}

/// `inner` below nested objects whose names have so many bytes in all.
fn below_long_names(bytes: usize, inner: &str) -> String {
    const DEPTH: usize = 100;
    let name = "k".repeat(bytes / DEPTH);
    format!("{}{inner}{}", format!("{{\"{name}\":").repeat(DEPTH), "}".repeat(DEPTH))
}

#[test]
fn a_stranger_gets_an_answer_in_good_time_whatever_is_nested_and_doubled() {
    let receiver = start("");
    let zeros = format!("[{}]", vec!["0"; LARGEST / 8].join(","));
    for (case, body) in [
        ("many names", format!("{{{}}}", (0..200_000).map(|n| format!("\"{n}\":0")).collect::<Vec<_>>().join(","))),
        ("one name, many times", format!("{{{}}}", vec!["\"a\":0"; 200_000].join(","))),
        ("a doubled name beside many values, below long names", {
            below_long_names(LARGEST / 4, &format!(r#"{{"a":{zeros},"b":0,"b":1}}"#))
        }),
    ] {
        let mut stream = TcpStream::connect(receiver.address).unwrap();
        stream.set_read_timeout(Some(SOON * 2)).unwrap();
        stream.write_all(&post("/secret", "", body)).unwrap();
        let began = Instant::now();
        let mut first = [0; 12];
        let read = stream.read_exact(&mut first);
        assert!(read.is_ok() && began.elapsed() < SOON * 2, "{case}: no answer after {:?}", began.elapsed());
        assert_eq!(&first, b"HTTP/1.1 403", "{case}");
    }
}

/// Most memory that the receiver had so far, in bytes.
fn peak(receiver: &Receiver) -> usize {
    let config = receiver.folder().join("receiver.toml");
    let started_with = |process: &Path| {
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word == config.as_os_str().as_encoded_bytes())
    };
    let mut processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let status = fs::read_to_string(processes.find(|process| started_with(process)).unwrap().join("status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn a_strangers_body_takes_no_more_memory_than_64_times_its_size() {
    let cases = [
        ("zeros", array_of("0")),
        ("empty arrays", array_of("[]")),
        ("empty objects", array_of("{}")),
        ("small objects", array_of("{\"\":0}")),
        ("objects in objects", array_of("{\"\":{}}")),
        ("doubled names below long ones", {
            below_long_names(LARGEST / 512, &format!("{{{}}}", vec!["\"\":0"; 100_000].join(",")))
        }),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(case, body)| {
            let receiver = start("");
            let before = peak(&receiver);
            let status = answer(receiver.address, post("/secret", "", body)).status;
            assert!([403, 422].contains(&status), "{case}: {status}");
            let more = peak(&receiver) - before;
            (more > 64 * body.len()).then(|| format!("{case}: a body of {} bytes takes {more} bytes", body.len()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
