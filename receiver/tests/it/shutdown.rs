//! The end: told once it waits for what has begun, but not for ever; told twice it does not wait.

use std::{fs, net::SocketAddr, time::Instant};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{PATIENCE, Raw, answer, post},
};

const MESSAGE: &str = r#"{"a":1}"#;
const BEGUN: &str = "POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n";
const NONE: &str = "admin = \"127.0.0.1:0\"\n[[endpoint]]\npath = \"/none\"\n";

/// A receiver that has stored one message and waits for the body of another.
fn begun(more: &str) -> (TempDir, Receiver, Raw) {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), &format!("{NONE}{more}"), &[]);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let mut raw = Raw::connect(receiver.address);
    raw.send(BEGUN);
    assert_eq!(raw.answer().unwrap().status, 100);
    (folder, receiver, raw)
}

fn readiness(admin: SocketAddr) -> (u16, String) {
    let answer = answer(admin, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    (answer.status, String::from_utf8(answer.body).unwrap())
}

fn wait_until_draining(receiver: &Receiver) {
    let (admin, began) = (receiver.admin(), Instant::now());
    while readiness(admin).0 == 200 {
        assert!(began.elapsed() < PATIENCE);
    }
}

#[test]
fn while_it_waits_it_says_that_it_is_not_ready() {
    let (folder, receiver, mut raw) = begun("");
    let admin = receiver.admin();
    receiver.ask_to_end();
    wait_until_draining(&receiver);
    let (status, said) = readiness(admin);
    assert_eq!((status, said.as_str()), (503, "{\"ready\":false,\"log\":\"ok\",\"index\":\"ok\",\"draining\":true}\n"));
    raw.send(MESSAGE);
    assert_eq!(raw.answer().unwrap().status, 200);
    assert_eq!(receiver.ended().code(), Some(0));
    let log = fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    assert!(log.contains("stopped; all acknowledged messages are on disk"), "{log}");
}

#[test]
fn it_waits_no_longer_than_drain_timeout_and_says_what_it_cut() {
    let (folder, receiver, mut raw) = begun("[limits]\ndrain_timeout = \"300ms\"\n");
    receiver.ask_to_end();
    assert!(raw.is_closed());
    assert_eq!(receiver.ended().code(), Some(3));
    let log = fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    let cut = "error: 1 connection did not finish within drain_timeout, 300ms; all acknowledged messages are on disk\n";
    assert!(log.ends_with(cut), "{log}");
    let receiver = Receiver::start_in(folder.path(), NONE, &[]);
    assert_eq!(receiver.exported().len(), 1);
}

#[test]
fn told_a_second_time_it_waits_for_nothing() {
    let (folder, receiver, mut raw) = begun("[limits]\ndrain_timeout = \"1h\"\nbody_timeout = \"1h\"\n");
    receiver.ask_to_end();
    wait_until_draining(&receiver);
    receiver.ask_to_end();
    assert!(raw.is_closed());
    assert_eq!(receiver.ended().code(), Some(3));
    let log = fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    assert!(
        log.ends_with(
            "error: stopped without waiting after a second stop signal; all acknowledged messages are on disk\n"
        ),
        "{log}"
    );
    let receiver = Receiver::start_in(folder.path(), NONE, &[]);
    assert_eq!(receiver.exported().len(), 1);
}
