//! What an attacker tries, and what breaks a careful peer: answers that say too much, small requests that cost much,
//! connections that get stuck, framing that two programs read differently, a start after damage.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    program::Receiver,
    raw::{Answer, Raw, post},
};

const SECRET: &str = "canary-secret-91b2";
/// The largest body that is taken by default.
const LARGEST: usize = 4 << 20;
/// Far above what anything here may take; a busy machine is no failure.
const SOON: Duration = Duration::from_secs(5);

fn start(more: &str) -> (TempDir, Receiver) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("secret"), SECRET).unwrap();
    let endpoints = r#"
        [[endpoint]]
        path = "/none"
        [[endpoint]]
        path = "/secret"
        authentication = { type = "client-secret", secret = "file:secret" }
        [[endpoint]]
        path = "/basic"
        authentication = { type = "basic", username = "jo", password = "file:secret" }
    "#;
    let receiver = Receiver::start_in(folder.path(), &format!("{more}{endpoints}"), &[]);
    (folder, receiver)
}

fn answer(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut raw = Raw::connect(address);
    raw.send(request);
    raw.answer().unwrap()
}

const HOST_AND_TYPE: &str = "Host: x\r\nContent-Type: application/json\r\n";
const MESSAGE: &str = r#"{"a":1}"#;
const CHUNKED_MESSAGE: &str = "7\r\n{\"a\":1}\r\n0\r\n\r\n";

fn chunked() -> String {
    format!("POST /none HTTP/1.1\r\n{HOST_AND_TYPE}Transfer-Encoding: chunked\r\n\r\n{CHUNKED_MESSAGE}")
}

// Answers that say too much.

#[test]
fn an_error_answer_never_repeats_a_name_or_a_value_of_the_message() {
    let (_folder, receiver) = start("");
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
    let (_folder, receiver) = start("");
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
    let (_folder, receiver) = start("");
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
            let (_folder, receiver) = start("");
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
    let (_folder, receiver) = start("");
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
    let (_folder, receiver) = start("");
    for (case, path, status) in [("too large", "/none", 413), ("no such path", "/other", 404)] {
        let mut raw = Raw::connect(receiver.address);
        let sent = raw.try_send(&post(path, "", " ".repeat(LARGEST + (1 << 20))));
        assert!(sent, "{case}: to this client it looks like a fault of the network");
        assert_eq!(raw.answer().map(|answer| answer.status), Some(status), "{case}");
    }
}

