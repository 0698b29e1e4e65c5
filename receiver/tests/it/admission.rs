//! What a receiver takes in at a time is bounded, and who finds no room hears so. Also whom it takes for the sender.

use std::fs;

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Answer, Raw, answer, post},
};

const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";

fn head(length: usize) -> String {
    format!(
        "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    )
}

fn message(length: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8))
}

/// A message of this length that has come but for its last byte, and the refusal of another one for which there is no
/// room beside it. Where the two met and the first was refused, there is a next time.
fn stalled(receiver: &Receiver, body: &str) -> (Raw, Answer) {
    for _ in 0..100 {
        let mut stalled = Raw::connect(receiver.address);
        stalled.send(post("/none", "", body).strip_suffix(b"}").unwrap());
        for _ in 0..20 {
            let answer = answer(receiver.address, post("/none", "", body));
            if answer.status == 503 {
                return (stalled, answer);
            }
            assert_eq!(answer.status, 200);
        }
    }
    panic!("both have room")
}

#[test]
fn bodies_beyond_the_room_for_all_of_them_are_refused_until_there_is_room_again() {
    let receiver = Receiver::start(&format!("[limits]\nbody_bytes = 1000\nbodies_bytes = 1500\n{ENDPOINT}"));
    let mut announced = Raw::connect(receiver.address);
    announced.send(head(1000));
    assert_eq!(announced.answer().unwrap().status, 100);
    // What is only announced takes no room.
    assert_eq!(answer(receiver.address, post("/none", "", message(1000))).status, 200);

    let (mut first, refused) = stalled(&receiver, &message(1000));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json()["code"], "overloaded");
    assert_eq!(answer(receiver.address, post("/none", "", message(400))).status, 200, "a smaller one fits");
    first.send("}");
    assert_eq!(first.answer().unwrap().status, 200);
    assert_eq!(answer(receiver.address, post("/none", "", message(1000))).status, 200);

    // One that hangs up in the middle gives back what it had.
    let (gone, _) = stalled(&receiver, &message(1000));
    drop(gone);
    assert!((0..1000).any(|_| answer(receiver.address, post("/none", "", message(1000))).status == 200));
}

#[test]
fn requests_beyond_their_number_are_refused_before_their_body() {
    let receiver = Receiver::start(&format!("[limits]\nrequests = 1\n{ENDPOINT}"));
    let mut stalled = Raw::connect(receiver.address);
    stalled.send(head(100));
    assert_eq!(stalled.answer().unwrap().status, 100);
    let mut other = Raw::connect(receiver.address);
    other.send(head(100));
    let refused = other.answer().unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(refused.json()["code"], "overloaded");
    stalled.send(message(100));
    assert_eq!(stalled.answer().unwrap().status, 200);
    assert_eq!(answer(receiver.address, post("/none", "", message(100))).status, 200);
}

/// The rest of a refused body is read, since the client sends it before it listens, and thrown away.
#[test]
fn what_was_refused_takes_no_memory() {
    let receiver = Receiver::start(ENDPOINT);
    let refused = post("/other", "", " ".repeat(4 << 20));
    let mut kept: Vec<Raw> = Vec::new();
    for _ in 0..40 {
        let mut raw = Raw::connect(receiver.address);
        raw.send(&refused);
        assert_eq!(raw.answer().unwrap().status, 404);
        raw.send(post("/none", "", message(10)));
        assert_eq!(raw.answer().unwrap().status, 200, "the connection goes on");
        kept.push(raw);
    }
    let resident = receiver.resident();
    assert!(resident < 100 << 10, "{resident} KiB for 160 MiB that were refused");
}

#[test]
fn a_body_in_single_bytes_is_stored_as_it_came() {
    let receiver = Receiver::start(ENDPOINT);
    let body = message(3000);
    let chunks: String = body.chars().map(|byte| format!("1\r\n{byte}\r\n")).collect();
    let chunked = format!(
        "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    );
    assert_eq!(answer(receiver.address, chunked).status, 200);
    assert_eq!(receiver.exported()[0]["body"], body);
}

#[test]
fn a_head_that_cannot_be_read_is_refused_and_the_connection_closed() {
    let receiver = Receiver::start(&format!("[limits]\nheader_bytes = 8192\n{ENDPOINT}"));
    let many: String = (0..101).map(|number| format!("x-{number}: 1\r\n")).collect();
    for (case, request, status) in [
        ("no request line", "hello\r\n\r\n".to_owned(), 400),
        ("no field", "POST /none HTTP/1.1\r\nHost x\r\n\r\n".to_owned(), 400),
        ("many fields", format!("POST /none HTTP/1.1\r\nHost: x\r\n{many}\r\n"), 431),
        ("a long field", format!("POST /none HTTP/1.1\r\nHost: x\r\nx: {}\r\n\r\n", "x".repeat(9000)), 431),
    ] {
        for after_a_good_one in [false, true] {
            let mut raw = Raw::connect(receiver.address);
            if after_a_good_one {
                raw.send(post("/none", "", message(10)));
                assert_eq!(raw.answer().unwrap().status, 200, "{case}");
            }
            raw.send(&request);
            assert_eq!(raw.answer().unwrap().status, status, "{case}");
            assert!(raw.is_closed(), "{case}");
        }
    }
}

#[test]
fn only_a_trusted_proxy_says_whom_a_message_comes_from() {
    for (case, trusted, expected) in
        [("trusted", "127.0.0.0/8", "203.0.113.5"), ("a stranger", "10.0.0.0/8", "127.0.0.1")]
    {
        let folder = TempDir::new().unwrap();
        let toml = format!("behind_tls_proxy = true\ntrusted_proxies = [\"{trusted}\"]\n{ENDPOINT}");
        let receiver = Receiver::start_in(folder.path(), &toml, &[]);
        let fields = "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 203.0.113.5, 127.0.0.2\r\n";
        let id = answer(receiver.address, post("/none", fields, message(10))).json()["id"].as_str().unwrap().to_owned();
        let shown = receiver.command(&["messages", "show", &id]);
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains(&format!("from {expected}\n")), "{case}: {shown}");
        receiver.terminate();
        let log = fs::read_to_string(folder.path().join("stderr.log")).unwrap();
        let line = log.lines().find(|line| line.contains("accepted")).unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["peer"].as_str().unwrap().starts_with(expected), "{case}: {line}");
        assert_eq!(line["proxy"].is_string(), case == "trusted", "{line}");
    }
}
