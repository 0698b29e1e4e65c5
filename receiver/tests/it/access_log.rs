//! The access log: why a request was refused, where its fault is, and the payloads that are printed.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{PATIENCE, answer, post},
};

/// A line without what differs from run to run.
fn settled(mut line: Value) -> String {
    let line = line.as_object_mut().unwrap();
    for varying in ["timestamp", "level", "request_id", "duration_us", "address", "admin", "pid"] {
        line.shift_remove(varying);
    }
    if let Some(peer) = line.get_mut("peer") {
        let (ip, _) = peer.as_str().unwrap().rsplit_once(':').unwrap();
        *peer = format!("{ip}:PORT").into();
    }
    serde_json::to_string(line).unwrap()
}

#[test]
fn the_log_says_why_a_request_was_refused_and_where_its_fault_is() {
    let more = "[[endpoint]]\npath = \"/strict\"\nnonconforming = \"reject\"\n[limits]\nbody_bytes = 4096\n";
    let receiver = Receiver::start_with("canary-secret-91b2", "canary-password-4e", more);
    let long = format!("/{}", "x".repeat(5000));
    let head = |line: &str, headers: &str| format!("{line}\r\n{headers}\r\n").into_bytes();
    let requests: Vec<(&str, Vec<u8>, u16)> = vec![
        ("a wrong path", post("/hooks/flowingly?code=canary-key&x", "", "{}"), 404),
        ("a wrong path in absolute form", post("http://canary@x/%1b[2J?canary", "", "{}"), 404),
        ("a long path", post(&long, "", "{}"), 404),
        ("no Host", head("POST /none HTTP/1.1", "Content-Length: 0\r\n"), 400),
        ("a method", head("PUT /none HTTP/1.1", "Host: x\r\nContent-Length: 0\r\n"), 405),
        (
            "a media type",
            head("POST /none HTTP/1.1", "Host: x\r\nContent-Type: text/xml\r\nContent-Length: 0\r\n"),
            415,
        ),
        ("no media type", head("POST /none HTTP/1.1", "Host: x\r\nContent-Length: 0\r\n"), 415),
        ("a content coding", post("/none", "Content-Encoding: gzip\r\n", "{}"), 415),
        ("too long a body", post("/none", "", " ".repeat(4097)), 413),
        ("no JSON", post("/none", "", "{\"a\": 1,\n \"b\": oh}"), 400),
        ("a byte order mark", post("/none", "", "\u{feff}{}"), 400),
        ("an ambiguous name", post("/none", "", r#"{"flow":{},"flow":{}}"#), 400),
        ("no object", post("/none", "", "[1]"), 422),
        ("a broken rule", post("/strict", "", r#"{"trigger":"stepCompleted","canary":1}"#), 422),
        ("a wrong secret", post("/secret", "", r#"{"clientSecret":"canary-wrong"}"#), 403),
        ("a wrong password", post("/basic", "Authorization: Basic am86Y2FuYXJ5\r\n", "{}"), 401),
        ("a broken head", b"POST /none HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n".to_vec(), 400),
        ("a good one", post("/none", "", r#"{"trigger":"stepCompleted"}"#), 200),
    ];
    let mut seen = receiver.log().len();
    for (case, request, status) in &requests {
        assert_eq!(answer(receiver.address, request).status, *status, "{case}");
        // Each line is written before the next request, so that they are in this order.
        seen = receiver.logged(seen, "\"peer\":");
    }
    let lines: Vec<Value> = receiver.log_lines().into_iter().filter(|line| line.get("peer").is_some()).collect();
    assert_eq!(lines.len(), requests.len());
    let shown = requests.iter().zip(lines).map(|((case, ..), line)| format!("{case}:\n  {}", settled(line)));
    let shown = shown.collect::<Vec<_>>().join("\n");
    assert!(!shown.contains("canary"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn an_ipv4_peer_of_a_listener_on_ipv6_is_an_ipv4_address() {
    let toml = "listen = \"[::ffff:127.0.0.1]:0\"\ntrusted_proxies = [\"::ffff:10.0.0.0/104\", \"127.0.0.2\"]\n\
                [[endpoint]]\npath = \"/none\"\nauthentication = { type = \"none\" }\n";
    let receiver = Receiver::start(toml);
    let address = ([127, 0, 0, 1], receiver.address.port()).into();
    assert_eq!(answer(address, post("/none", "X-Forwarded-For: 203.0.113.5\r\n", r#"{"a":1}"#)).status, 200);
    receiver.logged(0, "\"accepted\"");
    let line = receiver.log_lines().into_iter().find(|line| line["verdict"] == "accepted").unwrap();
    assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
    assert_eq!(receiver.exported()[0]["peer"], "127.0.0.1");
}

#[test]
fn a_capturing_endpoint_that_others_reach_is_warned_of_at_the_check_and_at_every_start() {
    let open = "behind_tls_proxy = true\n[[endpoint]]\npath = \"/hooks\"\n";
    let secret = "authentication = { type = \"client-secret\", secret = \"file:secret\" }\n";
    for (case, toml, arguments, expected) in [
        ("configured", format!("{open}capture = true\n"), &[][..], "receiver.toml:5: `capture = true`: anyone"),
        ("with a secret", format!("{open}{secret}capture = true\n"), &[], "receiver.toml:5: `capture = true`: anyone"),
        ("asked for", format!("{open}{secret}"), &["--capture"], "--capture: anyone"),
        ("not public", format!("{}capture = true\n", open.replace("true", "false")), &[], ""),
        ("not capturing", format!("{open}{secret}"), &[], ""),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("secret"), "canary-secret-91b2").unwrap();
        let receiver = Receiver::start_with_arguments_in(folder.path(), &toml, arguments);
        receiver.logged(0, "\"listening\"");
        let warnings: Vec<String> = receiver
            .log_lines()
            .iter()
            .filter(|line| line["level"] == "WARN")
            .map(|line| line["message"].as_str().unwrap().to_owned())
            .collect();
        let warned =
            warnings.iter().any(|warning| warning.contains(expected) && warning.contains("gets 200 unchecked"));
        assert_eq!(warned, !expected.is_empty(), "{case}: {warnings:?}");
        // Asked for when it starts, it is not in the file.
        if arguments.is_empty() {
            let check = receiver.command(&["check-config"]);
            let said = String::from_utf8(check.stderr).unwrap();
            assert_eq!(said.contains("gets 200 unchecked"), !expected.is_empty(), "{case}: {said}");
        }
    }
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
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&post("/none", "", &body)).unwrap();
        let mut first = [0; 12];
        let read = stream.read_exact(&mut first);
        assert!(read.is_ok() && &first == b"HTTP/1.1 200", "message {number}: {read:?}");
    }
}

struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // One that has ended is as good as killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