#[test]
fn an_answer_after_which_the_connection_ends_says_so() {
    let (_folder, receiver) = start("");
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
fn a_full_receiver_takes_the_next_client_as_soon_as_another_one_is_idle() {
    let (_folder, receiver) = start("[limits]\nconnections = 4\n");
    let head = format!("POST /none HTTP/1.1\r\n{HOST_AND_TYPE}Content-Length: 7\r\nExpect: 100-continue\r\n\r\n");
    let mut busy: Vec<Raw> = (0..4).map(|_| Raw::connect(receiver.address)).collect();
    for raw in &mut busy {
        raw.send(&head);
        assert_eq!(raw.answer().unwrap().status, 100);
    }
    let mut next = TcpStream::connect(receiver.address).unwrap();
    next.set_read_timeout(Some(SOON)).unwrap();
    next.write_all(&post("/none", "", MESSAGE)).unwrap();
    // The first client is answered only after the next one came, and stays connected, idle.
    for raw in &mut busy {
        raw.send(MESSAGE);
        assert_eq!(raw.answer().unwrap().status, 200);
    }
    let mut first = [0; 12];
    let read = next.read_exact(&mut first);
    assert!(read.is_ok() && &first == b"HTTP/1.1 200", "it waits although four connections are idle: {read:?}");
}

#[test]
fn half_a_head_does_not_hold_up_the_end() {
    let (_folder, receiver) = start("[limits]\nheader_timeout = \"20s\"\n");
    let mut half = Raw::connect(receiver.address);
    half.send("POST /none HTTP/1.1\r\nHost: x\r\n");
    // When another client has its answer, the half head has been read.
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let began = Instant::now();
    assert!(receiver.terminate().success());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

// Framing.

/// Its head was read with the request before it, so nobody can tell whether it named two lengths.
#[test]
fn a_chunked_message_that_follows_at_once_is_refused_and_one_that_waits_is_taken() {
    let (_folder, receiver) = start("");
    let mut raw = Raw::connect(receiver.address);
    raw.send([post("/none", "", MESSAGE), chunked().into_bytes()].concat());
    let statuses: Vec<Option<u16>> = (0..2).map(|_| raw.answer().map(|answer| answer.status)).collect();
    assert_eq!(statuses, [Some(200), Some(400)]);
    let mut raw = Raw::connect(receiver.address);
    for request in [post("/none", "", MESSAGE), chunked().into_bytes()] {
        raw.send(request);
        assert_eq!(raw.answer().unwrap().status, 200);
    }
}

#[test]
fn two_lengths_are_refused_wherever_the_head_was_cut() {
    let (_folder, receiver) = start("");
    let lengths = format!(
        "POST /none HTTP/1.1\r\nContent-Length: 7\r\n{HOST_AND_TYPE}Transfer-Encoding: chunked\r\n\r\n{CHUNKED_MESSAGE}"
    );
    let cut = lengths.find("Host").unwrap();
    let mut raw = Raw::connect(receiver.address);
    raw.send([post("/none", "", MESSAGE), lengths.as_bytes()[..cut].to_vec()].concat());
    assert_eq!(raw.answer().unwrap().status, 200);
    raw.send(&lengths[cut..]);
    assert_eq!(raw.answer().unwrap().status, 400);
}

#[test]
fn what_two_programs_may_read_differently_is_refused() {
    let (_folder, receiver) = start("");
    let with = |line: &str, headers: &str, body: &str| format!("{line}\r\n{headers}\r\n{body}").into_bytes();
    let line = "POST /none HTTP/1.1";
    let coded = |coding: &str| with(line, &format!("{HOST_AND_TYPE}{coding}"), CHUNKED_MESSAGE);
    let lengthy = |length: &str| with(line, &format!("{HOST_AND_TYPE}{length}"), MESSAGE);
    let chunk = |chunks: &str| with(line, &format!("{HOST_AND_TYPE}Transfer-Encoding: chunked\r\n"), chunks);
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("a coding before chunked", coded("Transfer-Encoding: gzip, chunked\r\n"), &[400, 501]),
        ("chunked twice", coded("Transfer-Encoding: chunked, chunked\r\n"), &[400]),
        ("chunked twice, on two lines", coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), &[400]),
        ("chunked, then identity", coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), &[400]),
        ("identity", coded("Transfer-Encoding: identity\r\n"), &[400, 501]),
        ("a coding that ends like chunked", coded("Transfer-Encoding: xchunked\r\n"), &[400, 501]),
        ("a space before the colon", coded("Transfer-Encoding : chunked\r\n"), &[400]),
        (
            "chunked in HTTP/1.0",
            with("POST /none HTTP/1.0", &format!("{HOST_AND_TYPE}Transfer-Encoding: chunked\r\n"), CHUNKED_MESSAGE),
            &[400],
        ),
        ("a length with a sign", lengthy("Content-Length: +7\r\n"), &[400]),
        ("a negative length", lengthy("Content-Length: -7\r\n"), &[400]),
        ("a hexadecimal length", lengthy("Content-Length: 0x7\r\n"), &[400]),
        ("an empty length", lengthy("Content-Length: \r\n"), &[400]),
        ("a list of lengths", lengthy("Content-Length: 7, 8\r\n"), &[400]),
        ("a length beyond 64 bits", lengthy("Content-Length: 99999999999999999999999\r\n"), &[400, 413]),
        ("the greatest length of 64 bits", lengthy("Content-Length: 18446744073709551615\r\n"), &[413, 431]),
        ("a folded line", lengthy("X: a\r\n b\r\nContent-Length: 7\r\n"), &[400]),
        ("a carriage return alone", lengthy("X: a\rContent-Length: 8\r\nContent-Length: 7\r\n"), &[400]),
        ("a null character", lengthy("X: a\0\r\nContent-Length: 7\r\n"), &[400]),
        ("two content types", lengthy("Content-Type: text/plain\r\nContent-Length: 7\r\n"), &[400, 415]),
        ("a chunk length with 0x", chunk("0x7\r\n{\"a\":1}\r\n0\r\n\r\n"), &[400]),
        ("a negative chunk length", chunk("-7\r\n{\"a\":1}\r\n0\r\n\r\n"), &[400]),
        ("a chunk length beyond 64 bits", chunk("ffffffffffffffff1\r\n{\"a\":1}"), &[400, 413]),
        ("a chunk that goes on", chunk("7\r\n{\"a\":1}XX0\r\n\r\n"), &[400]),
        ("chunks in bare line feeds", chunk("7\n{\"a\":1}\n0\n\n"), &[400]),
        ("a space in the target", post("/no ne", "", MESSAGE), &[400]),
        ("two spaces", with("POST  /none HTTP/1.1", &format!("{HOST_AND_TYPE}Content-Length: 7\r\n"), MESSAGE), &[400]),
        ("no version", with("POST /none", &format!("{HOST_AND_TYPE}Content-Length: 7\r\n"), MESSAGE), &[400]),
        (
            "HTTP/2.0 in a line",
            with("POST /none HTTP/2.0", &format!("{HOST_AND_TYPE}Content-Length: 7\r\n"), MESSAGE),
            &[400, 505],
        ),
        (
            "a Host that is none",
            with(line, "Host: a b/c\r\nContent-Type: application/json\r\nContent-Length: 7\r\n", MESSAGE),
            &[400],
        ),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\r\n\r\n".to_vec(), &[400]),
        ("too many fields", lengthy(&format!("{}Content-Length: 7\r\n", "X: y\r\n".repeat(200))), &[431]),
        ("too long a head", lengthy(&format!("X: {}\r\nContent-Length: 7\r\n", "y".repeat(70_000))), &[431]),
        ("too long a target", post(&format!("/none?{}", "y".repeat(70_000)), "", MESSAGE), &[414, 431]),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(case, request, expected)| {
            let mut stream = TcpStream::connect(receiver.address).unwrap();
            stream.set_read_timeout(Some(SOON)).unwrap();
            // Whoever is refused early may be cut off.
            let _ = stream.write_all(request);
            let mut first = [0; 12];
            let status = stream.read_exact(&mut first).ok().map(|()| String::from_utf8_lossy(&first[9..]).into_owned());
            let right = status.as_ref().is_some_and(|status| expected.iter().any(|one| one.to_string() == *status));
            (!right).then(|| format!("{case}: {status:?}, not {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// Around it.

#[test]
fn a_reader_of_stdout_that_stops_does_not_stop_the_receiver() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("receiver.toml");
    let text = "listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\nlog_payloads = true\n[[endpoint]]\npath = \"/none\"\n";
    fs::write(&config, text).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"))
        .args(["serve", "--config"])
        .arg(&config)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = KilledOnDrop(child);
    // Held open, and not read any further: a terminal that was stopped with Ctrl-S.
    let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    let address: SocketAddr = first["Listening on http://".len()..].split('/').next().unwrap().parse().unwrap();
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(4000));
    for number in 0..60 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(&post("/none", "", &body)).unwrap();
        let mut first = [0; 12];
        let read = stream.read_exact(&mut first);
        assert!(read.is_ok() && &first == b"HTTP/1.1 200", "message {number}: {read:?}");
    }
}

struct KilledOnDrop(std::process::Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // One that has ended is as good as killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_damaged_index_is_made_anew_and_does_not_keep_the_receiver_from_starting() {
    let (folder, receiver) = start("");
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    receiver.kill();
    for file in ["index.sqlite-wal", "index.sqlite-shm"] {
        // The one that a kill leaves, if it left one.
        let _ = fs::remove_file(folder.path().join("data").join(file));
    }
    fs::write(folder.path().join("data/index.sqlite"), "no database".repeat(1000)).unwrap();
    let receiver = Receiver::start_in(folder.path(), "[[endpoint]]\npath = \"/none\"\n", &[]);
    let listed = receiver.command(&["messages", "list", "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[test]
#[ignore = "needs strace"]
fn every_folder_that_is_made_is_synced_into_its_parent_before_the_first_answer() {
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace");
    let calls = "trace=mkdir,fsync,sendto,writev";
    let prefix = ["strace", "-f", "-qq", "-y", "-s", "200", "-o", trace.to_str().unwrap(), "-e", calls];
    let receiver = Receiver::start_in(folder.path(), "[[endpoint]]\npath = \"/none\"\n", &prefix);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    receiver.terminate();
    let trace = fs::read_to_string(&trace).unwrap();
    let before: Vec<&str> = trace.lines().take_while(|line| !line.contains("HTTP/1.1 200")).collect();
    for (made, parent) in [("data", folder.path().to_owned()), ("log", folder.path().join("data"))] {
        let making = before.iter().position(|line| line.contains("mkdir(") && line.contains(&format!("/{made}\"")));
        let making = making.unwrap_or_else(|| panic!("{made} is not made: {trace}"));
        let sync = format!("<{}>", parent.display());
        let synced = before[making..].iter().any(|line| line.contains("fsync(") && line.contains(&sync));
        assert!(synced, "after a power cut the folder {made} may be gone, with all that was acknowledged");
    }
}
