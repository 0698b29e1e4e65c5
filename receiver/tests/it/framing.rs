//! Framing that two programs may read differently is refused: that is how requests are smuggled through a proxy.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::{
    program::Receiver,
    raw_client::{Raw, post},
};

/// Far above what anything here may take; a busy machine is no failure.
const SOON: Duration = Duration::from_secs(20);
const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";
const HOST_AND_TYPE: &str = "Host: x\r\nContent-Type: application/json\r\n";
const MESSAGE: &str = r#"{"a":1}"#;
const CHUNKED_MESSAGE: &str = "7\r\n{\"a\":1}\r\n0\r\n\r\n";

fn chunked() -> String {
    format!("POST /none HTTP/1.1\r\n{HOST_AND_TYPE}Transfer-Encoding: chunked\r\n\r\n{CHUNKED_MESSAGE}")
}

/// Its head was read with the request before it, so nobody can tell whether it named two lengths.
#[test]
fn a_chunked_message_that_follows_at_once_is_refused_and_one_that_waits_is_taken() {
    let receiver = Receiver::start(ENDPOINT);
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
    let receiver = Receiver::start(ENDPOINT);
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
    let receiver = Receiver::start(ENDPOINT);
    let with = |line: &str, headers: &str, body: &str| format!("{line}\r\n{headers}\r\n{body}").into_bytes();
    let line = "POST /none HTTP/1.1";
    let coded = |coding: &str| with(line, &format!("{HOST_AND_TYPE}{coding}"), CHUNKED_MESSAGE);
    let lengthy = |length: &str| with(line, &format!("{HOST_AND_TYPE}{length}"), MESSAGE);
    let chunk = |chunks: &str| with(line, &format!("{HOST_AND_TYPE}Transfer-Encoding: chunked\r\n"), chunks);
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        (
            "two lengths behind empty lines",
            with(
                "\r\n\r\nPOST /none HTTP/1.1",
                &format!("{HOST_AND_TYPE}Content-Length: 7\r\nTransfer-Encoding: chunked\r\n"),
                CHUNKED_MESSAGE,
            ),
            &[400],
        ),
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
