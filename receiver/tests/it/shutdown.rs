//! Shutdown: the first stop signal waits for requests that have begun, up to a limit; the second one does not wait.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    thread,
    time::Instant,
};

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

#[test]
fn what_has_begun_when_the_end_comes_is_answered_and_stored() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), NONE, &[]);
    let mut raw = Raw::connect(receiver.address);
    raw.send(BEGUN);
    assert_eq!(raw.answer().unwrap().status, 100);
    let address = receiver.address;
    let ending = thread::spawn(move || receiver.terminate());
    // When nobody listens any more, the end has begun.
    while TcpStream::connect(address).is_ok() {
        assert!(!ending.is_finished(), "it ended before the request did");
    }
    raw.send(MESSAGE);
    let acknowledged = raw.answer().unwrap();
    assert_eq!(acknowledged.status, 200);
    assert!(raw.is_closed());
    assert!(ending.join().unwrap().success());
    let receiver = Receiver::start_in(folder.path(), NONE, &[]);
    assert_eq!(receiver.exported()[0]["id"], acknowledged.json()["id"]);
}

#[test]
fn half_a_head_does_not_hold_up_the_end() {
    let receiver = Receiver::start(&format!("{NONE}[limits]\nheader_timeout = \"1h\"\n"));
    let mut half = Raw::connect(receiver.address);
    half.send("POST /none HTTP/1.1\r\nHost: x\r\n");
    // When another client has its answer, the half head has been read.
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let began = Instant::now();
    assert!(receiver.terminate().success());
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}
